/* Signing an image: what a key makes of it in each format, as an artifact that is to be pushed to
 * the image's repository. Blocks as the key and the authority of time stamps do; their errors are
 * key_sign()'s and timestamp_authority_ask()'s, and nothing is half signed. */
#pragma once

#include "base/cancellable.h"
#include "sign/formats/signature.h"
#include "sign/keys/key.h"
#include "sign/timestamp_authority.h"

typedef struct {
  GPtrArray *blobs;    /* GBytes: the config and the layer that is new; they go first */
  GBytes *manifest;    /* of the type MEDIA_TYPE_OCI_MANIFEST */
  Digest digest;       /* of the manifest */
  char *tag;           /* under which it belongs; NULL: it is a referrer, and has no tag */
  char *type;          /* of a referrer, for lists that clients keep; or NULL */
  json_t *annotations; /* of a referrer's manifest; or NULL */
  bool is_there;       /* the manifest is the existing one, which has this signature already */
} SignedArtifact;

void signed_artifact_free(SignedArtifact *artifact);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SignedArtifact, signed_artifact_free)

/* The manifest that is signed. */
typedef struct {
  const char *media_type;
  Digest digest;
  uint64_t size;
} SignedSubject;

/* By what it is signed. Each signature gets a time stamp, where there is an authority for them. */
typedef struct {
  Key *key;
  const TimestampAuthority *times; /* or NULL */
  Cancellable *cancellable;        /* or NULL */
} SigningMeans;

/* A layer for the tag sha256-HEX.sig. @reference: "HOST/REPOSITORY:TAG", which readers compare.
 * @annotations: what is claimed beside, name -> text, or NULL. @existing: the manifest that the tag
 * has, to which the signature is added, or NULL; what is no list of signatures is
 * ASSAY_ERROR_INVALID, and a full one _LIMIT. (transfer full) */
SignedArtifact *cosign_write(const SignedSubject *subject, const char *reference,
                             json_t *annotations, const SigningMeans *means, GBytes *existing,
                             GError **error);
/* A referrer, as cosign 3 makes it. (transfer full) */
SignedArtifact *bundle_write(const SignedSubject *subject, json_t *annotations,
                             const SigningMeans *means, GError **error);
/* A referrer, as notation makes it. @chain: the certificates of the key (signing_chain.h), good
 * @now, in seconds since 1970, as which it is signed; also signing_chain_check()'s errors.
 * (transfer full)
 */
SignedArtifact *notation_write(const SignedSubject *subject, json_t *annotations,
                               const GPtrArray *chain, int64_t now, const SigningMeans *means,
                               GError **error);

/* What is known of an image, signed. @name: of the subject, "HOST/REPOSITORY", or NULL. */
typedef struct {
  const char *type; /* of the predicate: a URI */
  json_t *predicate;
  const char *name;
} SignedStatement;
/* A layer for the tag sha256-HEX.att, as cosign 2 makes it; @existing as above. (transfer full) */
SignedArtifact *attestation_write(const SignedSubject *subject, const SignedStatement *statement,
                                  const SigningMeans *means, GBytes *existing, GError **error);
/* The same as a referrer, as cosign 3 makes it. (transfer full) */
SignedArtifact *attestation_bundle_write(const SignedSubject *subject,
                                         const SignedStatement *statement,
                                         const SigningMeans *means, GError **error);
