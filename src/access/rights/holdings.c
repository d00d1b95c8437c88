/* Rights by patterns; see the header. */
#include "access/rights/holdings.h"

#include <string.h>

#include "access/rights/delegation.h"

static void
holding_free(void *data)
{
  Holding *holding = data;
  g_strfreev(holding->roles);
  g_free(holding);
}

static bool
is_in_force(const Binding *binding, const Principal *who, int64_t now)
{
  return binding_speaks_of(binding, who) && (binding->until == 0 || binding->until > now);
}

static bool
counts_for(const Binding *binding, const Holding *holding)
{
  return pattern_covers(binding->pattern, holding->pattern) &&
         (binding->tags == NULL || g_strcmp0(binding->tags, holding->tags) == 0);
}

/* --- the rows --- */

static void
add_row(GPtrArray *rows, const char *pattern, const char *tags)
{
  for (guint i = 0; i < rows->len; i++) {
    const Holding *row = g_ptr_array_index(rows, i);
    if (strcmp(row->pattern, pattern) == 0 && g_strcmp0(row->tags, tags) == 0)
      return;
  }
  Holding *row = g_new0(Holding, 1);
  row->pattern = pattern;
  row->tags = tags;
  g_ptr_array_add(rows, row);
}

static int
compare_rows(const void *one, const void *other)
{
  const Holding *first = *(Holding *const *)one, *second = *(Holding *const *)other;
  int order = strcmp(first->pattern, second->pattern);
  return order != 0 ? order : g_strcmp0(first->tags, second->tags);
}

static GPtrArray *
find_rows(const AccessRules *rules, const Principal *who, int64_t now)
{
  GPtrArray *rows = g_ptr_array_new_with_free_func(holding_free);
  const GArray *bindings = access_rules_bindings(rules);
  for (guint i = 0; i < bindings->len; i++) {
    const Binding *binding = &g_array_index(bindings, Binding, i);
    if (is_in_force(binding, who, now))
      add_row(rows, binding->pattern, binding->tags);
  }
  for (guint i = 0; who->limits != NULL && i < who->limits->len; i++)
    add_row(rows, g_array_index(who->limits, Scope, i).pattern, NULL);
  g_ptr_array_sort(rows, compare_rows);
  return rows;
}

/* --- what they hold --- */

static VerbSet
limits_on(const Principal *who, const char *pattern)
{
  VerbSet verbs = who->limits == NULL ? VERBS_ALL : 0;
  for (guint i = 0; who->limits != NULL && i < who->limits->len; i++) {
    const Scope *scope = &g_array_index(who->limits, Scope, i);
    if (pattern_covers(scope->pattern, pattern))
      verbs |= scope->verbs;
  }
  return verbs;
}

static void
add_role(GPtrArray *roles, const char *role)
{
  if (!g_ptr_array_find_with_equal_func(roles, role, g_str_equal, NULL))
    g_ptr_array_add(roles, g_strdup(role));
}

static void
fill(Holding *holding, const AccessRules *rules, const Principal *who, int64_t now)
{
  GPtrArray *roles = g_ptr_array_new();
  const GArray *bindings = access_rules_bindings(rules);
  for (guint i = 0; i < bindings->len; i++) {
    const Binding *binding = &g_array_index(bindings, Binding, i);
    if (!is_in_force(binding, who, now) || !counts_for(binding, holding))
      continue;
    if (binding->deny) {
      holding->denied |= binding->verbs;
    } else {
      holding->verbs |= binding->verbs;
      add_role(roles, binding->role);
    }
  }
  holding->verbs &= ~holding->denied & limits_on(who, holding->pattern);
  g_ptr_array_add(roles, NULL);
  holding->roles = (char **)g_ptr_array_free(roles, FALSE);
}

GPtrArray *
access_holdings(const AccessRules *rules, const Principal *who, int64_t now)
{
  GPtrArray *rows = find_rows(rules, who, now);
  for (guint i = 0; i < rows->len; i++)
    fill(g_ptr_array_index(rows, i), rules, who, now);
  return rows;
}
