/* Scans for Harbor as jobs; see the header. */
#include "server/harbor/scans.h"

#include <string.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/metrics.h"
#include "server/harbor/reports.h"
#include "source/layer_cache.h"
#include "source/layers.h"
#include "source/source.h"
#include "verdict/completeness.h"

METRIC(scans_ended,
       COUNTER_BY("assay_harbor_scans_total", "Scans that Harbor asked for, by outcome.", "outcome",
                  "done", "failed", "cancelled"));
METRIC(scan_seconds,
       SECONDS_OF("assay_harbor_scan_seconds",
                  "How long scans took that Harbor asked for, with the pull.", "outcome"));

enum { ENDED_DONE, ENDED_FAILED, ENDED_CANCELLED };

typedef struct {
  char *id, *asker;
  ScanRequest request; /* of the job that runs, without a lock */
  HarborScanState state;
  char *error;   /* of one that failed */
  int64_t ended; /* g_get_monotonic_time(); 0: not yet */
  GBytes *reports[HARBOR_REPORTS];
  size_t size; /* of these */
} Scan;

struct HarborScans {
  ServerContext *context;
  GMutex lock;       /* guards the rest, and what scans have but their requests */
  GHashTable *scans; /* id -> Scan */
  GQueue kept;       /* Scan, borrowed: those that ended, first to last */
  size_t size;       /* of their reports */
  unsigned pending;
};

static void
scan_free(void *data)
{
  Scan *scan = data;
  scan_request_clear(&scan->request);
  for (size_t i = 0; i < HARBOR_REPORTS; i++)
    g_clear_pointer(&scan->reports[i], g_bytes_unref);
  g_free(scan->error);
  g_free(scan->asker);
  g_free(scan->id);
  g_free(scan);
}

/* --- the table --- */

/* With the lock. */
static void
forget_first(HarborScans *scans)
{
  Scan *scan = g_queue_pop_head(&scans->kept);
  scans->size -= scan->size;
  g_hash_table_remove(scans->scans, scan->id);
}

/* With the lock. */
static void
tidy(HarborScans *scans)
{
  int64_t oldest = g_get_monotonic_time() - HARBOR_KEPT_SECONDS * G_USEC_PER_SEC;
  while (scans->kept.length > 0) {
    const Scan *first = g_queue_peek_head(&scans->kept);
    bool crowded = (scans->size > HARBOR_REPORT_BYTES_MAX && scans->kept.length > 1) ||
                   scans->kept.length > HARBOR_SCANS_MAX;
    if (first->ended > oldest && !crowded)
      return;
    forget_first(scans);
  }
}

void
harbor_scans_tidy(HarborScans *scans)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&scans->lock);
  tidy(scans);
}

/* Takes @reports over. @error: copied; NULL: it is done. */
static void
end_scan(HarborScans *scans, Scan *scan, GBytes *reports[HARBOR_REPORTS], const char *error)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&scans->lock);
  scan_request_forget_secret(&scan->request);
  for (size_t i = 0; reports != NULL && i < HARBOR_REPORTS; i++) {
    scan->reports[i] = g_steal_pointer(&reports[i]);
    scan->size += scan->reports[i] == NULL ? 0 : g_bytes_get_size(scan->reports[i]);
  }
  scan->error = g_strdup(error);
  scan->state = error == NULL ? HARBOR_SCAN_DONE : HARBOR_SCAN_FAILED;
  scan->ended = g_get_monotonic_time();
  scans->size += scan->size;
  scans->pending--;
  g_queue_push_tail(&scans->kept, scan);
  tidy(scans);
}

static Scan *
find(HarborScans *scans, const char *id)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&scans->lock);
  return g_hash_table_lookup(scans->scans, id);
}

HarborScanState
harbor_scans_look(HarborScans *scans, const char *id, const char *asker, HarborReport report,
                  GBytes **text, char **error)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&scans->lock);
  tidy(scans);
  const Scan *scan = g_hash_table_lookup(scans->scans, id);
  if (scan == NULL || strcmp(scan->asker, asker) != 0)
    return HARBOR_SCAN_UNKNOWN;
  GBytes *found = scan->reports[g_bit_nth_lsf(report, -1)];
  *text = found == NULL ? NULL : g_bytes_ref(found);
  *error = g_strdup(scan->error);
  return scan->state;
}

/* --- a scan --- */

static ImageSource *
open_source(const HarborScans *scans, const ScanRequest *request, Cancellable *cancellable,
            GError **error)
{
  const Config *config = scans->context->config;
  /* Without a dot or a port it would be a repository of Docker Hub: who reads a reference tells a
   * host by these. */
  bool is_host = strpbrk(request->host, ".:") != NULL;
  const char *port = is_host ? "" : request->plain ? ":80" : ":443";
  g_autofree char *target = g_strdup_printf("docker://%s%s/%s@%s", request->host, port,
                                            request->repository, request->digest.text);
  const ImageSourceOptions options = {.insecure = request->plain,
                                      .authorization = request->authorization,
                                      .ca_file = config->advisories.ca_file,
                                      .manifest_bytes = config->limits.registry.manifest_bytes,
                                      .allow_uncaged = config->allow_uncaged};
  g_autoptr(ImageSource) source =
      image_source_open(target, &options, &config->limits.inspection, NULL, cancellable, error);
  if (source == NULL)
    return NULL;
  const Digest *digest = image_source_manifest_digest(source);
  if (digest != NULL && digest_equal(digest, &request->digest))
    return g_steal_pointer(&source);
  error_set(error, ASSAY_ERROR_UNSUPPORTED,
            "%s is an index of several images; they are scanned one by one", target);
  return NULL;
}

static LayerInventory *
known_layer(const Digest *layer, void *data)
{
  const HarborScans *scans = data;
  return pipeline_layer_inventory(scans->context->pipeline, layer);
}

static ImageInventory *
pull(HarborScans *scans, const ScanRequest *request, Cancellable *cancellable, GError **error)
{
  g_autoptr(ImageSource) source = open_source(scans, request, cancellable, error);
  if (source == NULL)
    return NULL;
  g_autofree char *folder = g_build_filename(scans->context->data_folder, "inventories", NULL);
  auto_fd int cache = scans->context->read_only ? -1 : layer_cache_open(folder);
  const SourceLayersOptions options = {.cache = cache,
                                       .known = known_layer,
                                       .known_data = scans,
                                       .of_others = true,
                                       .threads = scans->context->config->limits.pipeline.workers,
                                       .limits = &scans->context->config->limits.inspection,
                                       .cancellable = cancellable};
  return source_layers(source, &options, error);
}

/* Where the operator wants no report of what is known in part. */
static bool
check_gaps(const HarborScans *scans, const GPtrArray *gaps, GError **error)
{
  if (gaps->len == 0 || scans->context->config->harbor.unknown != HARBOR_UNKNOWN_FAILS)
    return true;
  g_autofree char *words = completeness_in_words(gaps);
  return error_set(error, ASSAY_ERROR_INVALID, "not all of the image is known: %s", words);
}

static GBytes *
bytes_take(char *text)
{
  return g_bytes_new_take(text, strlen(text));
}

static bool
write_reports(HarborScans *scans, const ScanRequest *request, const ImageInventory *inventory,
              GBytes *reports[HARBOR_REPORTS], GError **error)
{
  HarborScanned scanned = {.request = request, .inventory = inventory, .now = g_get_real_time()};
  g_autoptr(MatchResult) matched = NULL;
  g_autoptr(GPtrArray) gaps = completeness_gaps(inventory, NULL);
  if (!check_gaps(scans, gaps, error))
    return false;
  if (request->reports & HARBOR_REPORT_VULNERABILITIES) {
    matched = pipeline_match(scans->context->pipeline, inventory, error);
    if (matched == NULL || !check_gaps(scans, matched->gaps, error))
      return false;
    scanned.matched = matched;
    reports[0] = bytes_take(harbor_vulnerability_report(&scanned));
  }
  static const HarborReport sboms[] = {HARBOR_REPORT_SPDX, HARBOR_REPORT_CYCLONEDX};
  for (size_t i = 0; i < G_N_ELEMENTS(sboms); i++)
    if (request->reports & sboms[i])
      reports[i + 1] = bytes_take(harbor_sbom_report(&scanned, sboms[i]));
  return true;
}

static void
tell_end(const Scan *scan, unsigned how, double seconds, const char *error)
{
  static const char *const outcomes[] = {"done", "failed", "cancelled"};
  g_autofree char *took = g_strdup_printf("%.3f", seconds);
  metric_add_at(&scans_ended, how, 1);
  series_observe(metric_series(&scan_seconds, outcomes[how], NULL), seconds);
  if (error == NULL)
    log_info("an image was scanned for Harbor", "registry", scan->request.host, "repository",
             scan->request.repository, "digest", scan->request.digest.text, "seconds", took, NULL);
  else
    log_warning("an image could not be scanned for Harbor", "registry", scan->request.host,
                "repository", scan->request.repository, "digest", scan->request.digest.text,
                "error", error, NULL);
}

static JobOutcome
run(Job *job, void *room, GError **error)
{
  HarborScans *scans = room;
  Scan *scan = find(scans, job_key(job));
  if (scan == NULL)
    return JOB_DONE;
  int64_t begun = g_get_monotonic_time();
  g_autoptr(GError) failure = NULL;
  GBytes *reports[HARBOR_REPORTS] = {NULL};
  g_autoptr(ImageInventory) inventory = pull(scans, &scan->request, job_cancellable(job), &failure);
  scan_request_forget_secret(&scan->request);
  bool done =
      inventory != NULL && write_reports(scans, &scan->request, inventory, reports, &failure);
  double seconds = (double)(g_get_monotonic_time() - begun) / G_USEC_PER_SEC;
  unsigned how = done ? ENDED_DONE : job_cancelled(job) ? ENDED_CANCELLED : ENDED_FAILED;
  const char *why = done                     ? NULL
                    : how == ENDED_CANCELLED ? "the scan was cancelled"
                                             : failure->message;
  tell_end(scan, how, seconds, why);
  end_scan(scans, scan, reports, why);
  /* What is wrong with an image is told to who asked, and is no failure of the job. */
  return JOB_DONE;
}

static void
dropped(const char *key, void *room)
{
  HarborScans *scans = room;
  Scan *scan = find(scans, key);
  if (scan == NULL)
    return;
  metric_add_at(&scans_ended, ENDED_CANCELLED, 1);
  end_scan(scans, scan, NULL, "the scan was cancelled before it began");
}

static const JobKind scan_job = {
    .kind = HARBOR_SCAN_JOB, .at_once = 2, .attempts = 1, .run = run, .dropped = dropped};

/* --- asking --- */

char *
harbor_scans_ask(HarborScans *scans, ScanRequest *request, const char *asker)
{
  g_autofree char *id = g_uuid_string_random();
  {
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&scans->lock);
    if (scans->pending >= HARBOR_SCANS_MAX)
      return NULL;
    scans->pending++;
    Scan *scan = g_new0(Scan, 1);
    scan->id = g_strdup(id);
    scan->asker = g_strdup(asker);
    scan->state = HARBOR_SCAN_PENDING;
    scan->request = *request;
    memset(request, 0, sizeof *request);
    g_hash_table_insert(scans->scans, scan->id, scan);
  }
  jobs_ask(scans->context->jobs, &scan_job, id);
  return g_steal_pointer(&id);
}

HarborScans *
harbor_scans_new(ServerContext *context)
{
  static const JobKind *const kinds[] = {&scan_job, NULL};
  HarborScans *scans = g_new0(HarborScans, 1);
  scans->context = context;
  g_mutex_init(&scans->lock);
  scans->scans = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, scan_free);
  jobs_add(context->jobs, kinds, scans);
  return scans;
}

void
harbor_scans_free(HarborScans *scans)
{
  if (scans == NULL)
    return;
  g_queue_clear(&scans->kept);
  g_hash_table_unref(scans->scans);
  g_mutex_clear(&scans->lock);
  g_free(scans);
}
