/* `assay robot trust`: by which tokens of other issuers a robot is known. */
#pragma once

#include "cli/command.h"

extern const Command robot_trust_command;
