/* Public keys that signatures are verified by, and the algorithms that they are for (RFC 7518,
 * RFC 8037). A key has one type, and an algorithm takes keys of one type, so that no signature can
 * be read as one of another kind; there is no "none" and nothing symmetric. May be called from any
 * thread; nothing blocks. */
#pragma once

#include <gnutls/abstract.h>

#include "base/slice.h"

typedef enum {
  ALGORITHM_ES256,
  ALGORITHM_ES384,
  ALGORITHM_RS256,
  ALGORITHM_RS384,
  ALGORITHM_RS512,
  ALGORITHM_PS256,
  ALGORITHM_EDDSA,
  ALGORITHM_COUNT
} SignatureAlgorithm;

/* False: @name is none of the above. */
bool algorithm_find(const char *name, SignatureAlgorithm *algorithm);
const char *algorithm_name(SignatureAlgorithm algorithm);

typedef struct PublicKey PublicKey;

/* @kid: its name, or NULL. @only: the one algorithm that it is for; ALGORITHM_COUNT: each that
 * takes its type. Takes over @key. An RSA key has 2048 bits at least and 8192 at most; an elliptic
 * one is on P-256, P-384 or Ed25519. ASSAY_ERROR_UNSUPPORTED: another; _INVALID: it is damaged.
 * (transfer full) */
PublicKey *public_key_new(const char *kid, gnutls_pubkey_t key, SignatureAlgorithm only,
                          GError **error);
void public_key_free(PublicKey *key);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PublicKey, public_key_free)
/* NULL: it has none. (transfer none) */
const char *public_key_id(const PublicKey *key);
/* (transfer none) */
gnutls_pubkey_t public_key_handle(const PublicKey *key);

bool public_key_fits(const PublicKey *key, SignatureAlgorithm algorithm);
/* @signature: as a JWS has it. False: it is not the key's of @bytes, or the key is not for the
 * algorithm. */
bool public_key_verify(const PublicKey *key, SignatureAlgorithm algorithm, Slice bytes,
                       Slice signature);
