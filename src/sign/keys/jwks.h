/* JSON Web Keys and sets of them (RFC 7517, RFC 7518 section 6, RFC 8037). Pure. */
#pragma once

#include <jansson.h>

#include "base/json.h"
#include "sign/keys/public_key.h"

/* `alg`, where it has one, binds the key to that algorithm. ASSAY_ERROR_INVALID;
 * ASSAY_ERROR_UNSUPPORTED: of another type, or not for signatures. (transfer full) */
PublicKey *jwk_read(const json_t *jwk, GError **error);
/* One for signatures by ES256; NULL: the key is not on P-256. (transfer full) */
json_t *jwk_write(const PublicKey *key);

/* A set of at most so many bytes and keys. Keys that are of no use, or have their private part with
 * them, are passed over. ASSAY_ERROR_INVALID, _LIMIT. (transfer full): PublicKey * */
#define JWKS_BYTES_MAX ((size_t)256 * 1024)
#define JWKS_KEYS_MAX  64
GPtrArray *jwks_read(Slice text, GError **error);
/* (transfer full) */
json_t *jwks_write(const GPtrArray *keys);
