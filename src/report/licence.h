/* Licences as packages declare them, for formats that ask for SPDX expressions. Pure. */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* Whether @text is an SPDX licence expression whose identifiers are ones of SPDX's list that
 * packages commonly have ("GPL-2.0-or-later WITH Classpath-exception-2.0 OR MIT"). */
bool licence_is_expression(const char *text);
/* Whether it is a single such identifier. */
bool licence_is_identifier(const char *text);
/* "LicenseRef-" and @text in the letters that such a name may have. (transfer full) */
char *licence_reference(const char *text);
