/* Signed tokens: JSON Web Signatures in compact form (RFC 7515, section 7.1) and the claims in them
 * (RFC 7519). What comes is hostile: a token is bounded in size, its algorithm is one of
 * public_key.h's, and nothing in its header says by which key it is to be verified except the name
 * of one that the caller has. Keys, URLs and certificates in headers are not looked at; a header
 * that marks something as critical is refused. May be called from any thread; nothing blocks. */
#pragma once

#include <jansson.h>

#include "base/json.h"
#include "sign/keys/public_key.h"

#define JWT_BYTES_MAX ((size_t)64 * 1024)

typedef struct {
  SignatureAlgorithm algorithm;
  char *kid;  /* NULL: it names no key */
  char *type; /* `typ`; NULL: none is named */
  GBytes *payload, *signature;
  char *signed_part; /* what the signature is of */
} Jwt;

/* Splits and decodes; nothing is verified. ASSAY_ERROR_INVALID, _LIMIT; _UNSUPPORTED: an algorithm
 * that is not taken. (transfer full) */
Jwt *jwt_parse(Slice text, GError **error);
void jwt_free(Jwt *jwt);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Jwt, jwt_free)

bool jwt_is_by(const Jwt *jwt, const PublicKey *key);
/* By one of @keys (PublicKey *) that has its kid; where it names none, by any that fits. The
 * claims, an object. ASSAY_ERROR_DENIED: the signature is of none of them; _NOT_FOUND: no key has
 * that name, so that the caller may know too few; _INVALID: the claims are no object. (transfer
 * full) */
json_t *jwt_claims(const Jwt *jwt, const GPtrArray *keys, GError **error);

/* How far clocks may differ, in seconds. */
#define JWT_LEEWAY 60
/* `exp` must be there and to come, `nbf` and `iat` past where they are there; @now: seconds since
 * 1970. ASSAY_ERROR_DENIED. */
bool jwt_check_times(const json_t *claims, int64_t now, GError **error);
/* When one ends that jwt_check_times() has let pass: microseconds since 1970, of a fraction as
 * well; far in the future at most. */
int64_t jwt_ends(const json_t *claims);
/* `aud`, one or a list. */
bool jwt_is_for(const json_t *claims, const char *audience);

/* A token by ES256. @header: what jwt_header() gave for the key. NULL: GnuTLS failed. (transfer
 * full) */
char *jwt_sign(const char *header, const json_t *claims, gnutls_privkey_t key, GError **error);
/* (transfer full) */
char *jwt_header(const char *kid);
