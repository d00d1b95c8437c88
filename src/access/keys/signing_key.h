/* One key that signs tokens: made, sealed, and read again. May be called from any thread; nothing
 * blocks. */
#pragma once

#include <gnutls/x509.h>

#include "access/keys/sealed.h"
#include "sign/keys/public_key.h"

typedef struct {
  PublicKey *public;
  gnutls_privkey_t private;
  char *header;      /* of tokens by it: jwt_header() */
  char *certificate; /* PEM */
  int64_t from;      /* when it begins to sign, in microseconds since 1970 */
} SigningKey;

/* On P-256. @name: the certificate's, which is valid until @until. (transfer full) */
SigningKey *signing_key_make(const char *name, int64_t from, int64_t until, GError **error);
/* What signing_key_seal() gave. (transfer full) */
SigningKey *signing_key_unseal(const Sealer *sealer, const char *kid, Slice sealed,
                               const char *certificate, int64_t from, GError **error);
/* (transfer full) */
GBytes *signing_key_seal(const SigningKey *key, const Sealer *sealer, GError **error);
void signing_key_free(SigningKey *key);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SigningKey, signing_key_free)
