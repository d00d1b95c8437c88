/* What words of the policy language are read as; rows of settings.h. */
#pragma once

#include "base/setting_kinds.h"

extern const SettingKind policy_repositories; /* GStrv: patterns for names of repositories */
extern const SettingKind policy_rules;        /* GStrv: keys of policy_checks */
extern const SettingKind policy_moment;       /* int64_t: a day to its end in UTC, or a moment */
extern const SettingKind policy_start;        /* int64_t: a day from its start, or a moment */
extern const SettingKind policy_single;       /* GStrv of one word */
