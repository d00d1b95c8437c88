/* POST /admission/validate and /admission/mutate: what an API server asks. */
#include <string.h>

#include "access/audit/audit.h"
#include "admission/answer.h"
#include "base/error.h"
#include "base/log.h"
#include "base/metrics.h"
#include "server/admission/admission.h"
#include "server/admission/elsewhere.h"
#include "server/admission/notes.h"
#include "server/admission/own_images.h"
#include "server/admission/pod_secrets.h"

/* Seconds that an API server waits where it does not say, and the most that it can say. */
#define TIMEOUT_USUAL 10u
#define TIMEOUT_MOST  30u
/* Of these, what is left for the way back. */
#define TIMEOUT_SPARED 2u

METRIC(reviews, COUNTER_OF("assay_admission_reviews_total",
                           "Objects that clusters asked about, by what was asked and the answer.",
                           "webhook", "answer"));
METRIC(review_seconds,
       SECONDS_OF("assay_admission_seconds", "How long clusters waited for an answer.", "webhook"));

/* --- who asks --- */

/* The cluster that the path names; the default one where it names none. */
static const char *
cluster_of(const Request *request)
{
  const char *name = request_parameter(request, "cluster");
  return name != NULL ? name : ADMISSION_CLUSTER_DEFAULT;
}

/* On the network thread: before the body is taken. */
static void
begin(Request *request)
{
  const ServerContext *context = server_context(request);
  const char *cluster = cluster_of(request), *key = request_parameter(request, "key");
  if (!admission_cluster_name_is_valid(cluster))
    respond_oci_error(request, MHD_HTTP_NOT_FOUND, "NOT_FOUND",
                      "the name of a cluster is of small letters, digits, \".\" and -", NULL);
  else if (key != NULL && !admission_desk_knows(context->admission, cluster, key))
    respond_oci_error(request, MHD_HTTP_FORBIDDEN, "DENIED",
                      "the path of the webhook does not end with the key of this cluster; the "
                      "operator lists clusters and their keys in `admission.clusters`",
                      NULL);
}

/* --- judging --- */

/* What AdmissionInput.data is. */
typedef struct {
  AdmissionDesk *desk;
  const char *cluster;
  const ClusterSettings *settings; /* of it; or NULL */
  const Review *review;
  bool by_key; /* the cluster's API server has shown its key */
} Asking;

/* Where it is not admitted, as a part of the reason. */
static void
add_warning(ImageAnswer *answer, char *warning)
{
  if (answer->state == IMAGE_ADMITTED || answer->reason == NULL) {
    g_ptr_array_add(answer->warnings, warning);
    return;
  }
  g_autofree char *reason = g_steal_pointer(&answer->reason);
  answer->reason = g_strconcat(reason, "; ", warning, NULL);
  g_free(warning);
}

static ImageAnswer *
judge_by_secrets(const Asking *asking, const ImageQuestion *question)
{
  AdmissionDesk *desk = asking->desk;
  char *warning = NULL;
  g_autoptr(PullSecrets) secrets = NULL;
  if (pod_secrets_look(desk->pod_secrets, asking->settings, asking->review, &secrets, &warning) ==
      ABSENT) {
    g_free(warning);
    ImageAnswer *answer = image_answer_new(IMAGE_PENDING);
    answer->reason = g_strdup("the cluster has not told the pull secrets yet");
    return answer;
  }
  GStrv logins = secrets == NULL ? NULL : pull_secrets_match(secrets, question->name);
  ImageAnswer *answer = elsewhere_judge(desk, question, (const char *const *)logins);
  logins_free(logins);
  if (warning != NULL)
    add_warning(answer, warning);
  return answer;
}

/* By the pull secrets of the Pod, if its registry is asked at all. Who only may ask could name any
 * namespace: secrets are for the cluster itself. */
static ImageAnswer *
judge_elsewhere(const Asking *asking, const ImageQuestion *question)
{
  return asking->by_key && asking->desk->context->config->admission.elsewhere == ELSEWHERE_VERIFY
             ? judge_by_secrets(asking, question)
             : elsewhere_judge(asking->desk, question, NULL);
}

static ImageAnswer *
judge_image(void *data, const ImageQuestion *question)
{
  const Asking *asking = data;
  return own_image_is(asking->desk, question->name) ? own_image_judge(asking->desk, question)
                                                    : judge_elsewhere(asking, question);
}

static Found
look_at_glass(void *data, const Review *review, const GPtrArray *images, char **told,
              GError **error)
{
  const Asking *asking = data;
  return admission_glass(asking->desk, asking->cluster, review, images, told, error);
}

/* How long the API server waits for us: ?timeout=10s. */
static uint32_t
patience(const Request *request)
{
  uint64_t seconds = TIMEOUT_USUAL;
  const char *asked = request_query(request, "timeout");
  if (asked != NULL && duration_parse(asked, &seconds))
    seconds = CLAMP(seconds, 1, TIMEOUT_MOST);
  return (uint32_t)(seconds > TIMEOUT_SPARED ? seconds - TIMEOUT_SPARED : 1);
}

static const char *
word_of(const AdmissionDecision *decision)
{
  return !decision->allowed ? "denied" : decision->warnings->len > 0 ? "warned" : "allowed";
}

/* For the operator: which object of which cluster was refused, and why. */
static void
tell_refusal(const Request *request, const Review *review, const AdmissionDecision *decision)
{
  if (decision->allowed)
    return;
  g_autofree char *object = review_object_in_words(review);
  g_autofree char *place = g_strdup_printf("%s: %s", cluster_of(request), object);
  log_info("admission refused", "cluster", cluster_of(request), "object", object, "user",
           review->user, "dry_run", review->dry_run ? "true" : "false", "reason", decision->message,
           NULL);
  if (!review->dry_run)
    audit_note(NOTE_VERDICT_REFUSED, place, verb_name(VERB_VERIFY), decision->message);
}

/* --- the routes --- */

/* NULL: it has responded, or waits. (transfer full) */
static AdmissionDecision *
decide(Request *request, Review *review, bool breaks_glass)
{
  g_autoptr(GError) error = NULL;
  const ServerContext *context = server_context(request);
  const AdmissionSettings *settings = &context->config->admission;
  if (!review_read(slice_from_bytes(request_body(request)), review, &error)) {
    respond_oci_error(request, MHD_HTTP_BAD_REQUEST, "INVALID", error->message, NULL);
    return NULL;
  }
  Asking asking = {.desk = context->admission,
                   .cluster = cluster_of(request),
                   .review = review,
                   .by_key = request_parameter(request, "key") != NULL};
  asking.settings = admission_cluster(settings, asking.cluster);
  const AdmissionInput input = {.settings = settings,
                                .cluster = asking.settings,
                                .judge = judge_image,
                                /* Its webhook says that it has no side effects. */
                                .glass = breaks_glass ? look_at_glass : NULL,
                                .data = &asking};
  g_autoptr(AdmissionDecision) decision = admission_decide(&input, review);
  if (decision->pending && request_wait(request, patience(request)))
    return NULL;
  return g_steal_pointer(&decision);
}

static void
finish(Request *request, const char *webhook,
       json_t *(*answer)(const Review *review, const AdmissionDecision *decision))
{
  g_auto(Review) review = {0};
  int64_t began = g_get_monotonic_time();
  g_autoptr(AdmissionDecision) decision = decide(request, &review, answer == answer_validate);
  if (decision == NULL)
    return;
  g_autoptr(json_t) body = answer(&review, decision);
  series_add(metric_series(&reviews, webhook, word_of(decision), NULL), 1);
  series_observe(metric_series(&review_seconds, webhook, NULL),
                 (double)(g_get_monotonic_time() - began) / G_USEC_PER_SEC);
  if (answer == answer_validate) {
    tell_refusal(request, &review, decision);
    admission_note_running(server_context(request)->admission, cluster_of(request), &review,
                           decision);
  }
  respond_json(request, MHD_HTTP_OK, body);
}

static void
validate(Request *request)
{
  finish(request, "validate", answer_validate);
}

static void
mutate(Request *request)
{
  finish(request, "mutate", answer_mutate);
}

#define BY_RIGHT VERB_VERIFY, ON_SYSTEM, WORK_WAITS, .begin = begin
#define BY_KEY   VERB_NONE, ON_NOTHING, WORK_WAITS, .begin = begin
#define ROUTE(pattern_, label_, access_, finish_)                                                  \
  {                                                                                                \
    "POST", pattern_, label_, access_, .finish = finish_, .body_limit = REVIEW_BYTES_MAX           \
  }
#define SECRET_ROUTE(pattern_, label_, finish_)                                                    \
  {                                                                                                \
    "POST", pattern_, label_, BY_KEY, .finish = finish_, .body_limit = REVIEW_BYTES_MAX,           \
                                      .path_is_secret = true                                       \
  }

const Route admission_routes[] = {
    ROUTE("/admission/validate", "admission-validate", BY_RIGHT, validate),
    ROUTE("/admission/validate/<cluster>", "admission-validate", BY_RIGHT, validate),
    SECRET_ROUTE("/admission/validate/<cluster>/<key>", "admission-validate", validate),
    ROUTE("/admission/mutate", "admission-mutate", BY_RIGHT, mutate),
    ROUTE("/admission/mutate/<cluster>", "admission-mutate", BY_RIGHT, mutate),
    SECRET_ROUTE("/admission/mutate/<cluster>/<key>", "admission-mutate", mutate),
    {NULL},
};
