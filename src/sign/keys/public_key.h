/* Public keys that signatures are verified by, and the algorithms that they are for (RFC 7518,
 * RFC 8037, and what cosign writes). A key has one type, and an algorithm takes keys of one type,
 * so that no signature can be read as one of another kind; there is no "none" and nothing
 * symmetric. May be called from any thread; nothing blocks. */
#pragma once

#include <gnutls/abstract.h>

#include "base/slice.h"

typedef enum {
  ALGORITHM_ES256,
  ALGORITHM_ES384,
  ALGORITHM_ES512,
  ALGORITHM_RS256,
  ALGORITHM_RS384,
  ALGORITHM_RS512,
  ALGORITHM_PS256,
  ALGORITHM_PS384,
  ALGORITHM_PS512,
  ALGORITHM_EDDSA,
  /* ECDSA with SHA-256 on any of our curves, the signature as ASN.1's DER has it: what cosign and
   * skopeo make and take, also of keys on P-384. No JWS has it. */
  ALGORITHM_ECDSA_SHA256,
  /* By the one kind of key that takes no other, its signature in DER (sm2.h). No JWS has it, and
   * neither cosign, skopeo nor notation. */
  ALGORITHM_SM2_SM3,
  ALGORITHM_COUNT
} SignatureAlgorithm;

/* One that tokens are signed by (access/keys/jwt.h), by the name that a JWS has for it. False:
 * @name is none. */
bool algorithm_find(const char *name, SignatureAlgorithm *algorithm);
/* As a JWS has it, where one has it. */
const char *algorithm_name(SignatureAlgorithm algorithm);

/* Immutable. */
typedef struct PublicKey PublicKey;

/* @kid: its name, or NULL. @only: the one algorithm that it is for; ALGORITHM_COUNT: each that
 * takes its type. Takes over @key. An RSA key has 2048 bits at least and 8192 at most; an elliptic
 * one is on P-256, P-384, P-521 or Ed25519. ASSAY_ERROR_UNSUPPORTED: another; _INVALID: it is
 * damaged. (transfer full) */
PublicKey *public_key_new(const char *kid, gnutls_pubkey_t key, SignatureAlgorithm only,
                          GError **error);
/* Of a file: "PUBLIC KEY" in PEM, the key of a certificate in PEM, or a SubjectPublicKeyInfo in
 * DER. The same errors. (transfer full) */
#define PUBLIC_KEY_FILE_MAX ((size_t)64 * 1024)
PublicKey *public_key_read(Slice file, GError **error);
void public_key_free(PublicKey *key);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PublicKey, public_key_free)
/* NULL: it has none. (transfer none) */
const char *public_key_id(const PublicKey *key);
/* "sha256:" and the digest of its SubjectPublicKeyInfo in DER: which key it is, wherever it comes
 * from. Lives as long as the key. */
const char *public_key_fingerprint(const PublicKey *key);
/* SubjectPublicKeyInfo. (transfer full) */
GBytes *public_key_to_der(const PublicKey *key);
char *public_key_to_pem(const PublicKey *key);
/* (transfer none) NULL: it is one of SM2, which GnuTLS does not know. */
gnutls_pubkey_t public_key_handle(const PublicKey *key);
/* "ECDSA P-256", "RSA 3072", "Ed25519", "SM2". (transfer full) */
char *public_key_in_words(const PublicKey *key);

bool public_key_fits(const PublicKey *key, SignatureAlgorithm algorithm);
/* By which cosign signs with such a key. */
SignatureAlgorithm public_key_cosign_algorithm(const PublicKey *key);
/* By which the Notary Project has such a key sign ("Signature Algorithm Requirements"). False: none
 * for it. */
bool public_key_notation_algorithm(const PublicKey *key, SignatureAlgorithm *algorithm);
/* @signature: as a JWS has it, where one has it. False: it is not the key's of
 * @bytes, or the key is not for the algorithm. */
bool public_key_verify(const PublicKey *key, SignatureAlgorithm algorithm, Slice bytes,
                       Slice signature);

/* For whoever signs: GnuTLS's name, and a signature from it (ASN.1) as the algorithm has it.
 * (transfer full) NULL: it is none. */
gnutls_sign_algorithm_t algorithm_for_gnutls(SignatureAlgorithm algorithm);
GBytes *algorithm_signature(SignatureAlgorithm algorithm, Slice from_gnutls);
/* The other way round. (transfer full) NULL: it is none. */
GBytes *algorithm_signature_for_gnutls(SignatureAlgorithm algorithm, Slice signature);
