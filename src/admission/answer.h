/* The answer to an AdmissionReview, as the API server takes it: it compares uid, apiVersion and
 * kind, and refuses what differs. Pure. */
#pragma once

#include <jansson.h>

#include "admission/decision.h"

/* Of the validating webhook: allowed or not, with the message. (transfer full) */
json_t *answer_validate(const Review *review, const AdmissionDecision *decision);
/* Of the mutating one: it allows, and replaces names of images by those that are fixed to the
 * digest which was judged (JSONPatch, RFC 6902). What is refused, the validating one refuses. A Pod
 * of a node's own file stays as it is. (transfer full) */
json_t *answer_mutate(const Review *review, const AdmissionDecision *decision);
