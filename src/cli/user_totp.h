/* `assay user totp`: the second factor. */
#pragma once

#include "cli/command.h"

extern const Command user_totp_command;
