/* What could not be inspected or scanned, and why: only what the bytes themselves cause is final.
 * The rest (a killed worker, a disk that fails or is full, no memory) is tried again, less and less
 * often; what looks like the bytes' doing but may not be, a few times. */
#include "base/error.h"
#include "base/log.h"
#include "inspect/fingerprint.h"
#include "pipeline/pipeline-private.h"

/* 1, 4, 16, ... seconds, at most a quarter of an hour. */
#define DELAY_FACTOR 4
#define DELAY_MOST   ((int64_t)15 * 60 * G_USEC_PER_SEC)
/* After a write that failed: what could not be noted is in the database as it was before. */
#define REST ((int64_t)10 * G_USEC_PER_SEC)
/* Crashes of the worker, mostly. */
#define DOUBTFUL_ATTEMPTS 3

FaultKind
fault_kind(const GError *error)
{
  if (error->domain != ASSAY_ERROR)
    return FAULT_PASSING;
  switch ((AssayErrorCode)error->code) {
  case ASSAY_ERROR_INVALID:
  case ASSAY_ERROR_LIMIT:
  case ASSAY_ERROR_MISMATCH:
  case ASSAY_ERROR_UNSUPPORTED:
  case ASSAY_ERROR_TIMEOUT:   /* it worked for all of that time: see worker_run() */
  case ASSAY_ERROR_NOT_FOUND: /* the push of the blob has its images scanned */
    return FAULT_FINAL;
  case ASSAY_ERROR_FAILED:
  case ASSAY_ERROR_EXISTS:
  case ASSAY_ERROR_CHANGED:
    return FAULT_DOUBTFUL;
  case ASSAY_ERROR_DENIED:
  case ASSAY_ERROR_IO:
  case ASSAY_ERROR_FULL:
  case ASSAY_ERROR_READ_ONLY:
  case ASSAY_ERROR_NETWORK:
  case ASSAY_ERROR_BUSY:
  case ASSAY_ERROR_CANCELLED:
    break;
  }
  return FAULT_PASSING;
}

typedef struct {
  int64_t attempts; /* in vain */
  int64_t retry_at; /* 0: never */
} Attempts;

/* One more. A push has a layer tried before its time: that does not put the next try off. */
static void
count_attempt(Attempts *tried, FaultKind kind)
{
  int64_t now = g_get_real_time(), delay = G_USEC_PER_SEC;
  bool early = tried->retry_at > now;
  tried->attempts += !early;
  if (kind == FAULT_FINAL || (kind == FAULT_DOUBTFUL && tried->attempts >= DOUBTFUL_ATTEMPTS)) {
    tried->retry_at = 0;
  } else if (!early) {
    for (int64_t i = 1; i < tried->attempts && delay < DELAY_MOST; i++)
      delay *= DELAY_FACTOR;
    tried->retry_at = now + MIN(delay, DELAY_MOST);
  }
}

static SqlValue
sql_time(int64_t time)
{
  return time == 0 ? SQL_NULL : SQL_INTEGER(time);
}

static bool
read_attempts(SqlRows *rows, Attempts *tried, GError **error)
{
  Found found = sql_next(rows, error);
  if (found == FOUND)
    *tried = (Attempts){sql_rows_integer(rows, 0), sql_rows_integer(rows, 1)};
  return found != FAILED;
}

/* --- layers --- */

/* A fault of a layer or an image. */
typedef struct {
  const char *digest;
  const GError *fault;
  int64_t retry_at; /* set by the work */
} NewFault;

static bool
store_layer(SqlConnection *db, void *data, GError **error)
{
  NewFault *new_fault = data;
  Attempts tried = {0, 0};
  g_autoptr(SqlRows) rows =
      sql_query(db, error,
                "SELECT attempts, retry_at FROM layer_inventories "
                "WHERE layer = $1 AND detector_version = $2",
                SQL_TEXT(new_fault->digest), SQL_INTEGER(detectors_fingerprint()), SQL_END);
  if (!read_attempts(rows, &tried, error))
    return false;
  count_attempt(&tried, fault_kind(new_fault->fault));
  new_fault->retry_at = tried.retry_at;
  return sql_run(db, NULL, error,
                 "INSERT INTO layer_inventories (layer, detector_version, error, created, "
                 "attempts, retry_at) VALUES ($1, $2, $3, $4, $5, $6) "
                 "ON CONFLICT (layer, detector_version) DO UPDATE SET content = NULL, "
                 "error = excluded.error, created = excluded.created, "
                 "attempts = excluded.attempts, retry_at = excluded.retry_at",
                 SQL_TEXT(new_fault->digest), SQL_INTEGER(detectors_fingerprint()),
                 SQL_TEXT(new_fault->fault->message), SQL_INTEGER(g_get_real_time()),
                 SQL_INTEGER(tried.attempts), sql_time(tried.retry_at), SQL_END);
}

static bool
store_fault(SqlPool *sql, SqlWork work, const char *digest, const GError *fault, int64_t *retry_at,
            GError **error)
{
  NewFault new_fault = {digest, fault, 0};
  if (!sql_transact(sql, work, &new_fault, error))
    return false;
  *retry_at = new_fault.retry_at;
  return true;
}

bool
faults_store_layer(SqlPool *sql, const Digest *layer, const GError *fault, int64_t *retry_at,
                   GError **error)
{
  return store_fault(sql, store_layer, layer->text, fault, retry_at, error);
}

/* --- images --- */

static bool
write_fault(SqlConnection *db, const char *manifest, const char *message, const Attempts *tried,
            GError **error)
{
  return sql_run(db, NULL, error,
                 "UPDATE images SET state = $2, error = $3, scanned = $4, attempts = $5, "
                 "retry_at = $6 WHERE manifest = $1",
                 SQL_TEXT(manifest), SQL_INTEGER(tried->retry_at == 0 ? SCAN_FAILED : SCAN_WAITING),
                 SQL_TEXT(message), SQL_INTEGER(g_get_real_time()), SQL_INTEGER(tried->attempts),
                 sql_time(tried->retry_at), SQL_END);
}

static bool
store_image(SqlConnection *db, void *data, GError **error)
{
  NewFault *new_fault = data;
  Attempts tried = {0, 0};
  g_autoptr(SqlRows) rows =
      sql_query(db, error, "SELECT attempts, retry_at FROM images WHERE manifest = $1",
                SQL_TEXT(new_fault->digest), SQL_END);
  if (!read_attempts(rows, &tried, error))
    return false;
  count_attempt(&tried, fault_kind(new_fault->fault));
  new_fault->retry_at = tried.retry_at;
  return write_fault(db, new_fault->digest, new_fault->fault->message, &tried, error);
}

static bool
store_image_fault(SqlPool *sql, const char *manifest, const GError *fault, int64_t *retry_at,
                  GError **error)
{
  return store_fault(sql, store_image, manifest, fault, retry_at, error);
}

typedef struct {
  const char *manifest, *message;
  int64_t retry_at;
} Postponement;

static bool
postpone_image(SqlConnection *db, void *data, GError **error)
{
  const Postponement *postponed = data;
  const Attempts none = {0, postponed->retry_at};
  return write_fault(db, postponed->manifest, postponed->message, &none, error);
}

static bool
store_postponement(SqlPool *sql, const char *manifest, const char *message, int64_t retry_at,
                   GError **error)
{
  Postponement postponed = {manifest, message, retry_at};
  return sql_transact(sql, postpone_image, &postponed, error);
}

static bool
retry_all(SqlConnection *db, void *data, GError **error)
{
  int64_t now = g_get_real_time();
  return sql_run(db, NULL, error, "UPDATE layer_inventories SET retry_at = $1 WHERE retry_at > $1",
                 SQL_INTEGER(now), SQL_END) &&
         sql_run(db, NULL, error, "UPDATE images SET retry_at = $1 WHERE state = $2",
                 SQL_INTEGER(now), SQL_INTEGER(SCAN_WAITING), SQL_END);
}

bool
faults_retry_all(SqlPool *sql, GError **error)
{
  return sql_transact(sql, retry_all, NULL, error);
}

bool
faults_next_retry(SqlPool *sql, int64_t after, int64_t *when, GError **error)
{
  *when = G_MAXINT64;
  g_autoptr(SqlConnection) db = sql_acquire(sql, error);
  if (db == NULL)
    return false;
  g_autoptr(SqlRows) rows = sql_query(
      db, error, "SELECT min(retry_at) FROM images WHERE state IN ($1, $3) AND retry_at > $2",
      SQL_INTEGER(SCAN_WAITING), SQL_INTEGER(after), SQL_INTEGER(SCAN_DEFERRED), SQL_END);
  return sql_number(rows, when, error);
}

/* --- noting them --- */

static void
schedule(Pipeline *pipeline, int64_t when)
{
  if (when != G_MAXINT64)
    jobs_ask_at(pipeline->jobs, &retry_job, "", when);
}

/* The database could not be written: nothing is begun for a while, for nothing could be noted. */
void
faults_rest(Pipeline *pipeline, const char *manifest, const GError *error)
{
  int64_t until = g_get_real_time() + REST;
  log_error("the state of a scan cannot be stored; it will be tried again", "digest", manifest,
            "error", error->message, NULL);
  g_mutex_lock(&pipeline->scans.lock);
  pipeline->scans.rest_until = until;
  pipeline->scans.unlisted = true;
  g_mutex_unlock(&pipeline->scans.lock);
  schedule(pipeline, until);
}

static void
log_fault(const char *manifest, const char *message, bool final)
{
  log_warning(final ? "an image could not be scanned" : "the scan of an image will be tried again",
              "digest", manifest, "error", message, NULL);
}

void
faults_note_image(Pipeline *pipeline, const char *manifest, const GError *fault)
{
  g_autoptr(GError) error = NULL;
  int64_t retry_at = 0;
  if (!store_image_fault(pipeline->sql, manifest, fault, &retry_at, &error)) {
    faults_rest(pipeline, manifest, error);
    return;
  }
  log_fault(manifest, fault->message, retry_at == 0);
  if (retry_at != 0)
    schedule(pipeline, retry_at);
}

void
faults_postpone_image(Pipeline *pipeline, const char *manifest, const char *message,
                      int64_t retry_at)
{
  g_autoptr(GError) error = NULL;
  if (!store_postponement(pipeline->sql, manifest, message, retry_at, &error)) {
    faults_rest(pipeline, manifest, error);
    return;
  }
  log_fault(manifest, message, false);
  schedule(pipeline, retry_at);
}

void
faults_cancel_image(Pipeline *pipeline, const char *manifest)
{
  g_autoptr(GError) error = NULL;
  if (!store_postponement(pipeline->sql, manifest,
                          "the scan was cancelled; push the image again to have it scanned", 0,
                          &error))
    faults_rest(pipeline, manifest, error);
}
