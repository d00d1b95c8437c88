/* Signing one stored image by one rule: whether it may be, with which key, and what is stored; see
 * signing_jobs.h for when. Any thread; one image is signed by one thread at a time. */
#pragma once

#include "pipeline/sign_due.h"

/* Copies @rooms. (transfer full) */
ImageSigner *image_signer_new(const SigningRooms *rooms);
void image_signer_free(ImageSigner *signer);
void image_signer_set_host(ImageSigner *signer, const char *host);

/* Whether @rule would sign the image now; *why: of all but SIGN_DUE. */
SignLook image_signer_look(const ImageSigner *signer, const SigningSet *set,
                           const SigningRule *rule, const char *repository, const char *digest,
                           GError **why);
/* As signing_jobs_sign(). @by_itself: an event asked for it: what is gone, is no image to sign, or
 * does not pass, is false without *error. */
bool image_signer_sign(ImageSigner *signer, const SigningSet *set, const SigningRule *rule,
                       const char *repository, const char *reference, bool by_itself,
                       SigningOutcome *outcome, Cancellable *cancellable, GError **error);
