/* `assay image referrers`, a subcommand of `assay image`. */
#pragma once

#include "cli/command.h"

extern const Command image_referrers_subcommand;
