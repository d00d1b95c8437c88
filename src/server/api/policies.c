/* Policies that are not in force yet: what they would change. */
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/yaml.h"
#include "server/api/api-private.h"
#include "server/visible.h"

/* Judged by one request, twice each. */
#define IMAGES_DEFAULT 100u
#define IMAGES_MAX     1000u
/* A file of many patterns makes judging slow: then one request judges fewer. */
#define TRIAL_TIME ((gint64)2 * G_USEC_PER_SEC)
/* Of what is told for a verdict. */
#define REASONS_MAX 10u

typedef struct {
  Request *request;
  ServerContext *server;
  const PolicySet *today, *then;
  /* Where to go on: in @repository after the image @last ("": at its first); NULL: after it. No
   * repository: at the first of all. */
  char *repository, *last;
  uint64_t left; /* images that may be judged still */
  gint64 until;  /* by g_get_monotonic_time(); at least one is judged */
  unsigned judged, pending;
  json_t *changed;
} Trial;

/* Whether and why, in a few words. */
static json_t *
write_reasons(const JsonMember *member, const void *value)
{
  const GPtrArray *reasons = *(GPtrArray *const *)value;
  json_t *list = json_array();
  for (guint i = 0; i < MIN(reasons->len, REASONS_MAX); i++)
    json_array_append_new(list, json_string(g_ptr_array_index(reasons, i)));
  return list;
}
static const JsonKind reasons_kind = {.type = "array", .always = true, .write = write_reasons};

static json_t *
write_total(const JsonMember *member, const void *value)
{
  return json_integer((*(GPtrArray *const *)value)->len);
}
static const JsonKind total_kind = {.type = "integer", .always = true, .write = write_total};

static const JsonMember verdict_members[] = {
    {JSON_MEMBER(Verdict, allowed), .kind = &json_flag},
    {JSON_MEMBER(Verdict, policy), .kind = &json_text, .required = true},
    {JSON_MEMBER(Verdict, message), .kind = &json_text},
    {JSON_MEMBER(Verdict, reasons), .kind = &reasons_kind},
    {JSON_MEMBER_AS("reasons_total", Verdict, reasons), .kind = &total_kind},
};
static const JsonTable short_verdict_table = JSON_TABLE(Verdict, verdict_members);

typedef struct {
  const char *repository;
  StoredImage image;
  Verdict *today, *then;
} ChangedImage;
static const JsonMember changed_members[] = {
    {JSON_MEMBER(ChangedImage, repository), .kind = &json_text, .required = true},
    {JSON_MEMBER_AS("digest", ChangedImage, image.digest), .kind = &json_digest},
    {JSON_MEMBER_AS("tags", ChangedImage, image.tags), .kind = &json_texts},
    {JSON_MEMBER(ChangedImage, today), .kind = &json_child, .table = &short_verdict_table,
     .required = true},
    {JSON_MEMBER(ChangedImage, then), .kind = &json_child, .table = &short_verdict_table,
     .required = true},
};
static const JsonTable changed_table = JSON_TABLE(ChangedImage, changed_members);

const ApiSchema api_policy_schemas[] = {
    {"PolicyTest.changed", &changed_table},
    {NULL},
};

/* Nothing is known of it yet: neither policy's answer would last. */
static bool
is_pending(const Trial *trial, const StoredImage *image, bool *pending, GError **error)
{
  g_autoptr(ImageSummary) summary =
      pipeline_image_summary(trial->server->pipeline, &image->digest, error);
  *pending = summary != NULL && (summary->state == SCAN_PENDING || summary->state == SCAN_WAITING ||
                                 summary->state == SCAN_DEFERRED);
  return summary != NULL;
}

static bool
try_image(Trial *trial, const char *repository, const StoredImage *image, GError **error)
{
  Pipeline *pipeline = trial->server->pipeline;
  g_autoptr(GError) failure = NULL;
  bool pending = false;
  if (!is_pending(trial, image, &pending, error))
    return false;
  trial->pending += pending;
  if (pending)
    return true;
  g_autoptr(StoredManifest) stored =
      registry_manifest_get(trial->server->registry, repository, image->digest.text, &failure);
  /* It was deleted since the list was made. */
  if (stored == NULL && g_error_matches(failure, REGISTRY_ERROR, REGISTRY_MANIFEST_UNKNOWN))
    return true;
  g_autoptr(Verdict) today =
      stored == NULL ? NULL
                     : pipeline_judge_by(pipeline, trial->today, repository, stored, &failure);
  g_autoptr(Verdict) then =
      today == NULL ? NULL : pipeline_judge_by(pipeline, trial->then, repository, stored, &failure);
  if (then == NULL) {
    g_propagate_error(error, g_steal_pointer(&failure));
    return false;
  }
  trial->judged++;
  if (today->allowed == then->allowed)
    return true;
  const ChangedImage changed = {repository, *image, today, then};
  json_array_append_new(trial->changed, json_table_write(&changed_table, &changed));
  return true;
}

/* As many images of the repository as may be; *whole: there are no more. */
static bool
try_repository(Trial *trial, bool *whole, GError **error)
{
  guint next = 0;
  g_autoptr(GPtrArray) images = registry_images_after(trial->server->registry, trial->repository,
                                                      trial->last, (int64_t)trial->left + 1, error);
  if (images == NULL)
    return false;
  for (; next < images->len && trial->left > 0; next++) {
    const StoredImage *image = g_ptr_array_index(images, next);
    if (!try_image(trial, trial->repository, image, error))
      return false;
    g_free(trial->last);
    trial->last = g_strdup(image->digest.text);
    trial->left = g_get_monotonic_time() < trial->until ? trial->left - 1 : 0;
  }
  *whole = next == images->len;
  return true;
}

/* *more: there is one. */
static bool
begin_repository(Trial *trial, bool *more, GError **error)
{
  bool others = false;
  g_auto(GStrv) names = visible_repositories(trial->request, VERB_READ_FINDINGS, trial->repository,
                                             1, &others, error);
  if (names == NULL)
    return false;
  *more = names[0] != NULL;
  g_free(trial->repository);
  trial->repository = g_strdup(names[0]);
  trial->last = g_strdup("");
  return true;
}

/* *more: there are images that were not judged, from where the trial now is. */
static bool
try_all(Trial *trial, bool *more, GError **error)
{
  for (;;) {
    bool whole = false;
    if (trial->last == NULL && !begin_repository(trial, more, error))
      return false;
    if (!*more || trial->left == 0)
      return true;
    if (!try_repository(trial, &whole, error))
      return false;
    if (whole)
      g_clear_pointer(&trial->last, g_free);
  }
}

/* ?from= of the answer before: "REPOSITORY@DIGEST", or "REPOSITORY@". */
static bool
read_place(Request *request, Trial *trial)
{
  const char *from = request_query(request, "from");
  const char *at = from == NULL ? NULL : strchr(from, '@');
  if (from == NULL)
    return true;
  if (at == NULL || at == from) {
    api_refuse(request, "?from= must be `next` of the answer before");
    return false;
  }
  trial->repository = g_strndup(from, (gsize)(at - from));
  trial->last = g_strdup(at + 1);
  return visible_repository(request, VERB_READ_FINDINGS, trial->repository);
}

static void
respond(Request *request, const Trial *trial, bool more)
{
  g_autoptr(json_t) body = json_object();
  g_autoptr(GPtrArray) warnings = policy_set_warnings(trial->then);
  json_object_set_new(body, "judged", json_integer(trial->judged));
  json_object_set_new(body, "pending", json_integer(trial->pending));
  json_object_set_new(body, "changed", json_incref(trial->changed));
  json_object_set_new(body, "warnings", json_from_texts(warnings));
  if (more) {
    g_autofree char *next = g_strconcat(trial->repository, "@", trial->last, NULL);
    json_set_string(body, "next", next);
  }
  respond_json(request, MHD_HTTP_OK, body);
}

static void
test_policy(Request *request)
{
  g_autoptr(GError) error = NULL;
  ServerContext *server = server_context(request);
  GBytes *text = request_body(request);
  g_autoptr(PolicySet) today = pipeline_policy(server->pipeline);
  g_autoptr(PolicySet) then = policy_set_parse(text == NULL ? SLICE_EMPTY : slice_from_bytes(text),
                                               "policy", today, &error);
  if (then == NULL) {
    api_refuse(request, "%s", error->message);
    return;
  }
  g_autoptr(json_t) changed = json_array();
  Trial trial = {.request = request,
                 .server = server,
                 .today = today,
                 .then = then,
                 .left = IMAGES_DEFAULT,
                 .until = g_get_monotonic_time() + TRIAL_TIME,
                 .changed = changed};
  bool more = true;
  if (!api_number_of(request, "limit", 1, IMAGES_MAX, &trial.left) || !read_place(request, &trial))
    return;
  if (try_all(&trial, &more, &error))
    respond(request, &trial, more);
  else if (!api_waits(request, error))
    respond_error(request, error);
  g_free(trial.repository);
  g_free(trial.last);
}

const Route api_policy_routes[] = {
    {"POST", "/api/v1/policies/test", "api-policies", VERB_READ_FINDINGS, ON_WHAT_ONE_MAY,
     WORK_HEAVY, .finish = test_policy, .body_limit = YAML_TEXT_MAX},
    {NULL},
};
