/* Grants to use keys; see the header. */
#include "access/rights/key_grants.h"

#include <string.h>

#include "access/people/names.h"
#include "access/rights/delegation.h"
#include "base/error.h"
#include "base/json.h"
#include "jobs/event.h"

#define KEY_GRANT_SELECT                                                                           \
  "SELECT id, rule, key, verb, pattern, ends, created, created_by FROM key_grants "

void
key_grant_free(KeyGrant *grant)
{
  if (grant == NULL)
    return;
  g_free(grant->rule);
  g_free(grant->key);
  g_free(grant->verb);
  g_free(grant->pattern);
  g_free(grant->created_by);
  g_free(grant);
}

/* --- the decision --- */

const KeyGrant *
key_use_decide(const GPtrArray *grants, const KeyUse *use, int64_t now)
{
  const KeyGrant *first = NULL;
  for (guint i = 0; i < grants->len; i++) {
    const KeyGrant *grant = g_ptr_array_index(grants, i);
    if (strcmp(grant->rule, use->rule) == 0 && strcmp(grant->key, use->key) == 0 &&
        strcmp(grant->verb, verb_name(use->verb)) == 0 &&
        (grant->until == 0 || grant->until > now) &&
        pattern_covers(grant->pattern, use->repository) && (first == NULL || grant->id < first->id))
      first = grant;
  }
  return first;
}

/* --- rows --- */

static KeyGrant *
take(SqlRows *rows)
{
  KeyGrant *grant = g_new0(KeyGrant, 1);
  grant->id = sql_rows_integer(rows, 0);
  grant->rule = g_strdup(sql_rows_text(rows, 1));
  grant->key = g_strdup(sql_rows_text(rows, 2));
  grant->verb = g_strdup(sql_rows_text(rows, 3));
  grant->pattern = g_strdup(sql_rows_text(rows, 4));
  grant->until = sql_rows_is_null(rows, 5) ? 0 : sql_rows_integer(rows, 5);
  grant->created = sql_rows_integer(rows, 6);
  grant->created_by = g_strdup(sql_rows_text(rows, 7));
  return grant;
}

Found
key_use_find(Access *access, const KeyUse *use, KeyGrant **grant, GError **error)
{
  g_autoptr(SqlConnection) db = sql_acquire(access_sql(access), error);
  if (db == NULL)
    return FAILED;
  g_autoptr(GPtrArray) grants = g_ptr_array_new_with_free_func((GDestroyNotify)key_grant_free);
  g_autoptr(SqlRows) rows =
      sql_query(db, error, KEY_GRANT_SELECT "WHERE rule = $1 AND key = $2 ORDER BY id",
                SQL_TEXT(use->rule), SQL_TEXT(use->key), SQL_END);
  Found found;
  while ((found = sql_next(rows, error)) == FOUND)
    g_ptr_array_add(grants, take(rows));
  const KeyGrant *by = found == FAILED ? NULL : key_use_decide(grants, use, g_get_real_time());
  for (guint i = 0; i < grants->len && by != NULL; i++)
    if (g_ptr_array_index(grants, i) == by) {
      *grant = g_ptr_array_steal_index(grants, i);
      return FOUND;
    }
  return found;
}

GPtrArray *
key_grants_after(Access *access, const Principal *asker, const char *rule, const char *key,
                 int64_t after, unsigned limit, GError **error)
{
  int64_t now = g_get_real_time();
  g_autoptr(AccessRules) rules = access_rules(access, error);
  g_autoptr(SqlConnection) db = rules == NULL ? NULL : sql_acquire(access_sql(access), error);
  if (db == NULL)
    return NULL;
  g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func((GDestroyNotify)key_grant_free);
  g_autoptr(SqlRows) rows =
      sql_query(db, error,
                KEY_GRANT_SELECT "WHERE id > $1 AND (CAST($2 AS TEXT) IS NULL OR rule = $2) "
                                 "AND (CAST($3 AS TEXT) IS NULL OR key = $3) ORDER BY id",
                SQL_INTEGER(after), SQL_TEXT(rule), SQL_TEXT(key), SQL_END);
  Found found = ABSENT;
  while (list->len < limit && (found = sql_next(rows, error)) == FOUND) {
    g_autoptr(KeyGrant) grant = take(rows);
    if (access_manages(rules, asker, grant->pattern, now))
      g_ptr_array_add(list, g_steal_pointer(&grant));
  }
  return found == FAILED ? NULL : g_steal_pointer(&list);
}

static KeyGrant *
find(SqlConnection *db, int64_t id, GError **error)
{
  g_autoptr(SqlRows) rows = NULL;
  Found found =
      sql_first(db, &rows, error, KEY_GRANT_SELECT "WHERE id = $1", SQL_INTEGER(id), SQL_END);
  return found == FOUND ? take(rows) : NULL;
}

static void
refuse_absent(int64_t id, GError **error)
{
  if (error == NULL || *error == NULL)
    error_set(error, ASSAY_ERROR_NOT_FOUND,
              "there is no key grant %" G_GINT64_FORMAT ", or none that you manage; `assay "
              "key-grant list` lists those that you do",
              id);
}

KeyGrant *
key_grant_get(Access *access, const Principal *asker, int64_t id, GError **error)
{
  g_autoptr(GError) failure = NULL;
  g_autoptr(AccessRules) rules = access_rules(access, &failure);
  g_autoptr(SqlConnection) db = rules == NULL ? NULL : sql_acquire(access_sql(access), &failure);
  g_autoptr(KeyGrant) grant = db == NULL ? NULL : find(db, id, &failure);
  if (grant != NULL && access_manages(rules, asker, grant->pattern, g_get_real_time()))
    return g_steal_pointer(&grant);
  refuse_absent(id, &failure);
  g_propagate_error(error, g_steal_pointer(&failure));
  return NULL;
}

/* --- changes --- */

typedef struct {
  const AccessRules *rules;
  const Principal *by;
  KeyGrant *wanted;
  int64_t id;
} Change;

static bool
tell(SqlConnection *db, const char *type, const KeyGrant *grant, GError **error)
{
  g_autoptr(json_t) data = json_object();
  json_set_number(data, "id", (uint64_t)grant->id);
  json_set_string(data, "rule", grant->rule);
  json_set_string(data, "verb", grant->verb);
  json_set_string(data, "pattern", grant->pattern);
  if (grant->until != 0)
    json_set_number(data, "until", (uint64_t)grant->until);
  return event_tell(db, type, grant->key, data, error);
}

static bool
check_wanted(const KeyGrant *wanted, Verb *verb, GError **error)
{
  if (!account_name_check("a signing rule", wanted->rule, error) ||
      !account_name_check("a key", wanted->key, error) ||
      !access_pattern_check(wanted->pattern, error))
    return false;
  if (!verb_find(wanted->verb, verb) || (*verb != VERB_SIGN && *verb != VERB_VERIFY))
    return error_set(error, ASSAY_ERROR_INVALID, "a key is used to sign or to verify, not to %.40s",
                     wanted->verb);
  return wanted->until == 0 || wanted->until > g_get_real_time() ||
         error_set(error, ASSAY_ERROR_INVALID, "\"until\" is past already");
}

/* One that has ended makes room for the same. */
static bool
check_room(SqlConnection *db, const KeyGrant *wanted, GError **error)
{
  int64_t count = 0;
  SqlValue rule = SQL_TEXT(wanted->rule), key = SQL_TEXT(wanted->key);
  SqlValue verb = SQL_TEXT(wanted->verb), pattern = SQL_TEXT(wanted->pattern);
  if (!sql_run(db, NULL, error, "DELETE FROM key_grants WHERE ends <= $1",
               SQL_INTEGER(g_get_real_time()), SQL_END))
    return false;
  g_autoptr(SqlRows) same = NULL;
  Found found = sql_first(
      db, &same, error,
      "SELECT id FROM key_grants WHERE rule = $1 AND key = $2 AND verb = $3 AND pattern = $4", rule,
      key, verb, pattern, SQL_END);
  if (found == FOUND)
    error_set(error, ASSAY_ERROR_EXISTS, "key grant %" G_GINT64_FORMAT " says that already",
              sql_rows_integer(same, 0));
  if (found != ABSENT)
    return false;
  g_autoptr(SqlRows) rows =
      sql_query(db, error, "SELECT CAST(COUNT(*) AS BIGINT) FROM key_grants", SQL_END);
  if (!sql_number(rows, &count, error))
    return false;
  return count < KEY_GRANTS_MOST ||
         error_set(error, ASSAY_ERROR_LIMIT, "there are %u key grants already; end one first",
                   KEY_GRANTS_MOST);
}

static bool
create(SqlConnection *db, void *data, GError **error)
{
  Change *change = data;
  KeyGrant *wanted = change->wanted;
  Verb verb;
  if (!check_wanted(wanted, &verb, error))
    return false;
  const Binding gift = {
      .verbs = VERB_BIT(verb), .pattern = wanted->pattern, .until = wanted->until};
  return access_may_give(change->rules, change->by, &gift, g_get_real_time(), error) &&
         check_room(db, wanted, error) && access_next_id(db, &wanted->id, error) &&
         sql_run(db, NULL, error,
                 "INSERT INTO key_grants (id, rule, key, verb, pattern, ends, created, created_by) "
                 "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
                 SQL_INTEGER(wanted->id), SQL_TEXT(wanted->rule), SQL_TEXT(wanted->key),
                 SQL_TEXT(wanted->verb), SQL_TEXT(wanted->pattern),
                 wanted->until == 0 ? SQL_NULL : SQL_INTEGER(wanted->until),
                 SQL_INTEGER(g_get_real_time()), SQL_TEXT(change->by->name), SQL_END) &&
         tell(db, "key-grant.created", wanted, error);
}

static bool
delete_grant(SqlConnection *db, const KeyGrant *grant, GError **error)
{
  return sql_run(db, NULL, error, "DELETE FROM key_grants WHERE id = $1", SQL_INTEGER(grant->id),
                 SQL_END) &&
         tell(db, "key-grant.ended", grant, error);
}

static bool
end(SqlConnection *db, void *data, GError **error)
{
  const Change *change = data;
  g_autoptr(KeyGrant) grant = find(db, change->id, error);
  if (grant == NULL ||
      !access_manages(change->rules, change->by, grant->pattern, g_get_real_time())) {
    refuse_absent(change->id, error);
    return false;
  }
  return delete_grant(db, grant, error);
}

bool
key_grants_end_of(SqlConnection *db, const char *rule, const char *key, GError **error)
{
  g_autoptr(GPtrArray) grants = g_ptr_array_new_with_free_func((GDestroyNotify)key_grant_free);
  g_autoptr(SqlRows) rows =
      sql_query(db, error,
                KEY_GRANT_SELECT "WHERE (CAST($1 AS TEXT) IS NULL OR rule = $1) "
                                 "AND (CAST($2 AS TEXT) IS NULL OR key = $2) ORDER BY id",
                SQL_TEXT(rule), SQL_TEXT(key), SQL_END);
  Found found;
  while ((found = sql_next(rows, error)) == FOUND)
    g_ptr_array_add(grants, take(rows));
  for (guint i = 0; found != FAILED && i < grants->len; i++)
    if (!delete_grant(db, g_ptr_array_index(grants, i), error))
      return false;
  return found != FAILED;
}

static bool
run(Access *access, SqlWork work, Change *change, GError **error)
{
  g_autoptr(AccessRules) rules = access_rules(access, error);
  change->rules = rules;
  return rules != NULL && sql_transact(access_sql(access), work, change, error);
}

bool
key_grant_create(Access *access, const Principal *by, KeyGrant *wanted, GError **error)
{
  Change change = {.by = by, .wanted = wanted};
  return run(access, create, &change, error);
}

bool
key_grant_end(Access *access, const Principal *by, int64_t id, GError **error)
{
  Change change = {.by = by, .id = id};
  return run(access, end, &change, error);
}
