/* Signatures of images of other registries, verified; see the header. */
#include "pipeline/elsewhere.h"

#include "pipeline/beside.h"

uint64_t
elsewhere_trust(Pipeline *pipeline)
{
  g_autoptr(PolicySet) policy = pipeline_policy(pipeline);
  g_auto(Trusted) trusted = beside_trusted_by(pipeline, policy, g_get_real_time());
  return trusted.stamp;
}

bool
elsewhere_wants_signatures(Pipeline *pipeline, const char *repository)
{
  g_autoptr(PolicySet) policy = pipeline_policy(pipeline);
  return policy_set_wants_signatures(policy, repository);
}

bool
elsewhere_may_vouch(Pipeline *pipeline, const char *repository)
{
  g_autoptr(PolicySet) policy = pipeline_policy(pipeline);
  return policy_set_demands_signatures(policy, repository);
}

ImageSignatures *
elsewhere_verify(Pipeline *pipeline, const SignatureSource *source, const SignatureClaim *claim,
                 int64_t *turns, GError **error)
{
  int64_t now = g_get_real_time();
  g_autoptr(PolicySet) policy = pipeline_policy(pipeline);
  g_auto(Trusted) trusted = beside_trusted_by(pipeline, policy, now);
  ImageSignatures *signatures =
      image_signatures_verify(source, trusted.attestors, claim, now / G_USEC_PER_SEC, error);
  if (signatures == NULL)
    return NULL;
  int64_t ends = signatures->turns == 0 ? 0 : (signatures->turns + 1) * G_USEC_PER_SEC;
  *turns = ends > now && (trusted.turns == 0 || ends < trusted.turns) ? ends : trusted.turns;
  return signatures;
}
