/* What this registry says of its images; see the header. An index is judged by the images in it
 * that the nodes could run: all of them, unless the object selects nodes by their architecture. */
#include "server/admission/own_images.h"

#include <string.h>

#include "base/error.h"
#include "registry/move.h"

/* An image in an index that nothing can run: what was said of how the others were built. */
#define NO_PLATFORM "unknown"

bool
own_image_is(const AdmissionDesk *desk, const Reference *name)
{
  return g_strv_contains((const char *const *)desk->context->config->admission.registries,
                         name->host);
}

/* --- one image --- */

/* Why there is no verdict. */
static ImageAnswer *
answer_of_error(const GError *error)
{
  bool refused = error->domain == REGISTRY_ERROR;
  bool busy = g_error_matches(error, ASSAY_ERROR, ASSAY_ERROR_BUSY);
  ImageAnswer *answer = image_answer_new(refused ? IMAGE_REFUSED
                                         : busy  ? IMAGE_PENDING
                                                 : IMAGE_UNKNOWN);
  answer->reason = g_strdup(error->message);
  return answer;
}

static ImageAnswer *
answer_of_verdict(const Verdict *verdict, ScanState scan)
{
  ImageAnswer *answer = image_answer_new(scan == SCAN_PENDING ? IMAGE_PENDING
                                         : verdict->allowed   ? IMAGE_ADMITTED
                                                              : IMAGE_REFUSED);
  answer->reason = g_strdup(verdict->message);
  answer->policy = g_strdup(verdict->policy);
  answer->expires = verdict->expires;
  for (guint i = 0; i < verdict->warnings->len; i++)
    g_ptr_array_add(answer->warnings, g_strdup(g_ptr_array_index(verdict->warnings, i)));
  return answer;
}

/* (transfer full) */
static ImageAnswer *
judge_stored(AdmissionDesk *desk, const char *repository, const char *reference,
             const StoredManifest *stored)
{
  ScanState scan;
  g_autoptr(GError) error = NULL;
  g_autoptr(Verdict) verdict =
      pipeline_judge_pull(desk->context->pipeline, repository, reference, stored, &scan, &error);
  return verdict == NULL ? answer_of_error(error) : answer_of_verdict(verdict, scan);
}

/* --- an index --- */

/* As container runtimes write it, whatever the image does. */
static const char *
usual_architecture(const char *name)
{
  static const char *const others[][2] = {{"x86_64", "amd64"},  {"x86-64", "amd64"},
                                          {"aarch64", "arm64"}, {"i386", "386"},
                                          {"armhf", "arm"},     {"armel", "arm"}};
  for (size_t i = 0; i < G_N_ELEMENTS(others); i++)
    if (g_ascii_strcasecmp(name, others[i][0]) == 0)
      return others[i][1];
  return name;
}

/* A processor of 64 bits runs what is for its 32 bits, too. */
static bool
runs_also(const char *node, const char *image)
{
  return (g_ascii_strcasecmp(node, "amd64") == 0 && g_ascii_strcasecmp(image, "386") == 0) ||
         (g_ascii_strcasecmp(node, "arm64") == 0 && g_ascii_strcasecmp(image, "arm") == 0);
}

static bool
is_open(const char *text)
{
  return text == NULL || *text == '\0';
}

/* False: certainly not. What leaves its platform open is the node's own to whoever pulls it. */
static bool
may_run(const ImageQuestion *question, const Descriptor *member)
{
  if (g_strcmp0(member->os, NO_PLATFORM) == 0)
    return false;
  if (!is_open(question->os) && !is_open(member->os) &&
      g_ascii_strcasecmp(question->os, member->os) != 0)
    return false;
  if (is_open(question->architecture) || is_open(member->architecture))
    return true;
  const char *node = usual_architecture(question->architecture),
             *image = usual_architecture(member->architecture);
  return g_ascii_strcasecmp(node, image) == 0 || runs_also(node, image);
}

/* Refused comes before what is not known, and that before what is admitted. */
static bool
is_stricter(const ImageAnswer *answer, const ImageAnswer *than)
{
  static const unsigned strictness[] = {
      [IMAGE_ADMITTED] = 0, [IMAGE_PENDING] = 1, [IMAGE_UNKNOWN] = 2, [IMAGE_REFUSED] = 3};
  return strictness[answer->state] > strictness[than->state] ||
         (answer->state == than->state && answer->reason != NULL && than->reason == NULL);
}

/* Of indexes in indexes. */
#define DEPTH_MAX 4u

static ImageAnswer *judge_members(AdmissionDesk *desk, const ImageQuestion *question,
                                  const char *holder, const char *name, const Manifest *index,
                                  ImageAnswer *answer, unsigned depth);

/* Of a member that is not here there is nothing to pull; one that is an index stands for its own
 * members. */
static ImageAnswer *
judge_member(AdmissionDesk *desk, const ImageQuestion *question, const char *holder,
             const char *name, const Descriptor *member, unsigned depth)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(StoredManifest) stored =
      registry_manifest_get(desk->context->registry, holder, member->digest.text, &error);
  if (stored == NULL)
    return g_error_matches(error, REGISTRY_ERROR, REGISTRY_MANIFEST_UNKNOWN)
               ? NULL
               : answer_of_error(error);
  ImageAnswer *answer = judge_stored(desk, name, member->digest.text, stored);
  g_autoptr(Manifest) manifest =
      manifest_parse(slice_from_bytes(stored->bytes), stored->media_type, NULL);
  return manifest != NULL && manifest->kind == MANIFEST_INDEX
             ? judge_members(desk, question, holder, name, manifest, answer, depth + 1)
             : answer;
}

/* @answer: of the index as such. (transfer full) */
static ImageAnswer *
judge_members(AdmissionDesk *desk, const ImageQuestion *question, const char *holder,
              const char *name, const Manifest *index, ImageAnswer *answer, unsigned depth)
{
  guint judged = 0;
  if (depth > DEPTH_MAX) {
    image_answer_unref(answer);
    answer = image_answer_new(IMAGE_REFUSED);
    answer->reason = g_strdup("it is an index of indexes, too deep to be judged");
    return answer;
  }
  int64_t expires = answer->expires;
  for (guint i = 0; i < index->manifests->len; i++) {
    const Descriptor *member = g_ptr_array_index(index->manifests, i);
    g_autoptr(ImageAnswer) other = may_run(question, member)
                                       ? judge_member(desk, question, holder, name, member, depth)
                                       : NULL;
    if (other == NULL)
      continue;
    judged++;
    if (other->expires != 0)
      expires = expires == 0 ? other->expires : MIN(expires, other->expires);
    if (is_stricter(other, answer) || (judged == 1 && answer->state == IMAGE_ADMITTED)) {
      image_answer_unref(answer);
      answer = g_steal_pointer(&other);
    }
  }
  if (judged == 0 && answer->state == IMAGE_ADMITTED) {
    answer->state = IMAGE_REFUSED;
    answer->reason = g_strdup("the index has no image here that the nodes could run");
  }
  answer->expires = expires;
  return answer;
}

/* --- by its name --- */

ImageAnswer *
own_image_judge_as(AdmissionDesk *desk, const ImageQuestion *question, const char *holder,
                   const char *name, const StoredManifest *stored)
{
  const Reference *asked = question->name;
  const char *reference = asked->digest != NULL ? asked->digest : asked->tag;
  ImageAnswer *answer = judge_stored(desk, name, reference, stored);
  g_autoptr(Manifest) manifest =
      manifest_parse(slice_from_bytes(stored->bytes), stored->media_type, NULL);
  if (manifest != NULL && manifest->kind == MANIFEST_INDEX)
    answer = judge_members(desk, question, holder, name, manifest, answer, 0);
  answer->digest = g_strdup(stored->digest.text);
  return answer;
}

static ImageAnswer *
judge(AdmissionDesk *desk, const ImageQuestion *question)
{
  g_autoptr(GError) error = NULL;
  const Reference *name = question->name;
  const char *reference = name->digest != NULL ? name->digest : name->tag;
  g_autofree char *moved = registry_moved_to(desk->context->registry, name->repository);
  const char *repository = moved != NULL ? moved : name->repository;
  g_autoptr(StoredManifest) stored =
      registry_manifest_get(desk->context->registry, repository, reference, &error);
  if (stored == NULL)
    return answer_of_error(error);
  ImageAnswer *answer = own_image_judge_as(desk, question, repository, repository, stored);
  answer->repository = g_strdup(repository);
  return answer;
}

static size_t
weight_of(const ImageAnswer *answer)
{
  size_t weight = sizeof *answer + DIGEST_TEXT_MAX;
  weight += answer->reason == NULL ? 0 : strlen(answer->reason);
  for (guint i = 0; i < answer->warnings->len; i++)
    weight += strlen(g_ptr_array_index(answer->warnings, i));
  return weight;
}

static bool
holds(const ImageAnswer *answer, uint64_t verdicts)
{
  return answer->generation == verdicts &&
         (answer->expires == 0 || g_get_real_time() < answer->expires);
}

ImageAnswer *
own_image_judge(AdmissionDesk *desk, const ImageQuestion *question)
{
  uint64_t registry_now = registry_generation(desk->context->registry);
  uint64_t verdict_now = pipeline_generation(desk->context->pipeline);
  g_autofree char *key =
      g_strjoin("\n", question->text, question->architecture != NULL ? question->architecture : "",
                question->os != NULL ? question->os : "", NULL);
  g_autoptr(ImageAnswer) known = cache_get(desk->answers, key, registry_now);
  if (known != NULL && holds(known, verdict_now))
    return g_steal_pointer(&known);
  ImageAnswer *answer = judge(desk, question);
  answer->generation = verdict_now;
  if (answer->state == IMAGE_ADMITTED || answer->state == IMAGE_REFUSED)
    cache_put(desk->answers, key, registry_now, answer, weight_of(answer));
  return answer;
}
