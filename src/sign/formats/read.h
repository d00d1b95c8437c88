/* All signatures and attestations of an image, from wherever they lie: the tags sha256-HEX.sig and
 * .att, and referrers. What a manifest has is told by the types of its layers. Blocks as its source
 * does. */
#pragma once

#include "sign/formats/signature.h"

/* Where an image's signatures are read from: a registry's store, or a remote. */
typedef struct {
  void *data;
  /* @reference: a tag or a digest. NULL with ASSAY_ERROR_NOT_FOUND: there is none. (transfer full)
   */
  GBytes *(*manifest)(void *data, const char *reference, char **media_type, GError **error);
  /* Descriptors, as a list of referrers has them; maybe empty. (transfer full) */
  json_t *(*referrers)(void *data, const char *digest, GError **error);
  /* At most @most bytes: more are ASSAY_ERROR_LIMIT. (transfer full) */
  GBytes *(*blob)(void *data, const char *digest, uint64_t most, GError **error);
  /* When it is certain to have been there already, in seconds since 1970; 0: nobody knows. NULL: of
   * none. */
  int64_t (*known_since)(void *data, const Digest *manifest);
  /* Bytes that are read of all that lies beside an image; 0: SIGNATURE_BYTES_MAX. */
  uint64_t most;
} SignatureSource;

/* Beyond these a registry's answers are not read. */
#define SIGNATURES_MAX          200u
#define SIGNATURE_MANIFESTS_MAX 200u
#define SIGNATURE_BYTES_MAX     ((uint64_t)64 * 1024 * 1024)

typedef struct {
  GPtrArray *signatures; /* Signature */
  GPtrArray *problems;   /* char *: what could not be read, and why, a sentence each */
  /* Something is there that was not read: there may be more signatures than those above. */
  bool incomplete;
} FoundSignatures;

void found_signatures_clear(FoundSignatures *found);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(FoundSignatures, found_signatures_clear)

/* @found: zero bytes. What is read is what its digest names. False with *error: the source failed
 * otherwise than by not having it. */
bool signatures_read(const SignatureSource *source, const Digest *image, FoundSignatures *found,
                     GError **error);
