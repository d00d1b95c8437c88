/* Log-in by name and password. */
#pragma once

#include "access/access.h"

/* Whether @password is that of the person; it counts as an attempt to log in from @address. False
 * with ASSAY_ERROR_DENIED: it is wrong, or they must wait. */
bool password_prove(Access *access, const char *name, const char *password, const char *address,
                    GError **error);
