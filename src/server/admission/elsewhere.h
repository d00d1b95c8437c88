/* Images of other registries, as `admission.elsewhere` says. With "verify" their registry is asked
 * which digest the name has, by the credentials of `admission.authfile`; if this registry holds
 * that very image, it has tested it, and the policy for HOST/REPOSITORY judges what it found. An
 * image that is not here is refused.
 *
 * Nobody waits for another registry longer than the API server waits: what it says is fetched by
 * threads of our own, few at a time, and kept for a while, so that the next who ask are answered
 * from memory. */
#pragma once

#include "server/admission/desk.h"

Elsewhere *elsewhere_new(ServerContext *context);
/* Ends what is being fetched. */
void elsewhere_free(Elsewhere *elsewhere);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Elsewhere, elsewhere_free)

/* IMAGE_PENDING: its registry has not answered yet; requests are woken when it has. (transfer full)
 */
ImageAnswer *elsewhere_judge(AdmissionDesk *desk, const ImageQuestion *question);
