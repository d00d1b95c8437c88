/* What people, robots and teams may be called, and what other texts about them may hold. Pure. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#define ACCOUNT_NAME_MAX   128
#define ACCOUNT_TEXT_MAX   256
#define ACCESS_PATTERN_MAX 255

/* [a-z0-9][a-z0-9._@-]{0,127}: no ":", which ends a name in Basic (RFC 7617), and no capitals, so
 * that no two names look alike but for those. ASSAY_ERROR_INVALID; @what: "a user". */
bool account_name_check(const char *what, const char *name, GError **error);
/* One line for people, or NULL; @what: "a description". ASSAY_ERROR_INVALID. */
bool account_text_check(const char *what, const char *text, GError **error);
/* A pattern of repositories: 1 to 255 of a-z, 0-9, ".", "_", "-", "/" and "*". ASSAY_ERROR_INVALID.
 */
bool access_pattern_check(const char *pattern, GError **error);
