/* The gate at pull: waits for a scan that is under way, lets the policy judge, and remembers what
 * it said of images that will not change. */
#include "base/cache.h"
#include "base/error.h"
#include "inventory/image.h"
#include "pipeline/artifacts.h"
#include "pipeline/beside.h"
#include "pipeline/pipeline-private.h"
#include "registry/namespaces.h"
#include "registry/quarantine.h"
#include "verdict/completeness.h"

/* --- what was said before --- */

#define VERDICTS_MAX 4096
/* Lines of all of them, some hundred bytes each: a refusal has one for each finding. */
#define LINES_MAX 50000u

Cache *
gate_cache_new(void)
{
  return cache_new(VERDICTS_MAX, LINES_MAX, (CacheRef)verdict_ref, (GDestroyNotify)verdict_unref);
}

/* All of the input that is not in the judgement: the reference stands in the message, the time of
 * the push begins the grace, the namespace may leave kinds out, and signatures come and go. */
static char *
verdict_key(const PolicyInput *input, const Digest *manifest, FindingKinds without,
            const SignatureFacts *facts)
{
  return g_strdup_printf("%s\n%s\n%s\n%" G_GINT64_FORMAT "\n%u\n%s", input->repository,
                         input->reference, manifest->text, input->pushed, without,
                         facts->key != NULL ? facts->key : "");
}

static Verdict *
find_verdict(Cache *cache, const char *key, uint64_t judgement, int64_t now)
{
  g_autoptr(Verdict) known = cache_get(cache, key, judgement);
  bool ended = known != NULL && known->expires != 0 && now >= known->expires;
  return ended ? NULL : g_steal_pointer(&known);
}

static void
remember_verdict(Cache *cache, const char *key, uint64_t judgement, Verdict *verdict)
{
  cache_put(cache, key, judgement, verdict, verdict->reasons->len + verdict->warnings->len);
}

/* --- judging --- */

/* A scan that is tried again so soon is as good as one under way. */
#define RETRY_SOON ((int64_t)5 * G_USEC_PER_SEC)

/* What was pushed as something else under another media type was never looked at. */
static ScanState
known_state(const ImageSummary *summary)
{
  return summary->state == SCAN_NOT_APPLICABLE ? SCAN_NONE : summary->state;
}

/* Of a scan by older detectors. */
static char *
renewal_in_words(const ImageSummary *summary)
{
  if (summary->renewal_error == NULL)
    return g_strdup("scanned by older detectors; the present ones inspect it again in the "
                    "background");
  g_autoptr(GDateTime) time =
      g_date_time_new_from_unix_utc(summary->renewal_failed / G_USEC_PER_SEC);
  g_autofree char *since = g_date_time_format(time, "%Y-%m-%d %H:%M UTC");
  return g_strdup_printf("scanned by older detectors, whose word is in force; the present ones "
                         "could not inspect it (since %s): %s",
                         since, summary->renewal_error);
}

/* By a scan that is done. */
static Verdict *
judge_scan(const PolicySet *policy, const PolicyInput *input, const ImageSummary *summary)
{
  Verdict *verdict = policy_judge(policy, input);
  if (image_summary_is_of_older_detectors(summary))
    g_ptr_array_add(verdict->warnings, renewal_in_words(summary));
  return verdict;
}

/* By what an image is judged. */
typedef struct {
  const PolicySet *policy;
  FindingKinds without; /* of its namespace */
} Asked;

/* What is known of its signatures, where the policy asks for any. */
static void
set_signatures(PolicyInput *input, const SignatureFacts *facts)
{
  input->signatures = facts->own;
  input->of_indexes = facts->of_indexes;
  input->more_indexes = facts->more;
  input->signatures_turn = facts->turns;
}

/* Looks at the bytes of layers, where it matters. */
static void
note_artifact(Pipeline *pipeline, PolicyInput *input, const Manifest *manifest)
{
  input->artifact =
      input->signatures != NULL && artifacts_run_nothing(pipeline, input->repository, manifest);
}

/* What the namespace looks for; NULL: @result is. (transfer container) */
static GPtrArray *
wanted(const Asked *asked, const MatchResult *result)
{
  return result == NULL ? NULL : findings_without(result->findings, asked->without);
}

/* By what was observed in it alone: @why its packages are not known, which is no matter to who
 * looks for nothing in them. */
static Verdict *
judge_unmatched(Pipeline *pipeline, const Asked *asked, PolicyInput *input, const Digest *manifest,
                const char *why, GError **error)
{
  g_autoptr(GError) failure = NULL;
  g_autoptr(MatchResult) observed = pipeline_image_observed(pipeline, manifest, &failure);
  if (observed == NULL && !g_error_matches(failure, ASSAY_ERROR, ASSAY_ERROR_NOT_FOUND)) {
    g_propagate_error(error, g_steal_pointer(&failure));
    return NULL;
  }
  bool known = observed != NULL && (asked->without & FINDING_KIND_BIT(FINDING_VULNERABILITY)) != 0;
  input->scan_state = known ? SCAN_DONE : SCAN_NONE;
  input->detail = known ? NULL : why;
  g_autoptr(GPtrArray) findings = wanted(asked, observed);
  g_autoptr(GPtrArray) gaps =
      completeness_without(observed == NULL ? NULL : observed->gaps, asked->without);
  input->findings = findings;
  input->gaps = gaps;
  Verdict *verdict = policy_judge(asked->policy, input);
  input->findings = input->gaps = NULL;
  return verdict;
}

/* Judges the image by its scan and, if that is whole, its findings. */
static Verdict *
judge_image(Pipeline *pipeline, const Asked *asked, PolicyInput *input, const Digest *manifest,
            const ImageSummary *summary, GError **error)
{
  g_autoptr(GError) failure = NULL;
  input->scan_state = known_state(summary);
  input->detail = summary->error;
  if (summary->state != SCAN_DONE)
    return policy_judge(asked->policy, input);
  /* Without packages there is nothing to match: a signature that looks like an image, or one of
   * which nothing is known. */
  bool nothing = summary->packages == 0 && summary->observations == 0;
  /* Known before its rows are read for that. */
  if (summary->packages > 0 && !findings_check_advisories(pipeline, &failure))
    return judge_unmatched(pipeline, asked, input, manifest, failure->message, error);
  g_autoptr(GPtrArray) gaps = nothing ? findings_gaps(pipeline, manifest, &failure) : NULL;
  g_autoptr(SharedItem) findings =
      nothing
          ? NULL
          : pipeline_image_findings(pipeline, manifest, image_summary_weight(summary), &failure);
  const MatchResult *result = shared_item_value(findings);
  VexImage image = {NULL};
  g_autoptr(ImageInventory) packages = NULL;
  if (result != NULL && !pipeline_statements_image(pipeline, asked->policy, input->repository,
                                                   manifest, &packages, &image, error))
    return NULL;
  if (gaps != NULL || result != NULL) {
    g_autoptr(GPtrArray) shown = wanted(asked, result);
    input->image = &image;
    input->findings = shown;
    input->third_party = result == NULL ? NULL : result->third_party;
    input->end_of_life = result == NULL ? NULL : result->end_of_life;
    input->life_ends = result == NULL ? 0 : result->life_ends;
    input->ended = result == NULL ? NULL : result->ended;
    input->next_ends = result == NULL ? 0 : result->next_ends;
    g_autoptr(GPtrArray) unknown =
        completeness_without(result == NULL ? gaps : result->gaps, asked->without);
    input->gaps = unknown;
    Verdict *verdict = judge_scan(asked->policy, input, summary);
    input->image = NULL;
    input->findings = input->gaps = NULL;
    return verdict;
  }
  /* Without advisories, or without a layer's inventory, nothing is known: that is no scan. */
  if (g_error_matches(failure, ASSAY_ERROR, ASSAY_ERROR_NOT_FOUND))
    return judge_unmatched(pipeline, asked, input, manifest, failure->message, error);
  g_propagate_error(error, g_steal_pointer(&failure));
  return NULL;
}

/* How the scan of an image stands. One that the pipeline was not told of is queued now: an error
 * kept it from that, or it was taken for something else. (transfer full) */
static ImageSummary *
find_summary(Pipeline *pipeline, const char *repository, const Digest *digest,
             const Manifest *manifest, GError **error)
{
  ImageSummary *summary = pipeline_image_summary(pipeline, digest, error);
  if (summary == NULL || known_state(summary) != SCAN_NONE)
    return summary;
  pipeline_manifest_arrived(pipeline, repository, digest, manifest);
  image_summary_free(summary);
  return pipeline_image_summary(pipeline, digest, error);
}

/* Where no policy speaks: everything leaves, but what is not known to be scanned is told. One look
 * at what the scan stored; nothing is matched. */
static Verdict *
judge_without_policy(Pipeline *pipeline, const PolicySet *policy, PolicyInput *input,
                     const StoredManifest *stored, GError **error)
{
  FindingKinds without = 0;
  g_autoptr(ImageSummary) summary = pipeline_image_summary(pipeline, &stored->digest, error);
  if (summary == NULL ||
      !registry_kinds_without(pipeline->registry, input->repository, &without, error))
    return NULL;
  image_summary_leave_out(summary, without);
  input->scan_state = summary->state;
  input->detail = summary->error;
  input->gaps = summary->gaps;
  if (summary->state != SCAN_NONE)
    return judge_scan(policy, input, summary);
  g_autoptr(Manifest) manifest =
      manifest_parse(slice_from_bytes(stored->bytes), stored->media_type, error);
  if (manifest == NULL)
    return NULL;
  if (images_is_image(pipeline->blobs, manifest))
    pipeline_manifest_arrived(pipeline, input->repository, &stored->digest, manifest);
  else
    input->scan_state = SCAN_NOT_APPLICABLE;
  return policy_judge(policy, input);
}

/* Who is not allowed comes before who may be for a time, the shortest first. */
static bool
is_stricter(const Verdict *verdict, const Verdict *than)
{
  if (verdict->allowed != than->allowed)
    return !verdict->allowed;
  return verdict->expires != 0 && (than->expires == 0 || verdict->expires < than->expires);
}

/* The members of an index are judged at their own pull, and it by its signatures. But those whose
 * text it carries are pulled with it: containerd and regclient ask for them no more. */
static Verdict *
judge_index(Pipeline *pipeline, const PolicySet *policy, PolicyInput *input, const Manifest *index,
            ScanState *scan, GError **error)
{
  g_autoptr(Verdict) strictest = policy_judge(policy, input);
  bool pending = false;
  for (guint i = 0; i < index->manifests->len; i++) {
    const Descriptor *member = g_ptr_array_index(index->manifests, i);
    if (!member->has_data)
      continue;
    g_autoptr(StoredManifest) stored =
        registry_manifest_get(pipeline->registry, input->repository, member->digest.text, error);
    g_autoptr(Verdict) verdict =
        stored == NULL ? NULL
                       : pipeline_judge_pull(pipeline, input->repository, member->digest.text,
                                             stored, scan, error);
    if (verdict == NULL)
      return NULL;
    pending |= *scan == SCAN_PENDING;
    if (is_stricter(verdict, strictest)) {
      verdict_unref(strictest);
      strictest = g_steal_pointer(&verdict);
    }
  }
  *scan = pending ? SCAN_PENDING : SCAN_NOT_APPLICABLE;
  return g_steal_pointer(&strictest);
}

Verdict *
pipeline_judge_by(Pipeline *pipeline, const PolicySet *policy, const char *repository,
                  const StoredManifest *stored, GError **error)
{
  PolicyInput input = {.repository = repository,
                       .reference = stored->digest.text,
                       .scan_state = SCAN_NOT_APPLICABLE,
                       .pushed = stored->pushed,
                       .now = g_get_real_time()};
  g_autoptr(Manifest) manifest =
      manifest_parse(slice_from_bytes(stored->bytes), stored->media_type, error);
  g_auto(SignatureFacts) facts = {NULL};
  if (manifest == NULL ||
      !beside_look(pipeline, policy, repository, &stored->digest, &facts, error))
    return NULL;
  set_signatures(&input, &facts);
  note_artifact(pipeline, &input, manifest);
  if (manifest->kind == MANIFEST_INDEX || !images_is_image(pipeline->blobs, manifest))
    return policy_judge(policy, &input);
  Asked asked = {policy, 0};
  g_autoptr(ImageSummary) summary = pipeline_image_summary(pipeline, &stored->digest, error);
  return summary == NULL ||
                 !registry_kinds_without(pipeline->registry, repository, &asked.without, error)
             ? NULL
             : judge_image(pipeline, &asked, &input, &stored->digest, summary, error);
}

/* What is asked of a stored image. */
typedef struct {
  const char *repository, *reference;
  const StoredManifest *stored;
  bool remember;
  const SignatureFacts *elsewhere; /* beside it where it is pulled from; NULL: it is from here */
} Pull;

static Verdict *
judge(Pipeline *pipeline, const Pull *pull, ScanState *scan, GError **error)
{
  /* Before anything is looked at: what changes meanwhile makes the answer old, not wrong. */
  uint64_t judgement = __atomic_load_n(&pipeline->judgement, __ATOMIC_ACQUIRE);
  g_autoptr(PolicySet) policy = pipeline_policy(pipeline);
  const StoredManifest *stored = pull->stored;
  const char *repository = pull->repository;
  PolicyInput input = {.repository = repository,
                       .reference = pull->reference,
                       .scan_state = SCAN_NOT_APPLICABLE,
                       .pushed = stored->pushed,
                       .now = g_get_real_time()};
  *scan = SCAN_NOT_APPLICABLE;
  if (!policy_set_applies(policy, repository))
    return judge_without_policy(pipeline, policy, &input, stored, error);
  Asked asked = {policy, 0};
  g_auto(SignatureFacts) own = {NULL};
  const SignatureFacts *facts = pull->elsewhere != NULL ? pull->elsewhere : &own;
  if (!registry_kinds_without(pipeline->registry, repository, &asked.without, error) ||
      (facts == &own && !beside_look(pipeline, policy, repository, &stored->digest, &own, error)))
    return NULL;
  set_signatures(&input, facts);
  g_autofree char *key = verdict_key(&input, &stored->digest, asked.without, facts);
  Verdict *known = find_verdict(pipeline->verdicts, key, judgement, input.now);
  if (known != NULL) {
    *scan = SCAN_DONE;
    return known;
  }
  g_autoptr(Manifest) manifest =
      manifest_parse(slice_from_bytes(stored->bytes), stored->media_type, error);
  if (manifest == NULL)
    return NULL;
  note_artifact(pipeline, &input, manifest);
  /* Of one elsewhere, the caller asks for the members. */
  if (manifest->kind == MANIFEST_INDEX && pull->elsewhere == NULL)
    return judge_index(pipeline, policy, &input, manifest, scan, error);
  if (manifest->kind == MANIFEST_INDEX || !images_is_image(pipeline->blobs, manifest))
    return policy_judge(policy, &input);
  g_autoptr(ImageSummary) summary =
      find_summary(pipeline, repository, &stored->digest, manifest, error);
  if (summary == NULL)
    return NULL;
  Verdict *verdict = judge_image(pipeline, &asked, &input, &stored->digest, summary, error);
  bool waits = input.scan_state == SCAN_WAITING ||
               (input.scan_state == SCAN_DEFERRED && summary->retry_at != 0);
  bool soon = waits && summary->retry_at - input.now < RETRY_SOON;
  *scan = soon ? SCAN_PENDING : input.scan_state;
  /* A scan that is done stays so; other states may change at any time. */
  if (pull->remember && verdict != NULL && input.scan_state == SCAN_DONE)
    remember_verdict(pipeline->verdicts, key, judgement, verdict);
  return verdict;
}

Verdict *
pipeline_judge_pull(Pipeline *pipeline, const char *repository, const char *reference,
                    const StoredManifest *stored, ScanState *scan, GError **error)
{
  *scan = SCAN_NOT_APPLICABLE;
  if (!registry_check_quarantine(pipeline->registry, repository, &stored->digest, error))
    return NULL;
  const Pull pull = {repository, reference, stored, true, NULL};
  return judge(pipeline, &pull, scan, error);
}

Verdict *
gate_judge_now(Pipeline *pipeline, const char *repository, const char *reference,
               const StoredManifest *stored, ScanState *scan, GError **error)
{
  const Pull pull = {repository, reference, stored, false, NULL};
  return judge(pipeline, &pull, scan, error);
}

/* By its signatures alone: of an image that is not here, nothing else is known. */
static Verdict *
judge_absent(Pipeline *pipeline, const ImageElsewhere *image, const SignatureFacts *facts)
{
  g_autoptr(PolicySet) policy = pipeline_policy(pipeline);
  PolicyInput input = {.repository = image->repository,
                       .reference = image->reference,
                       .scan_state = image->is_index ? SCAN_NOT_APPLICABLE : SCAN_NONE,
                       .detail = "this registry does not hold it, and so has not tested it",
                       .now = g_get_real_time()};
  set_signatures(&input, facts);
  return policy_judge(policy, &input);
}

Verdict *
pipeline_judge_elsewhere(Pipeline *pipeline, const ImageElsewhere *image, ScanState *scan,
                         GError **error)
{
  const SignatureFacts facts = {.own = image->signatures,
                                .of_indexes = image->of_indexes,
                                .turns = image->turns,
                                .key = image->key};
  const Pull pull = {image->repository, image->reference, image->stored, true, &facts};
  *scan = SCAN_NOT_APPLICABLE;
  return image->stored == NULL ? judge_absent(pipeline, image, &facts)
                               : judge(pipeline, &pull, scan, error);
}

Verdict *
gate_judge_content(Pipeline *pipeline, const char *repository, const char *reference,
                   const StoredManifest *stored, ScanState *scan, GError **error)
{
  g_autoptr(PolicySet) policy = pipeline_policy(pipeline);
  PolicyInput input = {.repository = repository,
                       .reference = reference,
                       .scan_state = SCAN_NOT_APPLICABLE,
                       .pushed = stored->pushed,
                       .now = g_get_real_time(),
                       .artifact = true};
  Asked asked = {policy, 0};
  g_autoptr(ImageSummary) summary = pipeline_image_summary(pipeline, &stored->digest, error);
  if (summary == NULL ||
      !registry_kinds_without(pipeline->registry, repository, &asked.without, error))
    return NULL;
  Verdict *verdict = judge_image(pipeline, &asked, &input, &stored->digest, summary, error);
  *scan = input.scan_state;
  return verdict;
}
