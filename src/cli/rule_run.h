/* `assay rule run`: signing by a rule all images that are stored. */
#pragma once

#include "cli/command.h"

extern const Command rule_run_subcommand;
