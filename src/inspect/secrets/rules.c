/* The list of sets of rules, in their order of preference: what is known by its form comes before
 * what is known by a name beside it. */
#include "inspect/secrets/rule.h"

const SecretRuleSet *const secret_rule_sets[] = {
    &secret_rules_structured, &secret_rules_clouds_azure,
    &secret_rules_clouds,     &secret_rules_clouds_china,
    &secret_rules_code,       &secret_rules_payment,
    &secret_rules_messaging,  &secret_rules_operations,
    &secret_rules_models,     &secret_rules_services,
    &secret_rules_assigned,   &secret_rules_commands,
    &secret_rules_generic,    NULL,
};

const char *
secret_rule_trigger(const SecretRule *rule)
{
  return rule->trigger == NULL ? rule->pattern : rule->trigger;
}
