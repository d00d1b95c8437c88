/* The sets of rules, each in a file of its own. */
#pragma once

#include "inventory/rule.h"

extern const RuleSet baseline_accounts_rules, baseline_databases_rules, baseline_entries_rules,
    baseline_sshd_rules, baseline_system_rules, baseline_web_rules;
extern const RuleSet configuration_rules;
extern const RuleSet integrity_rules;
extern const RuleSet malware_rule_set;
