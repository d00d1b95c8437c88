/* The list of the tables of checks. */
#include "inspect/baseline/checks-private.h"

/* clang-format off */
const BaselineChecks *const baseline_checks[] = {
    &account_checks,
    &entry_checks,
    &sshd_checks,
    &sudo_checks,
    &database_checks,
    &redis_checks,
    &web_checks,
    &nginx_checks,
    &system_checks,
    NULL,
};
/* clang-format on */
