/* Time stamps (RFC 3161): an authority's word that some bytes were there at a moment. Nothing
 * blocks. */
#pragma once

#include "base/slice.h"

#define TIMESTAMP_MAX ((size_t)64 * 1024)

/* The token in an authority's answer; of what is none, itself. */
Slice timestamp_token(Slice answer);

/* When @token, or the authority's answer around it, says that @stamped was there, in seconds since
 * 1970: its signature holds, and is by whom one of @roots (GBytes in DER) vouched for then. @links:
 * certificates that the token may leave out (GBytes in DER); or NULL. 0: ASSAY_ERROR_INVALID,
 * _MISMATCH, _UNSUPPORTED, _LIMIT. */
int64_t timestamp_verify(Slice token, Slice stamped, const GPtrArray *links, const GPtrArray *roots,
                         GError **error);
/* The same of a token that answers a request: it has @nonce, a number that is not negative; and
 * where @roots is empty, anybody may have signed it whose certificate it has. */
int64_t timestamp_check(Slice token, Slice stamped, Slice nonce, const GPtrArray *roots,
                        GError **error);
