/* base64 with padding (RFC 4648, section 4), as JSON, PEM and annotations have it. Strict: one text
 * for each sequence of bytes. Pure. */
#pragma once

#include "base/slice.h"

/* NULL: @text is not what g_base64_encode() gives. (transfer full) */
GBytes *base64_decode(Slice text);
