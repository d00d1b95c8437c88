/* The certificates that go with a key that signs, as the Notary Project wants them (specs/
 * signature-specification.md, "Certificate Requirements"): the key's own first, each by the next,
 * up to a root. Lists are GBytes in DER. Nothing blocks. */
#pragma once

#include "sign/keys/public_key.h"

#define SIGNING_CHAIN_FILE_MAX ((size_t)48 * 1024)

/* Of a file in PEM, in its order. ASSAY_ERROR_INVALID, _LIMIT. (transfer full) */
GPtrArray *signing_chain_read(Slice pem, GError **error);
/* Whether a signature by @key can go with them, whenever that is. ASSAY_ERROR_INVALID: they are not
 * as they must be; _MISMATCH: the first is of another key; _UNSUPPORTED: the Notary Project has no
 * signatures by such a key. */
bool signing_chain_check(const GPtrArray *chain, const PublicKey *key, GError **error);

/* Since when all of them are good, and until when, in seconds since 1970. */
typedef struct {
  int64_t from, until;
} ChainTimes;
/* Of certificates that were checked. */
ChainTimes signing_chain_times(const GPtrArray *chain);
/* Whether they are good @now. ASSAY_ERROR_INVALID. */
bool signing_chain_good(ChainTimes times, int64_t now, GError **error);
