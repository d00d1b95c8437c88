/* The list of the sets of rules; see the header. */
#include "inventory/rule.h"

#include <glib.h>
#include <string.h>

#include "inventory/rules/rules.h"

/* A line a set, so that two changes seldom meet. */
/* clang-format off */
const RuleSet *const rule_sets[] = {
    &baseline_accounts_rules, &baseline_databases_rules,
    &baseline_entries_rules,  &baseline_sshd_rules,
    &baseline_system_rules,   &baseline_web_rules,
    &configuration_rules,     &malware_rule_set,
    &integrity_rules,
    NULL,
};
/* clang-format on */

static void *
index_rules(void *unused)
{
  GHashTable *table = g_hash_table_new(g_str_hash, g_str_equal);
  for (size_t i = 0; rule_sets[i] != NULL; i++)
    for (size_t j = 0; j < rule_sets[i]->count; j++)
      g_hash_table_insert(table, (void *)(uintptr_t)rule_sets[i]->rules[j].id,
                          (void *)(uintptr_t)&rule_sets[i]->rules[j]);
  return table;
}

const Rule *
rule_find_any(const char *id)
{
  static GOnce once = G_ONCE_INIT;
  return g_hash_table_lookup(g_once(&once, index_rules, NULL), id);
}

const Rule *
rule_find(ObservationKind kind, const char *id)
{
  const Rule *rule = rule_find_any(id);
  return rule != NULL && rule->kind == kind ? rule : NULL;
}

const char *
rule_remedy_of_kind(ObservationKind kind)
{
  static const char *const remedies[] = {
      [OBSERVED_SECRET] = "revoke it where it was issued, and build the image without it: deleting "
                          "it in a later layer leaves it in the image",
      [OBSERVED_MALWARE] = "do not run the image; find out how the file came into it",
      [OBSERVED_WEAKNESS] = "change the setting and build the image again",
      [OBSERVED_CONFIGURATION] = "change how the image is built and build it again",
      [OBSERVED_FACT] = "",
  };
  return remedies[kind];
}
