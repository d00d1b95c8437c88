/* The subcommand of `assay audit` that checks the record. */
#pragma once

#include "cli/command.h"

extern const Command audit_verify_subcommand;
