/* Images of other registries, as `admission.elsewhere` says. With "verify" their registry is asked
 * which digest the name has, and for the signatures beside it (elsewhere_kept.h). The policy for
 * HOST/REPOSITORY judges:
 *
 * - what this registry holds in quarantine, in whichever repository, is refused;
 * - an image that is here, too, whatever it is called, is judged by what was found in it, and by
 * the signatures there;
 * - one that is not here is refused, unless the policy asks for signatures: then it is judged as
 * one that was never scanned, by those.
 *
 * Of an index, all images count that the nodes could run. */
#pragma once

#include "server/admission/desk.h"

/* @logins: as of elsewhere_look(). IMAGE_PENDING: its registry has not answered yet; requests are
 * woken when it has. Blocks on the database. (transfer full) */
ImageAnswer *elsewhere_judge(AdmissionDesk *desk, const ImageQuestion *question,
                             const char *const *logins);
