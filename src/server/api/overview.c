/* All images at once: how many stand how, since when, and what changed. */
#include <string.h>
#include <sys/statvfs.h>

#include "assay-version.h"
#include "base/json.h"
#include "inspect/malware/clamav_state.h"
#include "server/api/api-private.h"
#include "server/config.h"
#include "signing/chains.h"

#define DAYS_DEFAULT 30
#define DAYS_MOST    400
/* That are looked through at a time. */
#define CHANGES_AT_ONCE 1000

/* --- the objects --- */

#define COUNTS_KIND .kind = &json_counts, .words = severity_names, .last_first = true

/* By the worst finding: 1 + Severity, or none. */
static const char *const worst_names[] = {"none",   "unknown", "negligible", "low",
                                          "medium", "high",    "critical",   NULL};
#define WORST_KIND .kind = &json_counts, .words = worst_names, .last_first = true

static const JsonMember both_members[] = {
    {JSON_MEMBER_AS("allowed", Overview, by_both[GATE_ALLOWED]), WORST_KIND},
    {JSON_MEMBER_AS("warns", Overview, by_both[GATE_WARNS]), WORST_KIND},
    {JSON_MEMBER_AS("refused", Overview, by_both[GATE_REFUSED]), WORST_KIND},
};
static const JsonTable both_table = JSON_TABLE(Overview, both_members);

static const JsonMember images_members[] = {
    {JSON_MEMBER_AS("total", Overview, images), .kind = &json_number},
    {JSON_MEMBER_AS("gate", Overview, gates), .kind = &json_counts, .words = gate_answer_names},
    {JSON_MEMBER_AS("severity", Overview, worst), WORST_KIND},
    {.name = "gate_and_severity", .kind = &json_part, .table = &both_table, .required = true},
    {JSON_MEMBER_AS("fixable", Overview, fixable_images), .kind = &json_number},
    {JSON_MEMBER(Overview, unscanned), .kind = &json_number},
    {JSON_MEMBER_AS("older_detectors", Overview, older), .kind = &json_number},
    {JSON_MEMBER(Overview, bytes), .kind = &json_number},
};
static const JsonTable images_table = JSON_TABLE(Overview, images_members);

static const JsonMember counts_members[] = {
    {.name = "images", .kind = &json_part, .table = &images_table, .required = true},
    {JSON_MEMBER_AS("findings", Overview, counts), COUNTS_KIND},
    {JSON_MEMBER(Overview, fixable), COUNTS_KIND},
};
static const JsonTable counts_table = JSON_TABLE(Overview, counts_members);

static const JsonMember day_members[] = {
    {JSON_MEMBER(DayCounts, day), .kind = &json_text, .required = true},
    {JSON_MEMBER(DayCounts, images), .kind = &json_number},
    {JSON_MEMBER_AS("gate", DayCounts, gates), .kind = &json_counts, .words = gate_answer_names},
    {JSON_MEMBER(DayCounts, unscanned), .kind = &json_number},
    {JSON_MEMBER_AS("findings", DayCounts, counts), COUNTS_KIND},
    {JSON_MEMBER(DayCounts, fixable), .kind = &json_number},
};
static const JsonTable day_table = JSON_TABLE(DayCounts, day_members);
static const JsonMember history_members[] = {
    {JSON_MEMBER_AS("history", Overview, days), .kind = &json_list, .table = &day_table},
};
static const JsonTable history_table = JSON_TABLE(Overview, history_members);

typedef struct {
  const char *version, *policy, *certificate, *signing_certificates;
  uint64_t up_seconds;
  bool read_only;
  uint64_t disk, disk_free;
  const char *access; /* access.mode */
} ServerFacts;
static const JsonMember server_members[] = {
    {JSON_MEMBER(ServerFacts, version), .kind = &json_text, .required = true},
    {JSON_MEMBER(ServerFacts, up_seconds), .kind = &json_number},
    {JSON_MEMBER(ServerFacts, read_only), .kind = &json_flag},
    {JSON_MEMBER(ServerFacts, policy), .kind = &json_text, .required = true},
    {JSON_MEMBER(ServerFacts, certificate), .kind = &json_text},
    {JSON_MEMBER(ServerFacts, signing_certificates), .kind = &json_text},
    {JSON_MEMBER(ServerFacts, access), .kind = &json_text},
};
static const JsonTable server_table = JSON_TABLE(ServerFacts, server_members);
/* Where the system tells of the disk. */
static const JsonMember disk_members[] = {
    {JSON_MEMBER_AS("disk_bytes", ServerFacts, disk), .kind = &json_number},
    {JSON_MEMBER_AS("disk_free_bytes", ServerFacts, disk_free), .kind = &json_number},
};
static const JsonTable disk_table = JSON_TABLE(ServerFacts, disk_members);

typedef struct {
  AdvisoryFeedStatus status;
  uint64_t age;
} ListedFeed;
static const JsonMember feed_members[] = {
    {JSON_MEMBER_AS("name", ListedFeed, status.feed), .kind = &json_text, .required = true},
    {JSON_MEMBER_AS("type", ListedFeed, status.type), .kind = &json_text, .required = true},
    {JSON_MEMBER_AS("updated", ListedFeed, status.updated), .kind = &json_moment, .required = true},
    {JSON_MEMBER_AS("age_seconds", ListedFeed, age), .kind = &json_number},
    {JSON_MEMBER_AS("statements", ListedFeed, status.count), .kind = &json_number},
};
static const JsonTable feed_table = JSON_TABLE(ListedFeed, feed_members);

typedef struct {
  char *state, *generation;
  uint64_t interval;
} AdvisoryFacts;
static const JsonMember advisory_members[] = {
    {JSON_MEMBER(AdvisoryFacts, state), .kind = &json_text, .required = true},
    {JSON_MEMBER(AdvisoryFacts, generation), .kind = &json_text},
    {JSON_MEMBER_AS("interval_seconds", AdvisoryFacts, interval), .kind = &json_number},
};
static const JsonTable advisory_table = JSON_TABLE(AdvisoryFacts, advisory_members);

/* Of ClamAV, where it is asked. */
typedef struct {
  char *state, *version;
  uint64_t unjudged, stale; /* layers */
} ClamavFacts;
static const JsonMember clamav_members[] = {
    {JSON_MEMBER(ClamavFacts, state), .kind = &json_text, .required = true},
    {JSON_MEMBER(ClamavFacts, version), .kind = &json_text},
};
static const JsonTable clamav_table = JSON_TABLE(ClamavFacts, clamav_members);
/* Of all namespaces. */
static const JsonMember unjudged_members[] = {
    {JSON_MEMBER_AS("unjudged_layers", ClamavFacts, unjudged), .kind = &json_number},
    {JSON_MEMBER_AS("layers_of_older_signatures", ClamavFacts, stale), .kind = &json_number},
};
static const JsonTable unjudged_table = JSON_TABLE(ClamavFacts, unjudged_members);

static const JsonMember from_members[] = {
    {JSON_MEMBER_AS("gate", StandingChange, from), .kind = &json_word, .words = gate_answer_names},
    {JSON_MEMBER_AS("findings", StandingChange, from_counts), COUNTS_KIND},
};
static const JsonTable from_table = JSON_TABLE(StandingChange, from_members);
static const JsonMember to_members[] = {
    {JSON_MEMBER_AS("gate", StandingChange, to), .kind = &json_word, .words = gate_answer_names},
    {JSON_MEMBER_AS("findings", StandingChange, to_counts), COUNTS_KIND},
};
static const JsonTable to_table = JSON_TABLE(StandingChange, to_members);
static const JsonMember change_members[] = {
    {JSON_MEMBER(StandingChange, id), .kind = &json_number},
    {JSON_MEMBER_AS("time", StandingChange, id), .kind = &json_moment, .required = true},
    {JSON_MEMBER(StandingChange, repository), .kind = &json_text, .required = true},
    {JSON_MEMBER_AS("digest", StandingChange, manifest), .kind = &json_text, .required = true},
    {.name = "from", .kind = &json_part, .table = &from_table, .required = true},
    {.name = "to", .kind = &json_part, .table = &to_table, .required = true},
    {JSON_MEMBER(StandingChange, why), .kind = &json_text, .required = true},
    {JSON_MEMBER(StandingChange, reason), .kind = &json_text},
};
static const JsonTable change_table = JSON_TABLE(StandingChange, change_members);

const ApiSchema api_overview_schemas[] = {
    {"Overview", &counts_table},
    {"Overview", &history_table},
    {"Overview.not_known", &api_not_known_table},
    {"Overview.server", &server_table},
    {"Overview.server", &disk_table, .sometimes = true},
    {"Overview.advisories", &advisory_table},
    {"Overview.clamav", &clamav_table},
    {"Overview.clamav", &unjudged_table, .sometimes = true},
    {"Overview.advisories.feeds", &feed_table},
    {"Changes.changes", &change_table},
    {NULL},
};

/* --- all images --- */

static json_t *
server_to_json(Request *request)
{
  const ServerContext *context = server_context(request);
  int64_t now = g_get_real_time() / G_USEC_PER_SEC;
  CertificateTimes times;
  struct statvfs disk;
  g_autofree char *policy = pipeline_policy_problem(context->pipeline), *certificate = NULL;
  ServerFacts facts = {.version = ASSAY_VERSION,
                       .policy = policy != NULL ? policy : "ok",
                       .up_seconds = (uint64_t)MAX(now - context->started / G_USEC_PER_SEC, 0),
                       .read_only = context->read_only,
                       .access = access_is_open(context->access) ? "open" : "closed"};
  if (http_server_certificate(request_http_server(request), &times)) {
    certificate = certificate_problem(times, now);
    facts.certificate = certificate != NULL ? certificate : "ok";
  }
  g_autoptr(SigningSet) set = signing_get(context->signing);
  g_autoptr(GPtrArray) chains = signing_chain_problems(set, now);
  facts.signing_certificates = chains->len > 0 ? g_ptr_array_index(chains, 0) : NULL;
  json_t *server = json_table_write(&server_table, &facts);
  if (statvfs(context->data_folder, &disk) == 0) {
    facts.disk = (uint64_t)disk.f_blocks * disk.f_frsize;
    facts.disk_free = (uint64_t)disk.f_bavail * disk.f_frsize;
    json_table_add(&disk_table, &facts, server);
  }
  return server;
}

static json_t *
advisories_to_json(const ServerContext *server, GError **error)
{
  Pipeline *pipeline = server->pipeline;
  g_autofree char *generation = NULL;
  g_autoptr(GPtrArray) feeds = pipeline_feeds(pipeline, &generation, error);
  if (feeds == NULL)
    return NULL;
  g_autofree char *state = pipeline_describe_advisories(pipeline);
  const AdvisoryFacts facts = {state, generation, server->config->advisories.feed_interval};
  json_t *advisories = json_table_write(&advisory_table, &facts), *list = json_array();
  for (guint i = 0; i < feeds->len; i++) {
    const AdvisoryFeedStatus *feed = g_ptr_array_index(feeds, i);
    int64_t age = (g_get_real_time() - feed->updated) / G_USEC_PER_SEC;
    const ListedFeed listed = {*feed, (uint64_t)MAX(age, 0)};
    json_array_append_new(list, json_table_write(&feed_table, &listed));
  }
  json_object_set_new(advisories, "feeds", list);
  return advisories;
}

/* Who sees one namespace alone learns nothing of the others. NULL: it is not asked. (transfer full)
 */
static json_t *
clamav_to_json(const ServerContext *server, const char *space)
{
  g_autofree char *state = clamav_problem(), *version = clamav_in_words();
  ClamavFacts facts = {state, version, 0, 0};
  if (state == NULL)
    return NULL;
  json_t *clamav = json_table_write(&clamav_table, &facts);
  if (space == NULL) {
    pipeline_count_unjudged(server->pipeline, &facts.unjudged, &facts.stale);
    json_table_add(&unjudged_table, &facts, clamav);
  }
  return clamav;
}

/* Its sums are of all images, so it is for who may see all, or all of a namespace. */
static bool
may_see_sums(Request *request, const char *space)
{
  if (request_may_all(request, VERB_LIST, space))
    return true;
  respond_oci_error(request, MHD_HTTP_FORBIDDEN, "DENIED",
                    space == NULL ? "the overview is of all images, and you may not list them all; "
                                    "name a namespace of yours (?namespace=)"
                                  : "you may not list all images of this namespace",
                    NULL);
  return false;
}

/* ?namespace= and ?days= of the history. */
static void
api_overview(Request *request)
{
  g_autoptr(GError) error = NULL;
  Pipeline *pipeline = server_context(request)->pipeline;
  uint64_t days = DAYS_DEFAULT;
  const char *space = request_query(request, "namespace");
  if (!api_number_of(request, "days", 1, DAYS_MOST, &days) || !may_see_sums(request, space))
    return;
  g_autoptr(Overview) overview = pipeline_overview(pipeline, space, (unsigned)days, &error);
  g_autoptr(json_t) advisories =
      overview == NULL ? NULL : advisories_to_json(server_context(request), &error);
  if (advisories == NULL) {
    respond_error(request, error);
    return;
  }
  g_autoptr(json_t) body = json_table_write(&counts_table, overview);
  api_set_unknown(request, body, overview);
  json_object_set(body, "advisories", advisories);
  json_t *clamav = clamav_to_json(server_context(request), space);
  if (clamav != NULL)
    json_object_set_new(body, "clamav", clamav);
  json_object_set_new(body, "server", server_to_json(request));
  json_table_add(&history_table, overview, body);
  respond_json(request, MHD_HTTP_OK, body);
}

/* --- what changed --- */

/* A number that an answer gave as `next`, or a time. */
static bool
since_of(Request *request, int64_t *since)
{
  const char *text = request_query(request, "since");
  uint64_t id = 0;
  *since = 0;
  if (text == NULL)
    return true;
  if (slice_to_uint64(slice_from_string(text), &id) && id <= G_MAXINT64) {
    *since = (int64_t)id;
    return true;
  }
  g_autoptr(GDateTime) time = g_date_time_new_from_iso8601(text, NULL);
  if (time == NULL) {
    api_refuse(request, "?since= must be `next` of an answer before, or a time such as "
                        "2026-11-26T08:00:00Z");
    return false;
  }
  *since = g_date_time_to_unix(time) * G_USEC_PER_SEC - 1;
  return true;
}

/* Those after *since that who asks may see; *since: that of the last of them, for when others
 * change is not theirs to know. NULL: failed. */
static json_t *
list_changes(Request *request, guint most, int64_t *since, GError **error)
{
  g_autoptr(json_t) list = json_array();
  int64_t from = *since;
  for (bool more = true; more && json_array_size(list) < most;) {
    g_autoptr(GPtrArray) changes =
        pipeline_changes(server_context(request)->pipeline, from, CHANGES_AT_ONCE, error);
    if (changes == NULL)
      return NULL;
    more = changes->len == CHANGES_AT_ONCE;
    for (guint i = 0; i < changes->len && json_array_size(list) < most; i++) {
      const StandingChange *change = g_ptr_array_index(changes, i);
      from = change->id;
      if (!request_may(request, VERB_READ_FINDINGS, change->repository))
        continue;
      json_array_append_new(list, json_table_write(&change_table, change));
      *since = from;
    }
  }
  return g_steal_pointer(&list);
}

static void
api_changes(Request *request)
{
  g_autoptr(GError) error = NULL;
  Page page;
  int64_t since;
  if (!api_page_of(request, &page) || !since_of(request, &since))
    return;
  json_t *list = list_changes(request, (guint)page.limit, &since, &error);
  if (list == NULL) {
    respond_error(request, error);
    return;
  }
  g_autoptr(json_t) body = json_object();
  json_set_number(body, "limit", page.limit);
  json_object_set_new(body, "next", json_integer(since));
  json_object_set_new(body, "changes", list);
  respond_json(request, MHD_HTTP_OK, body);
}

const Route api_overview_routes[] = {
    {"GET", "/api/v1/overview", "api-overview", VERB_LIST, ON_WHAT_ONE_MAY, WORK_WAITS,
     .finish = api_overview},
    {"GET", "/api/v1/changes", "api-changes", VERB_READ_FINDINGS, ON_WHAT_ONE_MAY, WORK_WAITS,
     .finish = api_changes},
    {NULL},
};
