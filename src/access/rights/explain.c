/* Explanations; see the header. */
#include "access/rights/explain.h"

#include "access/people/accounts.h"
#include "base/error.h"

static Principal *
find(SqlConnection *db, const char *name, const char **ended, GError **error)
{
  g_autoptr(SqlRows) rows = NULL;
  Found found = sql_first(db, &rows, error,
                          "SELECT id, kind, disabled, expires FROM principals WHERE name = $1",
                          SQL_TEXT(name), SQL_END);
  if (found == ABSENT)
    error_set(error, ASSAY_ERROR_NOT_FOUND, "there is no person or robot %s", name);
  if (found != FOUND)
    return NULL;
  bool robot = g_strcmp0(sql_rows_text(rows, 1), "robot") == 0;
  if (!sql_rows_is_null(rows, 2))
    *ended = "is disabled";
  else if (!sql_rows_is_null(rows, 3) && sql_rows_integer(rows, 3) <= g_get_real_time())
    *ended = "has expired";
  return principal_new(robot ? PRINCIPAL_ROBOT : PRINCIPAL_PERSON, sql_rows_integer(rows, 0), name,
                       "");
}

Principal *
access_principal_named(Access *access, const char *name, const char **ended, GError **error)
{
  *ended = NULL;
  if (g_strcmp0(name, principal_kind_name(PRINCIPAL_ANONYMOUS)) == 0)
    return principal_new(PRINCIPAL_ANONYMOUS, 0, name, "");
  g_autoptr(SqlConnection) db = sql_acquire(access_sql(access), error);
  g_autoptr(Principal) who = db == NULL ? NULL : find(db, name, ended, error);
  return who != NULL && account_add_teams(db, who, error) ? g_steal_pointer(&who) : NULL;
}

GPtrArray *
access_fitting(const AccessRules *rules, const Principal *who, Verb verb, Resource on, int64_t now)
{
  GPtrArray *fitting = g_ptr_array_new();
  const GArray *bindings = access_rules_bindings(rules);
  const Binding *decided = access_decide(rules, who, verb, on, now).binding;
  if (decided != NULL)
    g_ptr_array_add(fitting, (void *)(uintptr_t)decided);
  for (unsigned allows = 0; allows < 2; allows++) {
    for (guint i = 0; i < bindings->len; i++) {
      const Binding *binding = &g_array_index(bindings, Binding, i);
      if (binding != decided && binding->deny == (allows == 0) && binding_speaks_of(binding, who) &&
          binding_counts(binding, verb, on, now))
        g_ptr_array_add(fitting, (void *)(uintptr_t)binding);
    }
  }
  return fitting;
}
