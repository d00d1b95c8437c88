/* Passwords and other secrets that a person types, or a script gives on standard input. */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* The first line of standard input, without its end. ASSAY_ERROR_INVALID: there is none. (transfer
 * full) */
char *password_from_stdin(GError **error);
/* Asks on the terminal, without showing what is typed; with @twice, until both are the same.
 * ASSAY_ERROR_INVALID: there is no terminal to ask. (transfer full) */
char *password_ask(const char *prompt, bool twice, GError **error);
