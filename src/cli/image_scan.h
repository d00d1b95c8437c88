/* `assay image scan`, a subcommand of `assay image`. */
#pragma once

#include "cli/command.h"

extern const Command image_scan_subcommand;
