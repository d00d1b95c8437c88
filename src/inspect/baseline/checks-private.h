/* The tables of checks, one a subject. */
#pragma once

#include "inspect/baseline/image-private.h"

extern const BaselineChecks account_checks, database_checks, entry_checks, nginx_checks,
    redis_checks, sshd_checks, sudo_checks, system_checks, web_checks;
