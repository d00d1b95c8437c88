/* Who vouches for images of other registries: the attestors of the policy and of this server, as
 * for images that are here. What the policy makes of it is pipeline_judge_elsewhere(). */
#pragma once

#include "pipeline/pipeline.h"
#include "sign/verify.h"

/* Another as soon as the policy, or who is trusted, is. */
uint64_t elsewhere_trust(Pipeline *pipeline);
/* Whether what is signed of images of @repository ("HOST/REPOSITORY") is looked at; and whether one
 * that is not here, and so was never scanned, may be vouched for by signatures alone. */
bool elsewhere_wants_signatures(Pipeline *pipeline, const char *repository);
bool elsewhere_may_vouch(Pipeline *pipeline, const char *repository);

/* *turns: when the answer may be another by itself, microseconds since 1970; 0: never. Blocks as
 * the source does, and fails as it does. (transfer full) */
ImageSignatures *elsewhere_verify(Pipeline *pipeline, const SignatureSource *source,
                                  const SignatureClaim *claim, int64_t *turns, GError **error);
