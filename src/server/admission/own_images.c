/* What this registry says of its images; see the header. An index is judged by the images in it
 * that the nodes could run: all of them, unless the object selects nodes by their architecture. */
#include "server/admission/own_images.h"

#include <string.h>

#include "base/error.h"
#include "registry/move.h"
#include "server/admission/answers.h"

#define PORT_USUAL ":443"

static void
add_host(GStrvBuilder *hosts, const char *host)
{
  g_autofree char *lower = g_ascii_strdown(host, -1);
  if (g_str_has_suffix(lower, PORT_USUAL))
    lower[strlen(lower) - strlen(PORT_USUAL)] = '\0';
  g_strv_builder_add(hosts, lower);
}

/* Each name, at each port. A name that stands for several is none of an image. */
static void
add_endpoint(GStrvBuilder *hosts, const EndpointSettings *endpoint)
{
  for (char **name = endpoint->server_names; name != NULL && *name != NULL; name++) {
    for (char **address = endpoint->listen; *address != NULL; address++) {
      const char *port = strrchr(*address, ':');
      g_autofree char *host = g_strconcat(*name, port != NULL ? port : "", NULL);
      if (strchr(*name, '*') == NULL)
        add_host(hosts, host);
    }
  }
}

GStrv
own_image_hosts(const Config *config, const char *const *signature_hosts)
{
  g_autoptr(GStrvBuilder) hosts = g_strv_builder_new();
  for (char **host = config->admission.registries; host != NULL && *host != NULL; host++)
    add_host(hosts, *host);
  for (; signature_hosts != NULL && *signature_hosts != NULL; signature_hosts++)
    add_host(hosts, *signature_hosts);
  for (unsigned i = 0; i < config->endpoints_count; i++)
    add_endpoint(hosts, &config->endpoints[i]);
  return g_strv_builder_end(hosts);
}

bool
own_image_is(const AdmissionDesk *desk, const Reference *name)
{
  return g_strv_contains((const char *const *)desk->hosts, name->host);
}

/* --- one image --- */

/* (transfer full) */
static ImageAnswer *
judge_stored(AdmissionDesk *desk, const char *repository, const char *reference,
             const StoredManifest *stored)
{
  ScanState scan;
  g_autoptr(GError) error = NULL;
  g_autoptr(Verdict) verdict =
      pipeline_judge_pull(desk->context->pipeline, repository, reference, stored, &scan, &error);
  return verdict == NULL ? image_answer_of_error(error) : image_answer_of_verdict(verdict, scan);
}

/* --- an index --- */

/* Of indexes in indexes. */
#define DEPTH_MAX 4u

static ImageAnswer *judge_members(AdmissionDesk *desk, const ImageQuestion *question,
                                  const char *repository, const Manifest *index,
                                  ImageAnswer *answer, unsigned depth);

/* Of a member that is not here there is nothing to pull; one that is an index stands for its own
 * members. */
static ImageAnswer *
judge_member(AdmissionDesk *desk, const ImageQuestion *question, const char *repository,
             const Descriptor *member, unsigned depth)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(StoredManifest) stored =
      registry_manifest_get(desk->context->registry, repository, member->digest.text, &error);
  if (stored == NULL)
    return g_error_matches(error, REGISTRY_ERROR, REGISTRY_MANIFEST_UNKNOWN)
               ? NULL
               : image_answer_of_error(error);
  ImageAnswer *answer = judge_stored(desk, repository, member->digest.text, stored);
  g_autoptr(Manifest) manifest =
      manifest_parse(slice_from_bytes(stored->bytes), stored->media_type, NULL);
  return manifest != NULL && manifest->kind == MANIFEST_INDEX
             ? judge_members(desk, question, repository, manifest, answer, depth + 1)
             : answer;
}

/* @answer: of the index as such. (transfer full) */
static ImageAnswer *
judge_members(AdmissionDesk *desk, const ImageQuestion *question, const char *repository,
              const Manifest *index, ImageAnswer *answer, unsigned depth)
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
    g_autoptr(ImageAnswer) other = image_may_run(question, member->os, member->architecture)
                                       ? judge_member(desk, question, repository, member, depth)
                                       : NULL;
    if (other == NULL)
      continue;
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
    answer->state = IMAGE_REFUSED;
    answer->reason = g_strdup("the index has no image here that the nodes could run");
  }
  answer->expires = expires;
  return answer;
}

/* --- by its name --- */

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
    return image_answer_of_error(error);
  ImageAnswer *answer = judge_stored(desk, repository, reference, stored);
  g_autoptr(Manifest) manifest =
      manifest_parse(slice_from_bytes(stored->bytes), stored->media_type, NULL);
  if (manifest != NULL && manifest->kind == MANIFEST_INDEX)
    answer = judge_members(desk, question, repository, manifest, answer, 0);
  answer->digest = g_strdup(stored->digest.text);
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
