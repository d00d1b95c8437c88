/* Which attestors vouch for an image: each of its signatures, verified by each attestor's keys and
 * roots. Blocks as the source of the signatures does.
 *
 * When a signature was made is known by an RFC 3161 time stamp whose authority the attestor trusts,
 * by the word of a log that he trusts (proof.h), or, at the latest, by when its manifest is known
 * to have been there (SignatureSource), which is no proof for certificates that last for minutes;
 * what it claims of itself proves nothing, as whoever has the key may claim any time. So:
 *
 * - of a key that was revoked, a signature counts that is known to be older;
 * - of a key or certificate whose time is over, likewise;
 * - of a key whose time has not begun, none counts that claims to be older, or is known to be. */
#pragma once

#include "sign/attestor.h"
#include "sign/formats/read.h"

typedef struct {
  char *attestor;
  char *key;    /* fingerprint of the key, or of the certificate's */
  char *signer; /* whom the certificate names; NULL: it is by a key alone */
  SignatureFormat format;
  char *predicate_type; /* of a statement, or NULL */
  json_t *predicate;    /* of a statement, or NULL; shared, read only */
  json_t *annotations;  /* what its maker claims: an object, or NULL */
  int64_t signed_at;    /* seconds since 1970: as known, or else as claimed; 0: nobody says */
  Digest manifest;      /* where it lies */
} VerifiedSignature;

/* Values of JSON in all predicates of an image: a hundred bytes and more each. */
#define SIGNATURE_VALUES_MAX ((size_t)300 * 1000)

/* Immutable; reference-counted. */
typedef struct {
  GPtrArray *valid;    /* VerifiedSignature: one for each signature and attestor */
  GPtrArray *problems; /* char *: why others do not count, a sentence each, or what is unread */
  unsigned seen;       /* signatures and attestations that are there, whoever made them */
  /* Something is there that was not read: who is not among `valid` may have signed all the same,
   * and is never taken to have. */
  bool incomplete;
  /* When the first of `valid` ends to count, by its maker's word, seconds since 1970; 0: none. */
  int64_t turns;
  size_t values; /* of JSON in the predicates, about */
  /*< private >*/
  gatomicrefcount references;
} ImageSignatures;

/* @attestors: const Attestor *. @now: seconds since 1970. NULL with *error where the source failed:
 * nothing is known then, ASSAY_ERROR_NETWORK and others. (transfer full) */
ImageSignatures *image_signatures_verify(const SignatureSource *source, const GPtrArray *attestors,
                                         const SignatureClaim *claim, int64_t now, GError **error);
ImageSignatures *image_signatures_ref(ImageSignatures *signatures);
void image_signatures_unref(ImageSignatures *signatures);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ImageSignatures, image_signatures_unref)

/* Whether @attestor signed the image itself, and not only attested something of it. */
bool image_signatures_has(const ImageSignatures *signatures, const char *attestor);
