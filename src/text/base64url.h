/* base64url without padding (RFC 4648, section 5; RFC 7515, section 2). Strict: one text for each
 * sequence of bytes. Pure. */
#pragma once

#include "base/slice.h"

/* (transfer full) */
char *base64url_encode(Slice bytes);
/* NULL: @text is not what base64url_encode() gives. (transfer full) */
GBytes *base64url_decode(Slice text);
