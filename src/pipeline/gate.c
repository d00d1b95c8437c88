/* The gate at pull: the policy judges by what is known of the image now. */
#include "base/error.h"
#include "pipeline/pipeline-private.h"

static PolicySet *
present_policy(Pipeline *pipeline)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&pipeline->lock);
  return policy_set_ref(pipeline->policy);
}

Verdict *
pipeline_judge_pull(Pipeline *pipeline, const char *repository, const char *reference,
                    const StoredManifest *stored, ScanState *scan, GError **error)
{
  *scan = SCAN_NOT_APPLICABLE;
  g_autoptr(PolicySet) policy = present_policy(pipeline);
  PolicyInput input = {.repository = repository,
                       .reference = reference,
                       .scan_state = SCAN_NOT_APPLICABLE,
                       .pushed = stored->pushed,
                       .now = g_get_real_time()};
  if (!policy_set_applies(policy, repository))
    return policy_judge(policy, &input);
  g_autoptr(Manifest) manifest =
      manifest_parse(slice_from_bytes(stored->bytes), stored->media_type, error);
  if (manifest == NULL)
    return NULL;
  if (!manifest_is_container_image(manifest))
    return policy_judge(policy, &input);

  g_autoptr(GError) failure = NULL;
  g_autoptr(MatchResult) result = NULL;
  g_autoptr(ImageSummary) summary = pipeline_image_summary(pipeline, &stored->digest, &failure);
  if (summary != NULL)
    input.scan_state = summary->state;
  if (input.scan_state == SCAN_DONE)
    result = pipeline_image_findings(pipeline, &stored->digest, &failure);
  /* Without advisories nothing is known of the packages: that is no scan. */
  if (g_error_matches(failure, ASSAY_ERROR, ASSAY_ERROR_NOT_FOUND)) {
    g_clear_error(&failure);
    input.scan_state = SCAN_NONE;
  }
  if (failure != NULL) {
    g_propagate_error(error, g_steal_pointer(&failure));
    return NULL;
  }
  *scan = input.scan_state;
  if (result != NULL) {
    input.findings = result->findings;
    input.uncovered = result->uncovered;
  }
  return policy_judge(policy, &input);
}
