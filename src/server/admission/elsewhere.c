/* Judging images of other registries; see the header. */
#include "server/admission/elsewhere.h"

#include <inttypes.h>

#include "pipeline/elsewhere.h"
#include "registry/quarantine.h"
#include "server/admission/answers.h"
#include "server/admission/elsewhere_kept.h"

/* What is asked, and where. */
typedef struct {
  AdmissionDesk *desk;
  const ImageQuestion *question;
  const SeenImage *seen;
  char *repository; /* HOST/REPOSITORY */
} Case;

/* The same image in one of the repositories here, in *stored (transfer full); NULL: there is none.
 * False: it is in quarantine in one of them, or nobody can say. */
static bool
find_held(const Case *of, const Digest *digest, StoredManifest **stored, GError **error)
{
  Registry *registry = of->desk->context->registry;
  g_autoptr(GPtrArray) holders = registry_repositories_of(registry, digest, error);
  if (holders == NULL || !registry_check_quarantine(registry, of->repository, digest, error))
    return false;
  for (guint i = 0; i < holders->len; i++)
    if (!registry_check_quarantine(registry, g_ptr_array_index(holders, i), digest, error))
      return false;
  for (guint i = 0; i < holders->len && *stored == NULL; i++)
    *stored = registry_manifest_get(registry, g_ptr_array_index(holders, i), digest->text, NULL);
  return true;
}

static ImageAnswer *
refuse(char *reason)
{
  ImageAnswer *answer = image_answer_new(IMAGE_REFUSED);
  answer->reason = reason;
  return answer;
}

/* @index: what holds it, or NULL. (transfer full) */
static ImageAnswer *
judge_manifest(const Case *of, const SeenManifest *manifest, const SeenManifest *index)
{
  ScanState scan;
  g_autoptr(GError) error = NULL;
  g_autoptr(StoredManifest) stored = NULL;
  Pipeline *pipeline = of->desk->context->pipeline;
  const Reference *name = of->question->name;
  if (!find_held(of, &manifest->digest, &stored, &error))
    return image_answer_of_error(error);
  if (stored == NULL && !manifest->is_index && !elsewhere_may_vouch(pipeline, of->repository))
    return refuse(g_strdup_printf(
        "this registry does not hold %s, and so has not tested it; push a copy to it",
        manifest->digest.text));
  g_autoptr(GPtrArray) of_indexes = g_ptr_array_new();
  if (index != NULL && index->signatures != NULL)
    g_ptr_array_add(of_indexes, index->signatures);
  g_autofree char *key = g_strdup_printf("elsewhere %" PRIu64, of->seen->serial);
  const ImageElsewhere image = {.repository = of->repository,
                                .reference = index != NULL          ? manifest->digest.text
                                             : name->digest != NULL ? name->digest
                                                                    : name->tag,
                                .is_index = manifest->is_index,
                                .stored = stored,
                                .signatures = manifest->signatures,
                                .of_indexes = of_indexes,
                                .turns = of->seen->turns,
                                .key = key};
  g_autoptr(Verdict) verdict = pipeline_judge_elsewhere(pipeline, &image, &scan, &error);
  return verdict == NULL ? image_answer_of_error(error) : image_answer_of_verdict(verdict, scan);
}

/* The strictest of those that nodes could run, and the first of equals. (transfer full) */
static ImageAnswer *
judge_members(const Case *of, ImageAnswer *answer)
{
  guint judged = 0;
  int64_t expires = answer->expires;
  const SeenManifest *index = g_ptr_array_index(of->seen->manifests, 0);
  for (guint i = 1; i < of->seen->manifests->len; i++) {
    const SeenManifest *member = g_ptr_array_index(of->seen->manifests, i);
    if (!image_may_run(of->question, member->os, member->architecture))
      continue;
    g_autoptr(ImageAnswer) other = judge_manifest(of, member, index);
    judged++;
    if (other->expires != 0)
      expires = expires == 0 ? other->expires : MIN(expires, other->expires);
    if (image_answer_is_stricter(other, answer) ||
        (judged == 1 && answer->state == IMAGE_ADMITTED)) {
      image_answer_unref(answer);
      answer = g_steal_pointer(&other);
    }
  }
  if (judged == 0 && answer->state == IMAGE_ADMITTED) {
    image_answer_unref(answer);
    answer = refuse(g_strdup("the index has no image that the nodes could run"));
  }
  answer->expires = expires;
  return answer;
}

static ImageAnswer *
judge_seen(AdmissionDesk *desk, const ImageQuestion *question, const SeenImage *seen)
{
  g_autofree char *repository = elsewhere_repository(question->name);
  const Case of = {desk, question, seen, repository};
  const SeenManifest *image = g_ptr_array_index(seen->manifests, 0);
  ImageAnswer *answer = judge_manifest(&of, image, NULL);
  if (image->is_index)
    answer = judge_members(&of, answer);
  answer->digest = g_strdup(image->digest.text);
  return answer;
}

static ImageAnswer *
verify(AdmissionDesk *desk, const ImageQuestion *question, const char *const *logins, int64_t keep)
{
  g_autofree char *why = NULL;
  g_autoptr(SeenImage) seen = NULL;
  ImageState state =
      elsewhere_look(desk->elsewhere, question->name, question->text, logins, keep, &seen, &why);
  if (seen != NULL)
    return judge_seen(desk, question, seen);
  ImageAnswer *answer = image_answer_new(state);
  answer->reason = g_strdup_printf("%s: %s", question->name->host,
                                   why != NULL ? why : "it has not answered yet");
  return answer;
}

ImageAnswer *
elsewhere_judge(AdmissionDesk *desk, const ImageQuestion *question, const char *const *logins)
{
  AdmissionElsewhere what = desk->context->config->admission.elsewhere;
  if (what == ELSEWHERE_VERIFY) {
    g_autoptr(ImageAnswer) answer = verify(desk, question, logins, DIGEST_KEPT);
    /* It may have been signed meanwhile. */
    return answer->state == IMAGE_REFUSED ? verify(desk, question, logins, TAG_KEPT)
                                          : g_steal_pointer(&answer);
  }
  ImageAnswer *answer = image_answer_new(what == ELSEWHERE_DENY ? IMAGE_REFUSED : IMAGE_ADMITTED);
  if (what != ELSEWHERE_ALLOW)
    answer->reason = g_strdup_printf("it is of %s, which is none of the registries that are "
                                     "tested here",
                                     question->name->host);
  return answer;
}
