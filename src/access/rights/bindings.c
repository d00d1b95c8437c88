/* Rows of bindings; see the header. */
#include "access/rights/bindings.h"

#include <string.h>

#include "access/people/names.h"
#include "access/rights/administrators.h"
#include "access/rights/delegation.h"
#include "access/rights/roles.h"
#include "base/enum_names.h"
#include "base/error.h"
#include "base/json.h"
#include "jobs/outbox.h"

const char *const subject_kind_names[] = {[SUBJECT_PRINCIPAL] = "principal",
                                          [SUBJECT_TEAM] = "team",
                                          [SUBJECT_EVERYONE] = "everyone",
                                          [SUBJECT_ANONYMOUS] = "anonymous",
                                          NULL};

#define TAGS_MAX 128u
/* What may be opened to those who are not logged in: reading. */
#define OPEN_TO_ALL (VERB_BIT(VERB_PULL) | VERB_BIT(VERB_LIST) | VERB_BIT(VERB_READ_FINDINGS))

void
binding_row_clear(BindingRow *row)
{
  binding_clear(&row->binding);
  g_free(row->created_by);
  *row = (BindingRow){0};
}

void
binding_row_free(BindingRow *row)
{
  binding_row_clear(row);
  g_free(row);
}

/* --- reading --- */

#define BINDING_SELECT                                                                             \
  "SELECT b.id, b.kind, b.subject, b.role, b.effect, b.pattern, b.tags, b.ends, r.verbs, "         \
  "  COALESCE(p.name, t.name), b.created, b.created_by "                                           \
  "FROM bindings AS b LEFT JOIN roles AS r ON r.name = b.role "                                    \
  "LEFT JOIN principals AS p ON b.kind = 'principal' AND p.id = b.subject "                        \
  "LEFT JOIN teams AS t ON b.kind = 'team' AND t.id = b.subject "

static void
take(SqlRows *rows, BindingRow *row)
{
  Binding *binding = &row->binding;
  unsigned kind = SUBJECT_PRINCIPAL;
  const Role *role = built_in_role(sql_rows_text(rows, 3));
  enum_find(subject_kind_names, sql_rows_text(rows, 1), &kind);
  binding->id = sql_rows_integer(rows, 0);
  binding->kind = (SubjectKind)kind;
  binding->subject = sql_rows_integer(rows, 2);
  binding->role = g_strdup(sql_rows_text(rows, 3));
  binding->deny = g_strcmp0(sql_rows_text(rows, 4), "deny") == 0;
  binding->pattern = g_strdup(sql_rows_text(rows, 5));
  binding->tags = g_strdup(sql_rows_text(rows, 6));
  binding->until = sql_rows_is_null(rows, 7) ? 0 : sql_rows_integer(rows, 7);
  binding->verbs = role != NULL ? role->verbs : verbs_parse(sql_rows_text(rows, 8));
  binding->who = g_strdup(sql_rows_text(rows, 9));
  row->created = sql_rows_integer(rows, 10);
  row->created_by = g_strdup(sql_rows_text(rows, 11));
}

GPtrArray *
bindings_after(Access *access, const Principal *asker, const BindingFilter *filter, int64_t after,
               unsigned limit, GError **error)
{
  int64_t now = g_get_real_time();
  g_autoptr(AccessRules) rules = access_rules(access, error);
  g_autoptr(SqlConnection) db = rules == NULL ? NULL : sql_acquire(access_sql(access), error);
  if (db == NULL)
    return NULL;
  g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func((GDestroyNotify)binding_row_free);
  const char *kind = filter->kind < 0 ? NULL : subject_kind_names[filter->kind];
  g_autoptr(SqlRows) rows =
      sql_query(db, error,
                BINDING_SELECT "WHERE b.id > $1 AND (CAST($2 AS TEXT) IS NULL OR b.kind = $2) "
                               "AND (CAST($3 AS TEXT) IS NULL OR COALESCE(p.name, t.name) = $3) "
                               "AND (CAST($4 AS TEXT) IS NULL OR b.role = $4) "
                               "AND (CAST($5 AS TEXT) IS NULL OR b.pattern = $5) ORDER BY b.id",
                SQL_INTEGER(after), SQL_TEXT(kind), SQL_TEXT(filter->who), SQL_TEXT(filter->role),
                SQL_TEXT(filter->pattern), SQL_END);
  Found found = ABSENT;
  while (list->len < limit && (found = sql_next(rows, error)) == FOUND) {
    BindingRow *row = g_new0(BindingRow, 1);
    take(rows, row);
    if (access_manages(rules, asker, row->binding.pattern, now))
      g_ptr_array_add(list, row);
    else
      binding_row_free(row);
  }
  return found == FAILED ? NULL : g_steal_pointer(&list);
}

static Found
find(SqlConnection *db, int64_t id, BindingRow *row, GError **error)
{
  g_autoptr(SqlRows) rows = NULL;
  Found found =
      sql_first(db, &rows, error, BINDING_SELECT "WHERE b.id = $1", SQL_INTEGER(id), SQL_END);
  if (found == FOUND)
    take(rows, row);
  return found;
}

Found
binding_find(Access *access, const Principal *asker, int64_t id, BindingRow *row, GError **error)
{
  g_autoptr(AccessRules) rules = access_rules(access, error);
  g_autoptr(SqlConnection) db = rules == NULL ? NULL : sql_acquire(access_sql(access), error);
  if (db == NULL)
    return FAILED;
  Found found = find(db, id, row, error);
  if (found == FOUND && !access_manages(rules, asker, row->binding.pattern, g_get_real_time()))
    return ABSENT;
  return found;
}

/* --- making --- */

typedef struct {
  SqlPool *sql;
  const AccessRules *rules;
  const Principal *by;
  Binding wanted; /* borrows its texts */
  int64_t id;
  bool public; /* for bindings_make_public(), as is the rest */
  bool changed;
  bool untold; /* no event is told of one binding */
} Change;

static bool
check_wanted(const Binding *wanted, GError **error)
{
  const char *tags = wanted->tags;
  bool named = wanted->kind == SUBJECT_PRINCIPAL || wanted->kind == SUBJECT_TEAM;
  if (!access_pattern_check(wanted->pattern, error))
    return false;
  if (tags != NULL && (*tags == '\0' || strlen(tags) > TAGS_MAX ||
                       tags[strspn(tags, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "._-*")] != '\0'))
    return error_set(error, ASSAY_ERROR_INVALID,
                     "a pattern of tags must be a tag such as v1.2, in which \"*\" stands for any "
                     "characters, of at most %u bytes",
                     TAGS_MAX);
  if (named != (wanted->who != NULL))
    return error_set(error, ASSAY_ERROR_INVALID,
                     named ? "a grant needs the name of its %s as \"subject\""
                           : "a grant of %s has no \"subject\"",
                     subject_kind_names[wanted->kind]);
  if (wanted->until != 0 && wanted->until <= g_get_real_time())
    return error_set(error, ASSAY_ERROR_INVALID, "\"until\" is past already");
  return true;
}

static bool
find_role(SqlConnection *db, Binding *wanted, GError **error)
{
  const Role *built_in = built_in_role(wanted->role);
  if (built_in != NULL) {
    wanted->verbs = built_in->verbs;
    return true;
  }
  g_autoptr(SqlRows) rows = NULL;
  Found found = sql_first(db, &rows, error, "SELECT verbs FROM roles WHERE name = $1 " SQL_LOCK,
                          SQL_TEXT(wanted->role), SQL_END);
  if (found == FOUND)
    wanted->verbs = verbs_parse(sql_rows_text(rows, 0));
  else if (found == ABSENT)
    error_set(error, ASSAY_ERROR_NOT_FOUND, "there is no role %s; `assay role list` lists them",
              wanted->role);
  return found == FOUND;
}

static bool
find_subject(SqlConnection *db, Binding *wanted, GError **error)
{
  wanted->subject = 0;
  if (wanted->who == NULL)
    return true;
  bool team = wanted->kind == SUBJECT_TEAM;
  g_autoptr(SqlRows) rows = NULL;
  Found found =
      team ? sql_first(db, &rows, error, "SELECT id FROM teams WHERE name = $1 " SQL_LOCK,
                       SQL_TEXT(wanted->who), SQL_END)
           : sql_first(db, &rows, error, "SELECT id FROM principals WHERE name = $1 " SQL_LOCK,
                       SQL_TEXT(wanted->who), SQL_END);
  if (found == FOUND)
    wanted->subject = sql_rows_integer(rows, 0);
  else if (found == ABSENT)
    error_set(error, ASSAY_ERROR_NOT_FOUND,
              team ? "there is no team %s; `assay team list` lists them"
                   : "there is no person or robot %s; a team is written team:NAME",
              wanted->who);
  return found == FOUND;
}

/* Of those that say the same, what has ended goes. */
static bool
check_same(SqlConnection *db, const Binding *wanted, GError **error)
{
  const char *effect = wanted->deny ? "deny" : "allow", *tags = wanted->tags;
  const char *kind = subject_kind_names[wanted->kind];
  if (!sql_run(db, NULL, error,
               "DELETE FROM bindings WHERE kind = $1 AND subject = $2 AND role = $3 AND effect = "
               "$4 AND pattern = $5 AND COALESCE(tags, '') = $6 AND ends <= $7",
               SQL_TEXT(kind), SQL_INTEGER(wanted->subject), SQL_TEXT(wanted->role),
               SQL_TEXT(effect), SQL_TEXT(wanted->pattern), SQL_TEXT(tags != NULL ? tags : ""),
               SQL_INTEGER(g_get_real_time()), SQL_END))
    return false;
  g_autoptr(SqlRows) rows = NULL;
  Found found = sql_first(
      db, &rows, error,
      "SELECT id FROM bindings WHERE kind = $1 AND subject = $2 AND role = $3 AND effect "
      "= $4 AND pattern = $5 AND COALESCE(tags, '') = $6",
      SQL_TEXT(kind), SQL_INTEGER(wanted->subject), SQL_TEXT(wanted->role), SQL_TEXT(effect),
      SQL_TEXT(wanted->pattern), SQL_TEXT(tags != NULL ? tags : ""), SQL_END);
  if (found == FOUND)
    error_set(error, ASSAY_ERROR_EXISTS, "grant %" G_GINT64_FORMAT " says that already",
              sql_rows_integer(rows, 0));
  return found == ABSENT;
}

static bool
tell(SqlConnection *db, const char *type, const Binding *binding, GError **error)
{
  g_autoptr(json_t) data = json_object();
  json_set_number(data, "id", (uint64_t)binding->id);
  json_set_string(data, "kind", subject_kind_names[binding->kind]);
  json_set_string(data, "role", binding->role);
  json_set_string(data, "effect", binding->deny ? "deny" : "allow");
  json_set_string(data, "pattern", binding->pattern);
  json_set_string(data, "tags", binding->tags);
  if (binding->until != 0)
    json_set_number(data, "until", (uint64_t)binding->until);
  const char *subject = binding->who != NULL ? binding->who : subject_kind_names[binding->kind];
  return event_tell(db, type, subject, data, error);
}

/* The number of the change, which only rises, is the id. */
bool
binding_insert(SqlConnection *db, Binding *binding, const char *by, GError **error)
{
  return access_next_id(db, &binding->id, error) &&
         sql_run(db, NULL, error,
                 "INSERT INTO bindings (id, kind, subject, role, effect, pattern, tags, ends, "
                 "created, created_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
                 SQL_INTEGER(binding->id), SQL_TEXT(subject_kind_names[binding->kind]),
                 SQL_INTEGER(binding->subject), SQL_TEXT(binding->role),
                 SQL_TEXT(binding->deny ? "deny" : "allow"), SQL_TEXT(binding->pattern),
                 SQL_TEXT(binding->tags),
                 binding->until == 0 ? SQL_NULL : SQL_INTEGER(binding->until),
                 SQL_INTEGER(g_get_real_time()), SQL_TEXT(by), SQL_END);
}

static bool
check_open_to_all(const Binding *wanted, GError **error)
{
  if (wanted->kind != SUBJECT_ANONYMOUS || wanted->deny || (wanted->verbs & ~OPEN_TO_ALL) == 0)
    return true;
  return error_set(error, ASSAY_ERROR_INVALID,
                   "the role %s does more than read, and cannot be given to who is not logged in; "
                   "guest can",
                   wanted->role);
}

static bool
create(SqlConnection *db, void *data, GError **error)
{
  Change *change = data;
  return find_role(db, &change->wanted, error) && find_subject(db, &change->wanted, error) &&
         check_open_to_all(&change->wanted, error) &&
         access_may_give(change->rules, change->by, &change->wanted, g_get_real_time(), error) &&
         check_same(db, &change->wanted, error) &&
         binding_insert(db, &change->wanted, change->by->name, error) &&
         (!change->wanted.deny || administrators_remain(change->sql, db, error)) &&
         (change->untold || tell(db, "grant.created", &change->wanted, error));
}

bool
bindings_create(Access *access, const Principal *by, const Binding *wanted, int64_t *id,
                GError **error)
{
  if (!check_wanted(wanted, error))
    return false;
  g_autoptr(AccessRules) rules = access_rules(access, error);
  Change change = {.sql = access_sql(access), .rules = rules, .by = by, .wanted = *wanted};
  if (rules == NULL || !sql_transact(access_sql(access), create, &change, error))
    return false;
  *id = change.wanted.id;
  access_forget(access);
  return true;
}

/* --- taking away --- */

static bool delete (SqlConnection *db, void *data, GError **error)
{
  Change *change = data;
  g_auto(BindingRow) row = {0};
  if (!access_changed(db, error))
    return false;
  Found found = find(db, change->wanted.id, &row, error);
  if (found == ABSENT)
    error_set(error, ASSAY_ERROR_NOT_FOUND, "there is no grant %" G_GINT64_FORMAT,
              change->wanted.id);
  return found == FOUND &&
         access_may_take(change->rules, change->by, &row.binding, g_get_real_time(), error) &&
         sql_run(db, NULL, error, "DELETE FROM bindings WHERE id = $1",
                 SQL_INTEGER(change->wanted.id), SQL_END) &&
         (row.binding.deny || administrators_remain(change->sql, db, error)) &&
         (change->untold || tell(db, "grant.deleted", &row.binding, error));
}

bool
bindings_delete(Access *access, const Principal *by, int64_t id, GError **error)
{
  g_autoptr(AccessRules) rules = access_rules(access, error);
  Change change = {.sql = access_sql(access), .rules = rules, .by = by, .wanted = {.id = id}};
  if (rules == NULL || !sql_transact(access_sql(access), delete, &change, error))
    return false;
  access_forget(access);
  return true;
}

/* --- public namespaces --- */

static Found
find_public(SqlConnection *db, const char *pattern, int64_t *id, GError **error)
{
  g_autoptr(SqlRows) rows = NULL;
  Found found =
      sql_first(db, &rows, error,
                "SELECT id FROM bindings WHERE kind = 'anonymous' AND role = 'guest' AND effect = "
                "'allow' AND pattern = $1 AND tags IS NULL AND ends IS NULL",
                SQL_TEXT(pattern), SQL_END);
  if (found == FOUND)
    *id = sql_rows_integer(rows, 0);
  return found;
}

static bool
set_public(SqlConnection *db, Change *change, char *pattern, GError **error)
{
  int64_t id = 0;
  change->wanted.pattern = pattern;
  Found found = find_public(db, pattern, &id, error);
  if (found == FAILED || (found == FOUND) == change->public)
    return found != FAILED;
  change->changed = true;
  if (change->public)
    return create(db, change, error);
  change->wanted.id = id;
  return delete (db, change, error);
}

static bool
tell_public(SqlConnection *db, const char *space, bool public, GError **error)
{
  g_autoptr(json_t) data = json_object();
  json_object_set_new(data, "public", json_boolean(public));
  return event_tell(db, "namespace.changed", space, data, error);
}

/* A namespace is what is below it, and the repository of that name alone. */
static bool
make_public(SqlConnection *db, void *data, GError **error)
{
  Change *change = data;
  const char *space = change->wanted.who;
  g_autofree char *below = g_strconcat(space, "/*", NULL), *itself = g_strdup(space);
  change->wanted.who = NULL;
  change->changed = false;
  bool done = set_public(db, change, below, error) && set_public(db, change, itself, error) &&
              (!change->changed || tell_public(db, space, change->public, error));
  change->wanted.pattern = NULL;
  change->wanted.who = (char *)(uintptr_t)space;
  return done;
}

bool
bindings_make_public(Access *access, const Principal *by, const char *space, bool public,
                     GError **error)
{
  if (strpbrk(space, "/*") != NULL)
    return error_set(error, ASSAY_ERROR_INVALID, "%s is not the name of a namespace", space);
  if (!access_pattern_check(space, error))
    return false;
  g_autoptr(AccessRules) rules = access_rules(access, error);
  Change change = {
      .sql = access_sql(access), .rules = rules, .by = by, .public = public, .untold = true};
  change.wanted = (Binding){.kind = SUBJECT_ANONYMOUS,
                            .who = (char *)(uintptr_t)space,
                            .role = (char *)(uintptr_t) "guest"};
  if (rules == NULL || !sql_transact(access_sql(access), make_public, &change, error))
    return false;
  if (change.changed)
    access_forget(access);
  return true;
}

bool
bindings_is_public(Access *access, const char *space, bool *public, GError **error)
{
  int64_t id = 0;
  g_autofree char *below = g_strconcat(space, "/*", NULL);
  g_autoptr(SqlConnection) db = sql_acquire(access_sql(access), error);
  Found found = db == NULL ? FAILED : find_public(db, below, &id, error);
  *public = found == FOUND;
  return found != FAILED;
}
