/* What is remembered of an object that was admitted: its images run from now on
 * (registry/running.h), or may run although they are refused (admission/broken_glass.h). */
#pragma once

#include "server/admission/desk.h"

/* Of a review that was answered by @decision: what it runs now, if it is an object of its own. A
 * dry run changes nothing. */
void admission_note_running(AdmissionDesk *desk, const char *cluster, const Review *review,
                            const AdmissionDecision *decision);

/* AdmissionInput.glass, for @cluster. Blocks. */
Found admission_glass(AdmissionDesk *desk, const char *cluster, const Review *review,
                      const GPtrArray *images, char **told, GError **error);
