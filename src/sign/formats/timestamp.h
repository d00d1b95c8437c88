/* Time stamps (RFC 3161): an authority's word that some bytes were there at a moment. Nothing
 * blocks. */
#pragma once

#include "base/slice.h"

#define TIMESTAMP_MAX ((size_t)64 * 1024)

/* When @token, or the authority's answer around it, says that @stamped was there, in seconds since
 * 1970: its signature holds, and is by whom one of @roots (GBytes in DER) vouched for then. 0:
 * ASSAY_ERROR_INVALID, _MISMATCH, _UNSUPPORTED, _LIMIT. */
int64_t timestamp_verify(Slice token, Slice stamped, const GPtrArray *roots, GError **error);
