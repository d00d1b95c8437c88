/* Who vouches for images: a name, and the keys or certificates by which their signatures are known.
 * A set of attestors is what signatures are verified by (verify.h). Immutable once made; pure. */
#pragma once

#include "sign/formats/signature.h"
#include "sign/formats/trusted_root.h"

typedef struct {
  PublicKey *key;
  char *name; /* "release-2026", or its fingerprint */
  /* Seconds since 1970; 0: none. A signature counts that was made after not_before and before
   * not_after and revoked_at, as far as it is known when that was (verify.h). */
  int64_t not_before, not_after, revoked_at;
} AttestorKey;

/* Whom a certificate is of. */
typedef struct {
  /* Parts of a distinguished name that the certificate's has, "C=US, O=Example"; or NULL. */
  char *subject;
  /* Pattern ("*") of one of its alternative names: an address, a host, a URI; or NULL. */
  char *name;
  /* Pattern of the provider of identities (OIDC) that vouched for it at Fulcio; or NULL. */
  char *issuer;
} AttestorIdentity;

typedef struct {
  char *name, *description; /* description may be NULL */
  unsigned formats;         /* bits 1 << SignatureFormat; 0: all */
  GPtrArray *keys;          /* AttestorKey */
  GPtrArray *roots;         /* GBytes: certificates in DER, to which a signature's must lead */
  GPtrArray *identities;    /* AttestorIdentity: one of them; empty: each that leads to a root */
  GPtrArray *time_roots;    /* GBytes: of whom time stamps are taken */
  /* Authorities beside those; and logs: where there are some, each signature must be in one. */
  TrustedRoot *sigstore;
} Attestor;

/* Without keys and roots. (transfer full) */
Attestor *attestor_new(const char *name);
void attestor_free(Attestor *attestor);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Attestor, attestor_free)

/* Takes over @key; @name: NULL: the fingerprint. What it gives may be filled. (transfer none) */
AttestorKey *attestor_add_key(Attestor *attestor, PublicKey *key, const char *name);
void attestor_add_identity(Attestor *attestor, const char *subject, const char *name,
                           const char *issuer);
/* A file that says by whom or by what signatures count. */
typedef enum {
  ATTESTOR_ROOTS,        /* certificates in PEM */
  ATTESTOR_TIME_ROOTS,   /* certificates in PEM */
  ATTESTOR_TRUSTED_ROOT, /* trusted_root_read() */
  ATTESTOR_REKOR,        /* the key of a log of signatures */
  ATTESTOR_CTLOG         /* the key of a log of certificates */
} AttestorFile;
/* Adds what it has. ASSAY_ERROR_INVALID: it is none; _LIMIT: with those that are there, there are
 * more than a hundred; _UNSUPPORTED. */
bool attestor_read(Attestor *attestor, AttestorFile kind, Slice file, GError **error);
/* Whether certificates count that last for minutes, as Fulcio's do: when a signature was made must
 * be proven then. */
bool attestor_is_keyless(const Attestor *attestor);
/* To be called when all is added: Fulcio gives certificates to everybody, in the name of many
 * providers of identities. So each identity must name its issuer, and without one (and without
 * @anybody, which says that all of them count) the authorities of a trusted root stand for nobody.
 * ASSAY_ERROR_INVALID. */
bool attestor_close(Attestor *attestor, bool anybody, GError **error);
bool attestor_takes(const Attestor *attestor, SignatureFormat format);
