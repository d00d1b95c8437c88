/* Manifests: GET, HEAD, PUT, DELETE; the gate at pull is here. */
#include <string.h>

#include "access/audit/audit.h"
#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "base/metrics.h"
#include "registry/pulls.h"
#include "server/http/head.h"
#include "server/server-private.h"
#include "server/v2/v2.h"

/* Headers are no place for long lists. */
#define WARNINGS_MAX 10

/* How long a pull waits for a scan that is under way, and for the findings of a large image. */
#define SCAN_WAIT_SECONDS     15
#define FINDINGS_WAIT_SECONDS 60

/* Of the reasons of a refusal, in its line of the log. */
#define REASONS_LOGGED 5u

METRIC(pulls_denied, COUNTER_OF("assay_pulls_denied_total", "Pulls refused, by policy.", "policy"));

/* The stored form is the only one: its bytes are its digest. A client that takes neither it nor
 * anything else is told so, instead of being given what it cannot read. */
static bool
is_acceptable(Request *request, const char *media_type)
{
  g_autofree char *accept = request_header_joined(request, "Accept");
  response_header(request, "Vary", "Accept");
  if (accept == NULL || accept_takes(accept, media_type))
    return true;
  g_autofree char *message = g_strdup_printf(
      "the manifest is stored as %s, which the Accept header leaves out", media_type);
  respond_oci_error(request, 404, "MANIFEST_UNKNOWN", message, NULL);
  return false;
}

static void
respond_manifest(Request *request, GBytes *bytes, const Digest *digest, const char *media_type)
{
  if (!is_acceptable(request, media_type))
    return;
  response_header(request, "Docker-Content-Digest", digest->text);
  g_autofree char *etag = g_strconcat("\"", digest->text, "\"", NULL);
  response_header(request, "ETag", etag);
  g_autofree char *etags = request_header_joined(request, "If-None-Match");
  if (etags != NULL && strstr(etags, digest->text) != NULL)
    respond_not_modified(request, g_bytes_get_size(bytes));
  else
    respond_bytes(request, MHD_HTTP_OK, media_type, bytes);
  if (strcmp(request_method(request), "HEAD") == 0)
    return;
  g_autofree char *object =
      g_strconcat(request_parameter(request, "name"), "@", digest->text, NULL);
  audit_note(NOTE_PULLED, object, verb_name(VERB_PULL), NULL);
  registry_note_pull(server_context(request)->registry, request_parameter(request, "name"), digest);
}

static void
warn_of_each(Request *request, const GPtrArray *warnings)
{
  for (guint i = 0; i < MIN(warnings->len, WARNINGS_MAX); i++)
    v2_warn(request, g_ptr_array_index(warnings, i));
}

/* On the network thread: only what needs neither disk nor thought. */
static void
v2_manifest_get_begin(Request *request)
{
  ServerContext *server = server_context(request);
  g_autoptr(CachedManifest) cached = manifest_cache_get(
      server->manifests, request_parameter(request, "name"),
      request_parameter(request, "reference"), registry_generation(server->registry),
      pipeline_generation(server->pipeline));
  if (cached == NULL)
    return;
  warn_of_each(request, cached->warnings);
  respond_manifest(request, cached->bytes, &cached->digest, cached->media_type);
}

/* Whether it is there is no secret (distribution-spec: HEAD of what exists is 200), and clients ask
 * before they push the repaired image under the same tag: containerd, and docker where it keeps its
 * images there, go on at 200 and 404 only. docker's own puller never asks before a push. It takes a
 * refused HEAD as a reason to ask GET and shows what that says; but a GET that is refused after
 * such a HEAD makes it warn that the registry breaks the specification. It is told from the others
 * by naming each media type that it takes. */
static bool
head_is_judged(const Request *request)
{
  const char *client = request_header(request, "User-Agent");
  g_autofree char *accept = request_header_joined(request, "Accept");
  return client != NULL && g_str_has_prefix(client, "docker/") && accept != NULL &&
         strstr(accept, "*/*") == NULL;
}

/* What the message leaves out, for programs: where the whole verdict is. */
static json_t *
refusal_detail(const Verdict *verdict, const char *repository, const Digest *digest)
{
  json_t *detail = json_object();
  g_autofree char *path =
      g_strdup_printf("/api/v1/images/%s/verdict?repository=%s", digest->text, repository);
  json_set_string(detail, "policy", verdict->policy);
  json_object_set_new(detail, "blocking", json_integer(verdict->blocking));
  json_set_string(detail, "verdict", path);
  return detail;
}

/* For the operator: who was refused what, and why. */
static void
log_refusal(Request *request, const StoredManifest *stored, const Verdict *verdict)
{
  g_autoptr(GString) reasons = g_string_new(NULL);
  guint logged = MIN(verdict->reasons->len, REASONS_LOGGED);
  for (guint i = 0; i < logged; i++)
    g_string_append_printf(reasons, "%s%s", i > 0 ? "; " : "",
                           (const char *)g_ptr_array_index(verdict->reasons, i));
  if (verdict->reasons->len > logged)
    g_string_append_printf(reasons, "; and %u more", verdict->reasons->len - logged);
  g_autofree char *agent = request_agent(request);
  log_info("pull refused", "repository", request_parameter(request, "name"), "reference",
           request_parameter(request, "reference"), "digest", stored->digest.text, "policy",
           verdict->policy, "reasons", reasons->str, "client", request_client(request),
           "user_agent", agent, NULL);
}

static void
note_refusal(const Request *request, const StoredManifest *stored, const Verdict *verdict)
{
  g_autofree char *object =
      g_strdup_printf("%s@%s", request_parameter(request, "name"), stored->digest.text);
  g_autofree char *rule =
      verdict->policy == NULL ? NULL : g_strdup_printf("policy %s", verdict->policy);
  audit_note(NOTE_VERDICT_REFUSED, object, verb_name(VERB_PULL), rule);
}

static void
respond_refusal(Request *request, const StoredManifest *stored, const Verdict *verdict)
{
  const char *repository = request_parameter(request, "name");
  /* A docker that is refused at HEAD asks GET next: one refusal. */
  if (strcmp(request_method(request), "HEAD") != 0) {
    const char *policy = verdict->policy != NULL ? verdict->policy : "";
    series_add(metric_series(&pulls_denied, policy, NULL), 1);
    log_refusal(request, stored, verdict);
    note_refusal(request, stored, verdict);
  }
  g_autoptr(json_t) detail = refusal_detail(verdict, repository, &stored->digest);
  respond_oci_error(request, MHD_HTTP_FORBIDDEN, "DENIED", verdict->message, detail);
}

/* In the log, too, once for each change of what is known: the answer is remembered. */
static void
tell_unscanned(Request *request, const StoredManifest *stored, const Verdict *verdict)
{
  if (!verdict->unscanned || strcmp(request_method(request), "HEAD") == 0)
    return;
  log_info("an unscanned image was pulled", "repository", request_parameter(request, "name"),
           "reference", request_parameter(request, "reference"), "digest", stored->digest.text,
           "policy", verdict->policy, "client", request_client(request), NULL);
}

static void
v2_manifest_get(Request *request)
{
  g_autoptr(GError) error = NULL;
  ServerContext *server = server_context(request);
  const char *repository = request_parameter(request, "name");
  const char *reference = request_parameter(request, "reference");
  uint64_t registry_now = registry_generation(server->registry);
  uint64_t verdict_now = pipeline_generation(server->pipeline);

  g_autoptr(StoredManifest) stored =
      registry_manifest_get(server->registry, repository, reference, &error);
  if (stored == NULL) {
    if (v2_moved_meanwhile(request))
      v2_manifest_get(request);
    else
      respond_error(request, error);
    return;
  }
  bool head = strcmp(request_method(request), "HEAD") == 0;
  if (head && !head_is_judged(request)) {
    respond_manifest(request, stored->bytes, &stored->digest, stored->media_type);
    return;
  }
  ScanState scan;
  g_autoptr(Verdict) verdict =
      pipeline_judge_pull(server->pipeline, repository, reference, stored, &scan, &error);
  if (verdict == NULL) {
    if (!g_error_matches(error, ASSAY_ERROR, ASSAY_ERROR_BUSY) ||
        !request_wait(request, FINDINGS_WAIT_SECONDS))
      respond_error(request, error);
    return;
  }
  if (scan == SCAN_PENDING && request_wait(request, SCAN_WAIT_SECONDS))
    return;
  if (!verdict->allowed) {
    respond_refusal(request, stored, verdict);
    return;
  }
  /* What a dry run would refuse, what will be refused when its grace ends, and what is not scanned
   * is told. */
  g_autoptr(GPtrArray) warnings = g_ptr_array_new_with_free_func(g_free);
  if (verdict->message != NULL)
    g_ptr_array_add(warnings, g_strdup(verdict->message));
  for (guint i = 0; i < verdict->warnings->len && warnings->len < WARNINGS_MAX; i++)
    g_ptr_array_add(warnings, g_strdup(g_ptr_array_index(verdict->warnings, i)));
  warn_of_each(request, warnings);
  tell_unscanned(request, stored, verdict);
  if (scan != SCAN_PENDING)
    manifest_cache_put(server->manifests, repository, reference, registry_now, verdict_now, stored,
                       warnings, verdict->expires);
  respond_manifest(request, stored->bytes, &stored->digest, stored->media_type);
}

/* distribution-spec 1.2: at least ten are to be taken; all come back in one header. */
#define TAGS_MAX 100u

static void
v2_manifest_put_begin(Request *request)
{
  g_auto(GStrv) tags = request_query_all(request, "tag");
  if (g_strv_length(tags) > TAGS_MAX) {
    respond_oci_error(request, MHD_HTTP_URI_TOO_LONG, "UNSUPPORTED",
                      "at most 100 tags can be given at once", NULL);
    return;
  }
  request_limit_body(request, server_context(request)->config->limits.registry.manifest_bytes);
}

/* What Content-Type says, without parameters ("; charset=utf-8"), which are no part of the type,
 * and in small letters, for types have no case (RFC 9110, 8.3.1); NULL when it says nothing. */
static char *
sent_media_type(Request *request)
{
  const char *header = request_header(request, "Content-Type");
  g_autofree char *type =
      header == NULL ? NULL : g_strstrip(g_strndup(header, strcspn(header, ";")));
  return type == NULL || *type == '\0' ? NULL : g_ascii_strdown(type, -1);
}

static void
v2_manifest_put(Request *request)
{
  g_autoptr(GError) error = NULL;
  g_auto(PushedManifest) pushed = {{{0}}, NULL, NULL};
  ServerContext *server = server_context(request);
  const char *repository = request_parameter(request, "name");
  const char *reference = request_parameter(request, "reference");
  GBytes *body = request_body(request);
  g_autoptr(GBytes) bytes = body != NULL ? g_bytes_ref(body) : g_bytes_new_static("", 0);
  g_autofree char *media_type = sent_media_type(request);
  /* ?tag= as often as wanted, with a digest for a reference (distribution-spec 1.2, end-7b). */
  g_auto(GStrv) tags = request_query_all(request, "tag");

  if (!registry_manifest_put(server->registry, repository, reference, (const char *const *)tags,
                             media_type, bytes, &pushed, &error)) {
    respond_error(request, error);
    return;
  }
  pipeline_manifest_arrived(server->pipeline, repository, &pushed.digest, pushed.manifest);
  response_header_format(request, "Location", "/v2/%s/manifests/%s", repository,
                         pushed.digest.text);
  response_header(request, "Docker-Content-Digest", pushed.digest.text);
  if (pushed.manifest->subject != NULL)
    response_header(request, "OCI-Subject", pushed.manifest->subject->digest.text);
  if (strchr(reference, ':') != NULL && tags[0] != NULL) {
    g_autofree char *joined = g_strjoinv(", ", tags);
    response_header(request, "OCI-Tag", joined);
  }
  warn_of_each(request, pushed.warnings);
  respond_empty(request, MHD_HTTP_CREATED);
}

static void
v2_manifest_delete(Request *request)
{
  g_autoptr(GError) error = NULL;
  ServerContext *server = server_context(request);
  if (!registry_manifest_delete(server->registry, request_parameter(request, "name"),
                                request_parameter(request, "reference"), &error)) {
    respond_error(request, error);
    return;
  }
  respond_empty(request, MHD_HTTP_ACCEPTED);
}

/* What limits.manifest_bytes may be at most; v2_manifest_put_begin() applies it. */
#define BODY_MAX ((size_t)64 * 1024 * 1024)

#define MANIFEST "/v2/<name>/manifests/<reference>"

const Route v2_manifest_routes[] = {
    {"GET", MANIFEST, "manifest", VERB_PULL, ON_REPOSITORY, WORK_WAITS, v2_manifest_get_begin, NULL,
     v2_manifest_get, .follow = v2_follow_move},
    {"PUT", MANIFEST, "manifest", VERB_PUSH, ON_REPOSITORY, WORK_WAITS, v2_manifest_put_begin, NULL,
     v2_manifest_put, BODY_MAX},
    {"DELETE", MANIFEST, "manifest", VERB_DELETE, ON_REPOSITORY, WORK_WAITS,
     .finish = v2_manifest_delete},
    {NULL},
};
