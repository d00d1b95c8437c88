/* What taking a text apart asks of its commands. */
#pragma once

#include "text/shell.h"

/* Whether a program runs the commands that are in a text. */
bool shell_reads_scripts(const char *program);
/* The text in its arguments that a command runs: of `sh -c`, `su -c` and `eval`; or NULL. */
const char *shell_script_of(const ShellCommand *command);
