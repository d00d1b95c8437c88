/* Who vouches for images: a name, and the keys or certificates by which their signatures are known.
 * A set of attestors is what signatures are verified by (verify.h). Immutable once made; pure. */
#pragma once

#include "sign/formats/signature.h"

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
} AttestorIdentity;

typedef struct {
  char *name, *description; /* description may be NULL */
  unsigned formats;         /* bits 1 << SignatureFormat; 0: all */
  GPtrArray *keys;          /* AttestorKey */
  GPtrArray *roots;         /* GBytes: certificates in DER, to which a signature's must lead */
  GPtrArray *identities;    /* AttestorIdentity: one of them; empty: each that leads to a root */
  GPtrArray *time_roots;    /* GBytes: of whom time stamps are taken */
} Attestor;

/* Without keys and roots. (transfer full) */
Attestor *attestor_new(const char *name);
void attestor_free(Attestor *attestor);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Attestor, attestor_free)

/* Takes over @key; @name: NULL: the fingerprint. What it gives may be filled. (transfer none) */
AttestorKey *attestor_add_key(Attestor *attestor, PublicKey *key, const char *name);
void attestor_add_identity(Attestor *attestor, const char *subject, const char *name);
/* Adds the certificates of a PEM file to `roots` or `time_roots`. ASSAY_ERROR_INVALID: there is
 * none, or what is no certificate; _LIMIT: with those that
 * are there, more than a hundred. */
bool attestor_read_roots(Slice pem, GPtrArray *roots, GError **error);
bool attestor_takes(const Attestor *attestor, SignatureFormat format);
