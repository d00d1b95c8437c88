/* Asking for a time stamp (RFC 3161): the request, and whether an answer is what was asked for. The
 * exchange is sign/timestamp_authority.h's. Nothing blocks. */
#pragma once

#include "base/slice.h"

#define TIMESTAMP_NONCE_SIZE 16u

/* About @stamped, by SHA-256, with the certificates of who answers. @nonce: TIMESTAMP_NONCE_SIZE
 * random bytes. In DER; (transfer full) */
GBytes *timestamp_request_write(Slice stamped, const uint8_t *nonce);

/* Whether @answer grants that, about @stamped and with @nonce, at about @now (seconds since 1970),
 * signed by one of its own certificates, for whom one of @roots (GBytes in DER; empty: anybody)
 * vouches. ASSAY_ERROR_INVALID: it is none, or damaged; _DENIED: the authority refuses, in its
 * words; _MISMATCH: it is of something else, of another request, another time, or by somebody else;
 * _UNSUPPORTED, _LIMIT. */
bool timestamp_answer_check(Slice answer, Slice stamped, const uint8_t *nonce,
                            const GPtrArray *roots, int64_t now, GError **error);
