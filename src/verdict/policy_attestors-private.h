/* The attestors of a policy file: who may sign, by which keys. policy.h has what is asked of them.
 */
#pragma once

#include "base/settings.h"
#include "verdict/policy-private.h"

/* Of one PolicyAttestor. */
extern const Section policy_attestor_section;
#define POLICY_ATTESTORS_MAX 1000u

/* Reads the keys that are named, below @folder, and makes the attestors of them.
 * ASSAY_ERROR_INVALID: a file cannot be read, or holds no key. */
bool policy_attestors_load(PolicySet *set, const char *folder, GError **error);
/* The same with the files that @from (or NULL) has read by the same paths; those that it has not
 * are left out, and told. */
bool policy_attestors_borrow(PolicySet *set, const PolicySet *from, GError **error);
void policy_attestors_clear(PolicySet *set);
/* The files, NULL-terminated. (transfer container) */
char **policy_attestors_files(const PolicySet *set);
/* Adds to @checksum what the files held when they were read. */
void policy_attestors_sum(const PolicySet *set, GChecksum *checksum);
/* Adds a sentence for each key that was not read, that several attestors have, and for each
 * attestor that no policy speaks of. */
void policy_attestors_warn(const PolicySet *set, GPtrArray *warnings);
