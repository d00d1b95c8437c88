/* What other registries said of images (elsewhere_ask.h), kept for a while. They are asked by
 * threads of our own, few at a time, of each host fewer, so that one that is slow keeps nobody from
 * the others; who asks for the same image meanwhile waits for the same answer. What was opened by
 * somebody's credentials is kept for who shows the same ones. */
#pragma once

#include "admission/decision.h"
#include "server/admission/desk.h"
#include "server/admission/elsewhere_ask.h"

/* What a tag names, and why an image is refused, is asked for again after so long; what was found
 * beside a digest; what went wrong. Microseconds. */
#define TAG_KEPT    ((int64_t)60 * G_USEC_PER_SEC)
#define DIGEST_KEPT ((int64_t)3600 * G_USEC_PER_SEC)
#define ERROR_KEPT  ((int64_t)15 * G_USEC_PER_SEC)

Elsewhere *elsewhere_new(ServerContext *context);
/* Ends what is being fetched; nothing is asked any more. */
void elsewhere_stop(Elsewhere *elsewhere);
void elsewhere_free(Elsewhere *elsewhere);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Elsewhere, elsewhere_free)

/* Never blocks on the network. @logins: "USER:PASSWORD" each, ended by NULL, tried in their order
 * before `admission.authfile`; or NULL. What was read more than @keep ago does not count.
 * IMAGE_ADMITTED: *seen (transfer full). IMAGE_PENDING: it is being asked for; requests are woken
 * then. IMAGE_REFUSED: there is no such image, and IMAGE_UNKNOWN: nobody can say; with *why
 * (transfer full). */
ImageState elsewhere_look(Elsewhere *elsewhere, const Reference *name, const char *text,
                          const char *const *logins, int64_t keep, SeenImage **seen, char **why);
