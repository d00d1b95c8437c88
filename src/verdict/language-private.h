/* The tables of the policy language, put together from those of its checks. */
#pragma once

#include "base/settings.h"
#include "verdict/policy-private.h"

/* Of a whole file, into a PolicySet; of one policy. Made once, live as long as the program. */
const Section *policy_file_section(void);
const Section *policy_section(void);

/* Of one Exemption. */
extern const Section policy_exemption_section;
#define POLICY_EXEMPTIONS_MAX 10000u /* in a file */
#define POLICY_VEX_MAX        100u   /* files and folders, of a policy */

const Policy *policy_at(const PolicySet *set, unsigned index);
/* The rule of policy_checks[@check]. */
const void *policy_rule(const Policy *policy, size_t check);
