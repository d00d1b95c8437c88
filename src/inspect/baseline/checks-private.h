/* The tables of checks, one a subject. */
#pragma once

#include "inspect/baseline/image-private.h"

extern const BaselineChecks account_checks, entry_checks, sshd_checks;
