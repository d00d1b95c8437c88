/* Log-in by name and password. */
#pragma once

#include "access/access.h"

/* Whether @password is that of the person; it counts as an attempt to log in from @address. False
 * with ASSAY_ERROR_DENIED: it is wrong, or they must wait. */
bool password_prove(Access *access, const char *name, const char *password, const char *address,
                    GError **error);
/* The same with @code (or NULL), where they have a second factor (second_factor.h); a wrong code
 * counts as a wrong password does. ASSAY_ERROR_MISMATCH: the password is right, and the code is
 * missing, wrong or was used. */
bool password_prove_both(Access *access, const char *name, const char *password, const char *code,
                         const char *address, GError **error);
