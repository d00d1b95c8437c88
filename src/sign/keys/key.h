/* Keys that sign, wherever their private part is: behind one face, a kind of key a file
 * (key_kind.h) and a line of the list in key.c. A key is named by a URI, whose scheme is the kind:
 *
 *   file:/etc/assay/release.key     PKCS#8 in PEM, encrypted or not, and cosign.key
 *   pkcs11:token=T;object=O         a token or an HSM (pkcs11_key.h)
 *   vault://KEY                     Vault's or OpenBao's transit engine (vault_key.c)
 *   aws-kms://REGION/KEY            the services of clouds (aws_key.c, google_key.c, azure_key.c,
 *   gcp-kms://projects/...          alibaba_key.c, tencent_key.c)
 *   azure-kms://VAULT/KEY
 *   alibaba-kms://REGION/KEY
 *   tencent-kms://REGION/KEY
 *
 * What opens it (a password, a PIN, a token) is never part of the URI: it is in a file of
 * KeyOptions, or in the environment. A Key may be used by several threads; signing and opening may
 * block, on the disk and on the network.
 *
 * Errors, of every kind alike: ASSAY_ERROR_NOT_FOUND (there is no such key), _DENIED (wrong
 * password or PIN, a grant that has ended), _UNSUPPORTED (the key does not sign so), _NETWORK,
 * _TIMEOUT, _BUSY (too many requests), _CANCELLED. The last four and _IO may pass. There is a whole
 * signature or none. */
#pragma once

#include "base/cancellable.h"
#include "sign/keys/public_key.h"

/* Each may be NULL; they must live while a key is opened. */
typedef struct {
  const char *password_file; /* its first line opens an encrypted key file */
  const char *pin_file;      /* ... a token */
  const char *token_file;    /* ... a service over the network */
  const char *ca_file;       /* extra trust anchors of that service, in PEM */
  unsigned seconds;          /* that an answer may take; 0: 10 */
} KeyOptions;

/* Immutable; reference-counted. */
typedef struct Key Key;

Key *key_open(const char *uri, const KeyOptions *options, Cancellable *cancellable, GError **error);
Key *key_ref(Key *key);
void key_free(Key *key);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Key, key_free)

/* (transfer none) */
const PublicKey *key_public(const Key *key);
/* Which version of a key that is turned over where it is; "" where there are none. */
const char *key_version(const Key *key);

/* The signature of @message as @algorithm has it (public_key.h). Checked with the public key before
 * it is given: what does not verify is ASSAY_ERROR_MISMATCH. (transfer full) */
GBytes *key_sign(Key *key, SignatureAlgorithm algorithm, Slice message, Cancellable *cancellable,
                 GError **error);

/* The kinds of private keys that key_make() makes. */
extern const char *const key_algorithms[]; /* "ecdsa-p256", ...; NULL-terminated */

/* Makes a key at @uri, whose kind allows it, and where nothing is yet. ASSAY_ERROR_EXISTS,
 * _UNSUPPORTED. @algorithm: one of key_algorithms[]. */
bool key_make(const char *uri, const char *algorithm, const KeyOptions *options,
              Cancellable *cancellable, GError **error);
