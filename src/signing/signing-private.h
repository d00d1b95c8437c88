/* What the files of the room share. */
#pragma once

#include "signing/signing.h"

/* Without any. (transfer full) */
SigningSet *signing_set_new(void);
/* The one of @rows with that name, which all of these structures begin with; NULL: none has it. */
const void *signing_row_find(const GPtrArray *rows, const char *name);
