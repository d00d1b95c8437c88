/* Signing by a key of GnuTLS, of a file or of a token. */
#pragma once

#include "sign/keys/public_key.h"

/* As the algorithm has it. Blocks as long as the key does. (transfer full) NULL with *error. */
GBytes *gnutls_sign(gnutls_privkey_t key, SignatureAlgorithm algorithm, Slice message,
                    GError **error);
/* What GnuTLS says of a key or a token as an error of key.h: "@what: ...". Returns false. */
bool gnutls_key_error(GError **error, int status, const char *what);
/* The public half. (transfer full) NULL with *error. */
PublicKey *gnutls_public_half(gnutls_privkey_t key, GError **error);
/* The type and the bits of one of key_algorithms[]. False: another. */
bool gnutls_key_type(const char *algorithm, gnutls_pk_algorithm_t *type, unsigned *bits);
