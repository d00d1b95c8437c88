/* `assay key make` and `assay key public`: keys as they are, without a server. */
#pragma once

#include "cli/command.h"

extern const Command key_make_subcommand, key_public_subcommand;
