/* The list of checks: the one place to add a line for a new one. */
#pragma once

#include "verdict/check.h"

extern const PolicyCheck unscanned_check, end_of_life_check, ended_programs_check,
    third_party_check, vulnerabilities_check, observed_check, signatures_check;

/* In the order in which a refusal tells; NULL-terminated. */
extern const PolicyCheck *const policy_checks[];

/* The check that @rule, a key of a policy, belongs to; NULL: none. */
const PolicyCheck *policy_check_of(const char *rule);

/* Whether the rule of signatures_check asks for any; and whether a signature of an index counts for
 * the images in it. */
bool signatures_are_wanted(const void *rule);
bool signatures_of_indexes_count(const void *rule);
/* The names of the attestors that it speaks of. (transfer container): const char * */
GPtrArray *signatures_attestors(const void *rule);
/* What the rule of vulnerabilities_check lets an unknown severity with a fix count as. */
Severity vulnerabilities_unknown_as(const void *rule);
