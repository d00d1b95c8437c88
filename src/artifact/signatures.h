/* Signing an image in another registry: what is signed, and its signatures, which are pushed beside
 * it. Reading them is in source/remote_signatures.h. Blocks on the network. */
#pragma once

#include "artifact/artifact.h"
#include "sign/formats/write.h"

/* What a reference names. Free with remote_image_clear(). */
typedef struct {
  char *media_type;
  Digest digest;
  GBytes *manifest;
} RemoteImage;
void remote_image_clear(RemoteImage *image);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(RemoteImage, remote_image_clear)

/* The image that @remote was made for; called once, before all below. ASSAY_ERROR_NOT_FOUND: there
 * is none; _MISMATCH: its bytes are not those of the digest. */
bool remote_image_open(Remote *remote, RemoteImage *image, const Progress *progress,
                       Cancellable *cancellable, GError **error);
/* Another of the same repository, by its digest. */
bool remote_image_get(Remote *remote, const Digest *digest, RemoteImage *image,
                      Cancellable *cancellable, GError **error);
/* What its signatures are about; valid as long as @image. */
SignedSubject remote_image_subject(const RemoteImage *image);

/* The manifest at @tag; *manifest NULL: there is none. */
bool signature_tag_get(Remote *remote, const char *tag, GBytes **manifest, Cancellable *cancellable,
                       GError **error);
/* Pushes a signature of @subject (@remote was made with `push`): its blobs first, so that what is
 * seen is whole. */
bool signature_push(Remote *remote, const SignedArtifact *artifact, const Digest *subject,
                    Cancellable *cancellable, GError **error);
