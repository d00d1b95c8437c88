/* What a server does now and then; see the header. */
#include "server/housekeeping.h"

#include "access/idempotency.h"
#include "access/people/robots.h"
#include "base/error.h"
#include "base/log.h"
#include "registry/deleted.h"
#include "registry/move.h"
#include "registry/pulls.h"
#include "registry/running.h"
#include "registry/small_blobs.h"
#include "server/harbor/scans.h"
#include "server/memory.h"
#include "signing/chains.h"

#define DAY_SECONDS ((int64_t)24 * 60 * 60)

static uint32_t
every_minute(const void *room)
{
  return 60;
}

static uint32_t
every_hour(const void *room)
{
  return 3600;
}

static uint32_t
every_five_seconds(const void *room)
{
  return 5;
}

/* --- what is left over --- */

static void
log_count(const char *what, unsigned count)
{
  g_autofree char *text = g_strdup_printf("%u", count);
  if (count > 0)
    log_info(what, "count", text, NULL);
}

/* What a version before this one left to be done, in steps between which others get their turn. */
static bool
record_references(Job *job, Registry *registry, GError **error)
{
  bool more = true;
  while (more && !job_cancelled(job))
    if (!registry_record_references(registry, &more, error)) {
      g_prefix_error(error, "what the stored manifests need cannot be noted yet: ");
      return false;
    }
  return true;
}

/* What the namespaces hold that a version before this one filled: once. */
static bool
count_namespaces(Job *job, Housekeeping *house, GError **error)
{
  Registry *registry = house->context->registry;
  bool more = !house->counted;
  while (more && !job_cancelled(job))
    if (!registry_count_namespace(registry, &house->counting, &more, error)) {
      g_prefix_error(error, "what the namespaces hold cannot be counted yet: ");
      return false;
    }
  house->counted = !more;
  return true;
}

/* What was deleted so long ago that nobody can bring it back any more. */
static void
purge_deleted(Job *job, Registry *registry)
{
  g_autoptr(GError) error = NULL;
  unsigned purged = 0, all = 0;
  for (bool more = true; more && !job_cancelled(job); all += purged)
    if (!registry_purge_deleted(registry, false, &purged, &more, &error)) {
      log_warning("deleted images cannot be purged yet", "error", error->message, NULL);
      break;
    }
  log_count("deleted images purged", all);
}

static void
remove_expired_robots(Access *access)
{
  g_autoptr(GError) error = NULL;
  unsigned count = 0;
  if (!robots_remove_expired(access, &count, &error))
    log_warning("robots that have expired cannot be removed", "error", error->message, NULL);
  log_count("expired robots removed", count);
}

static void
forget_keys(Access *access)
{
  g_autoptr(GError) error = NULL;
  int64_t count = 0;
  if (!idempotency_sweep(access_sql(access), &count, &error))
    log_warning("idempotency keys that have ended cannot be removed", "error", error->message,
                NULL);
}

/* Idle uploads, what a crash left of others, and rows that are to go once they have expired. */
static JobOutcome
clean_up(Job *job, void *room, GError **error)
{
  Housekeeping *house = room;
  Registry *registry = house->context->registry;
  g_autoptr(GError) failure = NULL;
  unsigned orphans = 0;
  remove_expired_robots(house->context->access);
  forget_keys(house->context->access);
  log_count("idle uploads dropped", registry_expire_uploads(registry));
  if (!registry_remove_orphans(registry, &orphans, &failure))
    log_warning("looking for files of unfinished pushes failed", "error", failure->message, NULL);
  log_count("files of unfinished pushes removed", orphans);
  g_clear_error(&failure);
  Collected trash = {0};
  if (!registry_empty_trash(registry, &trash, &failure))
    log_warning("files of deleted blobs stay for now", "error", failure->message, NULL);
  purge_deleted(job, registry);
  blob_store_keep_room(house->blobs);
  return record_references(job, registry, error) && count_namespaces(job, house, error)
             ? JOB_DONE
             : JOB_FAILED;
}

static const JobKind clean_up_job = {
    .kind = "clean-up", .at_once = 1, .every = every_minute, .run = clean_up};

/* --- pulls --- */

static JobOutcome
write_pulls(Job *job, void *room, GError **error)
{
  const Housekeeping *house = room;
  return registry_write_pulls(house->context->registry, error) ? JOB_DONE : JOB_AGAIN;
}

static JobOutcome
cut_pulls(Job *job, void *room, GError **error)
{
  const Housekeeping *house = room;
  return registry_cut_pulls(house->context->registry, error) ? JOB_DONE : JOB_AGAIN;
}

static JobOutcome
write_running(Job *job, void *room, GError **error)
{
  const Housekeeping *house = room;
  return registry_write_running(house->context->registry, error) ? JOB_DONE : JOB_AGAIN;
}

static JobOutcome
cut_running(Job *job, void *room, GError **error)
{
  const Housekeeping *house = room;
  return registry_cut_running(house->context->registry, error) ? JOB_DONE : JOB_AGAIN;
}

static const JobKind running_job = {.kind = "running",
                                    .at_once = 1,
                                    .back_off = 1,
                                    .every = every_five_seconds,
                                    .run = write_running};
static const JobKind cut_running_job = {
    .kind = "running-cut", .at_once = 1, .back_off = 60, .every = every_hour, .run = cut_running};
static const JobKind pulls_job = {
    .kind = "pulls", .at_once = 1, .back_off = 1, .every = every_five_seconds, .run = write_pulls};
static const JobKind cut_pulls_job = {
    .kind = "pulls-cut", .at_once = 1, .back_off = 60, .every = every_hour, .run = cut_pulls};

/* --- small blobs --- */

static JobOutcome
settle_blobs(Job *job, void *room, GError **error)
{
  const Housekeeping *house = room;
  return registry_settle_blobs(house->context->registry, error) ? JOB_DONE : JOB_AGAIN;
}

static const JobKind settle_job = {.kind = "settle-blobs",
                                   .at_once = 1,
                                   .back_off = 5,
                                   .every = every_five_seconds,
                                   .run = settle_blobs};

/* --- old names --- */

/* What another node has moved, too. */
static JobOutcome
read_moved(Job *job, void *room, GError **error)
{
  const Housekeeping *house = room;
  return registry_read_moved(house->context->registry, error) ? JOB_DONE : JOB_AGAIN;
}

static const JobKind moved_job = {.kind = "moved-names",
                                  .at_once = 1,
                                  .back_off = 5,
                                  .every = every_five_seconds,
                                  .run = read_moved};

/* --- memory --- */

static JobOutcome
tidy(Job *job, void *room, GError **error)
{
  const Housekeeping *house = room;
  pipeline_tidy(house->context->pipeline);
  harbor_scans_tidy(house->context->harbor);
  memory_give_back();
  return JOB_DONE;
}

static const JobKind tidy_job = {
    .kind = "tidy", .at_once = 1, .first = 5, .every = every_five_seconds, .run = tidy};

/* --- the certificate --- */

/* While it is the same, once a day. */
static void
look_at_certificate(Housekeeping *house)
{
  int64_t now = g_get_real_time() / G_USEC_PER_SEC;
  CertificateTimes times;
  if (!http_server_certificate(house->context->http, &times))
    return;
  bool same = times.until == house->checked.until && times.from == house->checked.from;
  if (same && now - house->checked_at < DAY_SECONDS && now >= house->checked_at)
    return;
  house->checked = times;
  house->checked_at = now;
  g_autofree char *problem = certificate_problem(times, now);
  if (problem != NULL)
    log_warning("the server's certificate needs attention", "certificate",
                house->context->config->http.tls.certificate, "problem", problem, NULL);
}

/* Once a day. */
static void
look_at_endpoints(Housekeeping *house)
{
  int64_t now = g_get_real_time() / G_USEC_PER_SEC;
  if (now - house->endpoints_checked_at < DAY_SECONDS && now >= house->endpoints_checked_at)
    return;
  house->endpoints_checked_at = now;
  g_autoptr(GPtrArray) problems = http_server_certificate_problems(house->context->http);
  for (guint i = 0; i < problems->len; i++)
    log_warning("the certificate of an endpoint needs attention", "problem",
                (const char *)g_ptr_array_index(problems, i), NULL);
}

/* Once a day. */
static void
look_at_chains(Housekeeping *house)
{
  int64_t now = g_get_real_time() / G_USEC_PER_SEC;
  if (now - house->chains_checked_at < DAY_SECONDS && now >= house->chains_checked_at)
    return;
  house->chains_checked_at = now;
  g_autoptr(SigningSet) set = signing_get(house->context->signing);
  g_autoptr(GPtrArray) problems = signing_chain_problems(set, now);
  for (guint i = 0; i < problems->len; i++)
    log_warning("a signing key needs attention", "problem",
                (const char *)g_ptr_array_index(problems, i), NULL);
}

static JobOutcome
check_certificate(Job *job, void *room, GError **error)
{
  look_at_certificate(room);
  look_at_endpoints(room);
  look_at_chains(room);
  return JOB_DONE;
}

static const JobKind certificate_job = {.kind = "check-certificate",
                                        .at_once = 1,
                                        .every = every_five_seconds,
                                        .run = check_certificate};

void
housekeeping_add(Housekeeping *house, ServerContext *context, BlobStore *blobs)
{
  static const JobKind *const reading[] = {&tidy_job, &certificate_job, &moved_job, NULL};
  static const JobKind *const writing[] = {
      &clean_up_job, &pulls_job, &cut_pulls_job, &running_job, &cut_running_job, &settle_job, NULL};
  house->context = context;
  house->blobs = blobs;
  jobs_add(context->jobs, reading, house);
  if (!context->read_only)
    jobs_add(context->jobs, writing, house);
}

void
housekeeping_clear(Housekeeping *house)
{
  g_clear_pointer(&house->counting, g_free);
}
