/* Rows of roles; see the header. */
#include "access/rights/custom_roles.h"

#include "access/people/names.h"
#include "access/rights/delegation.h"
#include "access/rights/roles.h"
#include "base/error.h"
#include "base/json.h"
#include "jobs/outbox.h"

void
role_row_free(RoleRow *row)
{
  if (row == NULL)
    return;
  g_free(row->name);
  g_strfreev(row->verbs);
  g_free(row->description);
  g_free(row->created_by);
  g_free(row);
}

/* --- reading --- */

static char **
verb_words(VerbSet verbs)
{
  g_autofree char *text = verbs_text(verbs);
  return *text == '\0' ? g_new0(char *, 1) : g_strsplit(text, ",", -1);
}

static RoleRow *
row_of_built_in(const Role *role)
{
  RoleRow *row = g_new0(RoleRow, 1);
  row->name = g_strdup(role->name);
  row->verbs = verb_words(role->verbs);
  row->description = g_strdup(role->says);
  row->built_in = true;
  return row;
}

#define ROLE_SELECT "SELECT name, verbs, description, created, created_by FROM roles "

static RoleRow *
take(SqlRows *rows)
{
  RoleRow *row = g_new0(RoleRow, 1);
  row->name = g_strdup(sql_rows_text(rows, 0));
  row->verbs = verb_words(verbs_parse(sql_rows_text(rows, 1)));
  row->description = g_strdup(sql_rows_text(rows, 2));
  row->created = sql_rows_integer(rows, 3);
  row->created_by = g_strdup(sql_rows_text(rows, 4));
  return row;
}

GPtrArray *
roles_list(Access *access, GError **error)
{
  g_autoptr(SqlConnection) db = sql_acquire(access_sql(access), error);
  if (db == NULL)
    return NULL;
  g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func((GDestroyNotify)role_row_free);
  for (const Role *role = built_in_roles; role->name != NULL; role++)
    g_ptr_array_add(list, row_of_built_in(role));
  g_autoptr(SqlRows) rows = sql_query(db, error, ROLE_SELECT "ORDER BY name", SQL_END);
  Found found;
  while ((found = sql_next(rows, error)) == FOUND)
    g_ptr_array_add(list, take(rows));
  return found == FAILED ? NULL : g_steal_pointer(&list);
}

static RoleRow *
find(SqlConnection *db, const char *name, GError **error)
{
  g_autoptr(SqlRows) rows = NULL;
  Found found =
      sql_first(db, &rows, error, ROLE_SELECT "WHERE name = $1 " SQL_LOCK, SQL_TEXT(name), SQL_END);
  if (found == ABSENT)
    error_set(error, ASSAY_ERROR_NOT_FOUND,
              built_in_role(name) != NULL ? "the role %s is built in, and never changes"
                                          : "there is no role %s",
              name);
  return found == FOUND ? take(rows) : NULL;
}

RoleRow *
role_get(Access *access, const char *name, GError **error)
{
  const Role *role = built_in_role(name);
  if (role != NULL)
    return row_of_built_in(role);
  g_autoptr(SqlConnection) db = sql_acquire(access_sql(access), error);
  if (db == NULL)
    return NULL;
  g_autoptr(SqlRows) rows = NULL;
  Found found = sql_first(db, &rows, error, ROLE_SELECT "WHERE name = $1", SQL_TEXT(name), SQL_END);
  if (found == ABSENT)
    error_set(error, ASSAY_ERROR_NOT_FOUND, "there is no role %s", name);
  return found == FOUND ? take(rows) : NULL;
}

/* --- changes --- */

typedef struct {
  const AccessRules *rules;
  const Principal *by;
  const char *name, *description;
  bool sets_verbs;
  VerbSet verbs;
} Change;

static bool
read_verbs(const char *const *words, VerbSet *verbs, GError **error)
{
  *verbs = 0;
  for (const char *const *word = words; *word != NULL; word++) {
    Verb verb;
    g_autofree char *all = verbs_text(VERBS_ALL);
    if (!verb_find(*word, &verb))
      return error_set(error, ASSAY_ERROR_INVALID, "\"%s\" is no verb; there are %s", *word, all);
    *verbs |= VERB_BIT(verb);
  }
  return *verbs != 0 || error_set(error, ASSAY_ERROR_INVALID, "a role needs at least one verb");
}

static bool
may_set(const Change *change, VerbSet verbs, GError **error)
{
  const Binding all = {.verbs = verbs, .pattern = (char *)(uintptr_t) "*"};
  return access_may_give(change->rules, change->by, &all, g_get_real_time(), error);
}

static bool
tell(SqlConnection *db, const char *type, const Change *change, GError **error)
{
  g_autoptr(json_t) data = json_object();
  g_autofree char *verbs = verbs_text(change->verbs);
  if (change->sets_verbs)
    json_set_string(data, "verbs", verbs);
  json_set_string(data, "description", change->description);
  return event_tell(db, type, change->name, data, error);
}

static bool
check_new(SqlConnection *db, const char *name, GError **error)
{
  int64_t count = 0;
  g_autoptr(SqlRows) same = NULL;
  g_autoptr(SqlRows) rows = sql_query(db, error, "SELECT COUNT(*) FROM roles", SQL_END);
  if (!sql_number(rows, &count, error))
    return false;
  Found found =
      sql_first(db, &same, error, "SELECT 1 FROM roles WHERE name = $1", SQL_TEXT(name), SQL_END);
  if (found == FOUND || built_in_role(name) != NULL)
    return error_set(error, ASSAY_ERROR_EXISTS, "there is a role %s already", name);
  if (found == ABSENT && count >= ROLES_MOST)
    return error_set(error, ASSAY_ERROR_LIMIT, "there are %u roles already; delete one first",
                     ROLES_MOST);
  return found == ABSENT;
}

static bool
create(SqlConnection *db, void *data, GError **error)
{
  const Change *change = data;
  g_autofree char *verbs = verbs_text(change->verbs);
  return access_changed(db, error) && check_new(db, change->name, error) &&
         may_set(change, change->verbs, error) &&
         sql_run(db, NULL, error,
                 "INSERT INTO roles (name, verbs, description, created, created_by) "
                 "VALUES ($1, $2, $3, $4, $5)",
                 SQL_TEXT(change->name), SQL_TEXT(verbs), SQL_TEXT(change->description),
                 SQL_INTEGER(g_get_real_time()), SQL_TEXT(change->by->name), SQL_END) &&
         tell(db, "role.created", change, error);
}

/* Who takes verbs from a role must be able to give what it had. */
static bool
change_role(SqlConnection *db, void *data, GError **error)
{
  const Change *change = data;
  if (!access_changed(db, error))
    return false;
  g_autoptr(RoleRow) old = find(db, change->name, error);
  if (old == NULL)
    return false;
  g_autofree char *joined = g_strjoinv(",", old->verbs), *verbs = verbs_text(change->verbs);
  const char *description = change->description != NULL ? change->description : old->description;
  return may_set(change, verbs_parse(joined) | change->verbs, error) &&
         sql_run(db, NULL, error, "UPDATE roles SET verbs = $2, description = $3 WHERE name = $1",
                 SQL_TEXT(change->name), SQL_TEXT(change->sets_verbs ? verbs : joined),
                 SQL_TEXT(description), SQL_END) &&
         tell(db, "role.changed", change, error);
}

static bool
check_unused(SqlConnection *db, const char *name, GError **error)
{
  g_autoptr(SqlRows) rows = NULL;
  Found found = sql_first(db, &rows, error, "SELECT id FROM bindings WHERE role = $1 ORDER BY id",
                          SQL_TEXT(name), SQL_END);
  if (found == FOUND)
    error_set(error, ASSAY_ERROR_EXISTS,
              "grant %" G_GINT64_FORMAT " gives the role %s; delete its grants first",
              sql_rows_integer(rows, 0), name);
  return found == ABSENT;
}

static bool delete (SqlConnection *db, void *data, GError **error)
{
  const Change *change = data;
  if (!access_changed(db, error))
    return false;
  g_autoptr(RoleRow) old = find(db, change->name, error);
  return old != NULL && may_set(change, 0, error) && check_unused(db, change->name, error) &&
         sql_run(db, NULL, error, "DELETE FROM roles WHERE name = $1", SQL_TEXT(change->name),
                 SQL_END) &&
         tell(db, "role.deleted", change, error);
}

static bool
run(Access *access, SqlWork work, Change *change, GError **error)
{
  g_autoptr(AccessRules) rules = access_rules(access, error);
  change->rules = rules;
  if (rules == NULL || !account_text_check("the description", change->description, error) ||
      !sql_transact(access_sql(access), work, change, error))
    return false;
  access_forget(access);
  return true;
}

bool
roles_create(Access *access, const Principal *by, const char *name, const char *const *verbs,
             const char *description, GError **error)
{
  Change change = {.by = by, .name = name, .description = description, .sets_verbs = true};
  return account_name_check("a role", name, error) && read_verbs(verbs, &change.verbs, error) &&
         run(access, create, &change, error);
}

bool
roles_change(Access *access, const Principal *by, const char *name, const char *const *verbs,
             const char *description, GError **error)
{
  Change change = {.by = by, .name = name, .description = description, .sets_verbs = verbs != NULL};
  return (verbs == NULL || read_verbs(verbs, &change.verbs, error)) &&
         run(access, change_role, &change, error);
}

bool
roles_delete(Access *access, const Principal *by, const char *name, GError **error)
{
  Change change = {.by = by, .name = name};
  return run(access, delete, &change, error);
}
