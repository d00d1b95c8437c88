/* Administrators; see the header. */
#include "access/rights/administrators.h"

#include "access/people/accounts.h"
#include "base/error.h"

/* Of those that have the grant, so many are asked whether something is denied them. */
#define LOOKED_AT_MOST 100

#define IS_FOR_ALL                                                                                 \
  "role = 'administrator' AND effect = 'allow' AND pattern = '*' AND tags IS NULL AND ends IS "    \
  "NULL"

static Found
find_one(SqlConnection *db, const AccessRules *rules, int64_t id, GError **error)
{
  const Resource all = {NULL, NULL};
  g_autoptr(Principal) who = principal_new(PRINCIPAL_PERSON, id, "", "");
  if (!account_add_teams(db, who, error))
    return FAILED;
  return access_decide(rules, who, VERB_MANAGE_ACCESS, all, g_get_real_time()).allowed ? FOUND
                                                                                       : ABSENT;
}

static Found
find(SqlConnection *db, GError **error)
{
  g_autoptr(AccessRules) rules = access_rules_read(db, error);
  if (rules == NULL)
    return FAILED;
  g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(int64_t));
  g_autoptr(SqlRows) rows = sql_query(
      db, error,
      "SELECT id FROM principals WHERE kind = 'person' AND disabled IS NULL AND ("
      "  id IN (SELECT subject FROM bindings WHERE kind = 'principal' AND " IS_FOR_ALL ") OR "
      "  id IN (SELECT principal FROM team_members WHERE team IN ("
      "    SELECT subject FROM bindings WHERE kind = 'team' AND " IS_FOR_ALL "))) "
      "ORDER BY id LIMIT $1",
      SQL_INTEGER(LOOKED_AT_MOST), SQL_END);
  Found found;
  while ((found = sql_next(rows, error)) == FOUND) {
    int64_t id = sql_rows_integer(rows, 0);
    g_array_append_val(ids, id);
  }
  for (guint i = 0; i < ids->len && found == ABSENT; i++)
    found = find_one(db, rules, g_array_index(ids, int64_t, i), error);
  return found;
}

bool
administrators_remain(SqlPool *sql, SqlConnection *db, GError **error)
{
  Found after = find(db, error);
  if (after != ABSENT)
    return after == FOUND;
  /* What was before this transaction is what another connection sees. */
  g_autoptr(SqlConnection) outside = sql_acquire(sql, error);
  Found before = outside == NULL ? FAILED : find(outside, error);
  if (before == FOUND)
    error_set(error, ASSAY_ERROR_EXISTS,
              "then nobody would administer the registry: make another administrator first, by "
              "`assay user create --admin` or `assay grant create NAME administrator '*'`");
  return before == ABSENT;
}
