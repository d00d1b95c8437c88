/* assay db push, assay db pull: the advisory database in a registry. */
#pragma once

#include "cli/command.h"

extern const Command db_push_command, db_pull_command;
