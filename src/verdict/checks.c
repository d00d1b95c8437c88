/* The list of checks; see the header. */
#include "verdict/checks.h"

#include <string.h>

const PolicyCheck *const policy_checks[] = {
    &signatures_check,  &unscanned_check,       &end_of_life_check, &ended_programs_check,
    &third_party_check, &vulnerabilities_check, &observed_check,    NULL,
};

const PolicyCheck *
policy_check_of(const char *rule)
{
  for (size_t i = 0; policy_checks[i] != NULL; i++)
    for (size_t j = 0; j < policy_checks[i]->count; j++)
      if (strcmp(policy_checks[i]->settings[j].key, rule) == 0)
        return policy_checks[i];
  return NULL;
}
