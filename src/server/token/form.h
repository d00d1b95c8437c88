/* Bodies of application/x-www-form-urlencoded (the URL Standard, section 5.1): hostile. Pure. */
#pragma once

#include "base/slice.h"

/* The decoded value of @name; of several the first. NULL: there is none, or it is not UTF-8 or has
 * a NUL. (transfer full) */
char *form_value(Slice body, const char *name);
/* All values of it. (transfer full) */
GStrv form_values(Slice body, const char *name);
