/* What commands have in common that look at the signatures of an image in a registry, without a
 * server: reading them, and judging them by a policy. */
#pragma once

#include "cli/source_options.h"
#include "sign/verify.h"
#include "verdict/judge.h"

/* An image in a registry, with what lies beside it. */
typedef struct {
  Digest digest;
  char *repository;            /* without the host */
  ImageSignatures *signatures; /* by the attestors of the policy */
  GPtrArray *of_indexes;       /* ImageSignatures of the index that is named, if it holds it */
} SignedImage;
void signed_image_clear(SignedImage *image);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(SignedImage, signed_image_clear)

/* Reads and verifies what lies beside the image that @reference (docker://HOST/REPOSITORY, with a
 * tag, a digest or both) names, or beside its @member, by the attestors of @policy; asks the
 * registry. False: it is not there, or the registry does not answer; what else cannot be read is
 * incomplete. */
bool signed_image_read(const char *reference, const Digest *member, const Config *config,
                       const PolicySet *policy, SignedImage *image, GError **error);

/* A name of an attestor that the file of @policy does not have is an error: no server is asked,
 * which might have it. */
bool signature_attestors_known(const PolicySet *policy, GError **error);
