/* The VEX documents of a set of policies, while it is made and freed; policy.h has what is asked of
 * them. */
#pragma once

#include "verdict/policy-private.h"

/* Reads all that @set names, below the folder of the file @path, and tells its identity.
 * ASSAY_ERROR_INVALID: one cannot be read; the message names it. */
bool policy_statements_load(PolicySet *set, const char *path, GError **error);
/* Those that @from has read for the same paths. */
void policy_statements_borrow(PolicySet *set, const PolicySet *from);
void policy_statements_clear(PolicySet *set);
unsigned policy_statements_count(const PolicySet *set);
/* Adds a sentence for each policy whose documents were not read, or that has none. */
void policy_statements_warn(const PolicySet *set, GPtrArray *warnings);
