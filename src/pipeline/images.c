/* Images in the metadata database. */
#include "base/error.h"
#include "base/json.h"
#include "inspect/fingerprint.h"
#include "inventory/end_of_life.h"
#include "jobs/event.h"
#include "oci/image_config.h"
#include "oci/media_type.h"
#include "pipeline/pipeline-private.h"
#include "verdict/completeness.h"

/* Where two have the same, the second fails to be scanned. */
static int64_t
image_id(const char *manifest)
{
  Digest digest;
  g_strlcpy(digest.text, manifest, sizeof digest.text);
  return digest_number(&digest);
}

static bool
write_state(SqlConnection *db, const char *manifest, ScanState state, uint32_t detectors,
            GError **error)
{
  return sql_run(db, NULL, error,
                 "INSERT INTO images (id, manifest, state, scanned, package_count, counts, "
                 "fixable, detectors) "
                 "VALUES ($1, $2, $3, $4, 0, '', '', $5) ON CONFLICT (manifest) DO UPDATE SET "
                 "state = excluded.state, error = NULL, attempts = 0, retry_at = NULL, "
                 "scanned = excluded.scanned, detectors = excluded.detectors",
                 SQL_INTEGER(image_id(manifest)), SQL_TEXT(manifest), SQL_INTEGER(state),
                 SQL_INTEGER(g_get_real_time()), SQL_INTEGER(detectors), SQL_END);
}

/* Nothing is written of an image that was deleted meanwhile; *there tells. */
static bool
check_there(SqlConnection *db, const char *manifest, bool *there, GError **error)
{
  Found found = images_manifest_exists(db, manifest, error);
  *there = found == FOUND;
  return found != FAILED;
}

typedef struct {
  const char *manifest;
  ScanState state;
} NewState;

static bool
set_state(SqlConnection *db, void *data, GError **error)
{
  const NewState *new_state = data;
  bool there = false;
  return check_there(db, new_state->manifest, &there, error) &&
         (!there ||
          write_state(db, new_state->manifest, new_state->state, detectors_fingerprint(), error));
}

bool
images_set_state(SqlPool *sql, const char *manifest, ScanState state, GError **error)
{
  NewState new_state = {manifest, state};
  return sql_transact_later(sql, set_state, &new_state, error);
}

static bool
ask(SqlConnection *db, void *data, GError **error)
{
  const char *manifest = data;
  bool there = false;
  return check_there(db, manifest, &there, error) &&
         (!there || (write_state(db, manifest, SCAN_PENDING, detectors_fingerprint(), error) &&
                     event_tell(db, "image.scan_asked", manifest, NULL, error)));
}

bool
images_ask(SqlPool *sql, const char *manifest, GError **error)
{
  return sql_transact(sql, ask, (void *)(uintptr_t)manifest, error);
}

typedef struct {
  const char *manifest, *why;
  int64_t when;
} Deferral;

/* ABSENT: it is not there, or was scanned meanwhile. */
static Found
find_unscanned(SqlConnection *db, const char *manifest, GError **error)
{
  g_autoptr(SqlRows) rows =
      sql_query(db, error,
                "SELECT 1 FROM manifests WHERE digest = $1 AND NOT EXISTS "
                "(SELECT 1 FROM images WHERE manifest = $1 AND state = $2) LIMIT 1",
                SQL_TEXT(manifest), SQL_INTEGER(SCAN_DONE), SQL_END);
  return sql_next(rows, error);
}

static bool
defer(SqlConnection *db, void *data, GError **error)
{
  const Deferral *deferral = data;
  Found found = find_unscanned(db, deferral->manifest, error);
  return found != FAILED &&
         (found == ABSENT ||
          (write_state(db, deferral->manifest, SCAN_DEFERRED, detectors_fingerprint(), error) &&
           sql_run(db, NULL, error,
                   "UPDATE images SET error = $2, retry_at = $3 WHERE manifest = $1",
                   SQL_TEXT(deferral->manifest), SQL_TEXT(deferral->why),
                   deferral->when == INT64_MAX ? SQL_NULL : SQL_INTEGER(deferral->when), SQL_END)));
}

bool
images_defer(SqlPool *sql, const char *manifest, int64_t when, const char *why, GError **error)
{
  Deferral deferral = {manifest, why, when};
  return sql_transact_later(sql, defer, &deferral, error);
}

GPtrArray *
images_deferred(SqlPool *sql, const char *name, const char *last, unsigned limit, GError **error)
{
  g_autofree char *first = g_strconcat(name == NULL ? "" : name, "/", NULL);
  g_autofree char *end = g_strconcat(name == NULL ? "" : name, "0", NULL);
  g_autoptr(SqlConnection) db = sql_acquire(sql, error);
  if (db == NULL)
    return NULL;
  g_autoptr(SqlRows) rows = sql_query(
      db, error,
      "SELECT manifest FROM images WHERE state + 0 = $1 AND manifest > $2 AND "
      "(retry_at IS NULL OR retry_at > $7) AND ($3 = '' OR EXISTS (SELECT 1 FROM manifests WHERE "
      "manifests.digest = images.manifest AND (manifests.repository = $3 OR "
      "(manifests.repository > $4 AND manifests.repository < $5)))) "
      "ORDER BY manifest LIMIT $6",
      SQL_INTEGER(SCAN_DEFERRED), SQL_TEXT(last), SQL_TEXT(name == NULL ? "" : name),
      SQL_TEXT(first), SQL_TEXT(end), SQL_INTEGER(limit), SQL_INTEGER(g_get_real_time()), SQL_END);
  return sql_texts(rows, error);
}

/* A config that cannot be read now may be there for the client: that is no proof of an artifact. */
static bool
is_unreadable(const Descriptor *descriptor)
{
  const char *words;
  return media_type_use(descriptor->media_type, &words) == MEDIA_TYPE_UNREADABLE;
}

bool
images_runs_elsewhere(const Manifest *manifest)
{
  bool found = is_unreadable(manifest->config);
  for (guint i = 0; !found && i < manifest->layers->len; i++)
    found = is_unreadable(g_ptr_array_index(manifest->layers, i));
  return found;
}

bool
images_is_image(BlobStore *blobs, const Manifest *manifest)
{
  if (manifest->kind != MANIFEST_IMAGE || manifest_is_container_image(manifest) ||
      images_runs_elsewhere(manifest))
    return manifest->kind == MANIFEST_IMAGE;
  if (manifest->layers->len == 0)
    return false;
  g_autoptr(GBytes) config =
      blob_store_read(blobs, &manifest->config->digest, CONFIG_BYTES_MAX, NULL);
  return config == NULL || image_config_may_name_layers(slice_from_bytes(config));
}

Manifest *
images_load_manifest(SqlPool *sql, const char *manifest, GError **error)
{
  g_autoptr(SqlConnection) db = sql_acquire(sql, error);
  if (db == NULL)
    return NULL;
  g_autoptr(SqlRows) rows =
      sql_query(db, error, "SELECT content, media_type FROM manifests WHERE digest = $1 LIMIT 1",
                SQL_TEXT(manifest), SQL_END);
  Found found = sql_next(rows, error);
  if (found == ABSENT)
    error_set(error, ASSAY_ERROR_NOT_FOUND, "image %s: there is none", manifest);
  if (found != FOUND)
    return NULL;
  return manifest_parse(sql_rows_bytes(rows, 0), sql_rows_text(rows, 1), error);
}

ImageConfig *
images_load_config(BlobStore *blobs, const Manifest *manifest, GError **error)
{
  g_autoptr(GBytes) bytes =
      blob_store_read(blobs, &manifest->config->digest, CONFIG_BYTES_MAX, error);
  return bytes == NULL ? NULL : image_config_parse(slice_from_bytes(bytes), error);
}

ImageConfig *
pipeline_image_config(Pipeline *pipeline, const Digest *manifest, GError **error)
{
  g_autoptr(Manifest) parsed = images_load_manifest(pipeline->sql, manifest->text, error);
  return parsed == NULL || !manifest_is_container_image(parsed)
             ? NULL
             : images_load_config(pipeline->blobs, parsed, error);
}

bool
pipeline_image_exists(Pipeline *pipeline, const Digest *manifest, char **other, GError **error)
{
  g_autoptr(Manifest) parsed = images_load_manifest(pipeline->sql, manifest->text, error);
  if (parsed != NULL)
    *other = images_is_image(pipeline->blobs, parsed) ? NULL : manifest_in_words(parsed);
  return parsed != NULL;
}

GPtrArray *
images_pending(SqlPool *sql, unsigned limit, GError **error)
{
  g_autoptr(SqlConnection) db = sql_acquire(sql, error);
  if (db == NULL)
    return NULL;
  g_autoptr(SqlRows) rows = sql_query(db, error,
                                      "SELECT manifest FROM images WHERE state = $1 "
                                      "OR (state IN ($2, $5) AND retry_at <= $3) LIMIT $4",
                                      SQL_INTEGER(SCAN_PENDING), SQL_INTEGER(SCAN_WAITING),
                                      SQL_INTEGER(g_get_real_time()), SQL_INTEGER(limit),
                                      SQL_INTEGER(SCAN_DEFERRED), SQL_END);
  return sql_texts(rows, error);
}

GPtrArray *
images_unscanned_without(SqlPool *sql, const Digest *layer, GError **error)
{
  g_autoptr(SqlConnection) db = sql_acquire(sql, error);
  if (db == NULL)
    return NULL;
  g_autoptr(SqlRows) rows = sql_query(
      db, error,
      "SELECT images.manifest FROM repository_blobs "
      "JOIN manifest_references ON manifest_references.repository = repository_blobs.repository "
      "AND manifest_references.digest = repository_blobs.digest "
      "JOIN images ON images.manifest = manifest_references.manifest "
      "WHERE repository_blobs.digest = $1 AND images.state IN ($2, $3, $4)",
      SQL_TEXT(layer->text), SQL_INTEGER(SCAN_FAILED), SQL_INTEGER(SCAN_PENDING),
      SQL_INTEGER(SCAN_WAITING), SQL_END);
  return sql_texts(rows, error);
}

GPtrArray *
images_unscanned_with_foreign(SqlPool *sql, const char *repository, const Digest *layer,
                              GError **error)
{
  g_autoptr(SqlConnection) db = sql_acquire(sql, error);
  if (db == NULL)
    return NULL;
  g_autoptr(SqlRows) rows =
      sql_query(db, error,
                "SELECT images.manifest FROM manifest_references "
                "JOIN images ON images.manifest = manifest_references.manifest "
                "WHERE manifest_references.repository = $1 AND manifest_references.digest = $2 "
                "AND manifest_references.kind = 'foreign' AND images.state IN ($3, $4, $5)",
                SQL_TEXT(repository), SQL_TEXT(layer->text), SQL_INTEGER(SCAN_FAILED),
                SQL_INTEGER(SCAN_PENDING), SQL_INTEGER(SCAN_WAITING), SQL_END);
  return sql_texts(rows, error);
}

bool
images_check_foreign(SqlPool *sql, const Digest *manifest, const Descriptor *layer, GError **error)
{
  if (!media_type_is_foreign_layer(layer->media_type))
    return true;
  g_autoptr(SqlConnection) db = sql_acquire(sql, error);
  if (db == NULL)
    return false;
  g_autoptr(SqlRows) rows = NULL;
  Found without =
      sql_first(db, &rows, error,
                "SELECT 1 FROM manifests LEFT JOIN repository_blobs "
                "ON repository_blobs.repository = manifests.repository "
                "AND repository_blobs.digest = $2 "
                "WHERE manifests.digest = $1 AND repository_blobs.digest IS NULL LIMIT 1",
                SQL_TEXT(manifest->text), SQL_TEXT(layer->digest.text), SQL_END);
  return without == ABSENT ||
         (without == FOUND &&
          error_set(error, ASSAY_ERROR_INVALID,
                    "layer %s: clients fetch it from its own URLs: push it too, to each repository "
                    "of the image, to have it scanned",
                    layer->digest.text));
}

static bool
write_counts(SqlConnection *db, const char *manifest, const OsRelease *os, const Tally *sum,
             AdvisoryDatabase *advisories, GError **error)
{
  const EndOfLife *life = end_of_life_of(os);
  g_autofree char *counts = tally_to_text(sum->counts), *fixable = tally_to_text(sum->fixable);
  return sql_run(db, NULL, error,
                 "UPDATE images SET advisories = $2, os = $3, counts = $4, fixable = $5, "
                 "uncovered = $6, third_party = $7, end_of_life = $8 WHERE manifest = $1",
                 SQL_TEXT(manifest),
                 SQL_TEXT(advisories == NULL ? NULL : advisory_database_generation(advisories)),
                 SQL_TEXT(os == NULL                ? NULL
                          : os->pretty_name != NULL ? os->pretty_name
                                                    : os->id),
                 SQL_TEXT(counts), SQL_TEXT(fixable), SQL_INTEGER(sum->uncovered),
                 SQL_INTEGER(sum->third_party), SQL_TEXT(life == NULL ? NULL : life->end), SQL_END);
}

static bool
tell_scanned(SqlConnection *db, const char *manifest, const ImageInventory *inventory,
             GError **error)
{
  g_autoptr(json_t) data = json_object();
  json_object_set_new(data, "packages", json_integer(inventory->packages->len));
  return event_tell(db, "image.scanned", manifest, data, error);
}

typedef struct {
  const char *manifest;
  const ImageInventory *inventory;
  const PreparedPackages *packages;
  const ImageChain *chain;
  AdvisoryDatabase *advisories;
  bool again;
} Scan;

/* Where rules changed while it was scanned, the former ones, so that it is inspected again. */
static uint32_t
detectors_of(const ImageInventory *inventory)
{
  uint32_t present = detectors_fingerprint();
  for (guint i = 0; i < inventory->layers->len; i++) {
    const LayerInventory *layer = g_ptr_array_index(inventory->layers, i);
    if (layer->detectors >= DETECTORS_FINGERPRINT_LEAST && layer->detectors != present)
      return layer->detectors;
  }
  return present;
}

static bool
store_scan(SqlConnection *db, void *data, GError **error)
{
  const Scan *scan = data;
  bool there = false;
  if (!check_there(db, scan->manifest, &there, error))
    return false;
  if (!there)
    return true;
  return (scan->again ||
          write_state(db, scan->manifest, SCAN_DONE, detectors_of(scan->inventory), error)) &&
         packages_store(db, image_id(scan->manifest), scan->packages, error) &&
         write_counts(db, scan->manifest, scan->inventory->os, packages_sum(scan->packages),
                      scan->advisories, error) &&
         (scan->chain == NULL || chains_note(db, scan->chain, error)) &&
         (scan->again || tell_scanned(db, scan->manifest, scan->inventory, error));
}

/* Later, as all that an inspection finds: after a power cut its job is there again, too. */
bool
images_store_scan(SqlPool *sql, const char *manifest, const ImageInventory *inventory,
                  const ImageChain *chain, AdvisoryDatabase *advisories, bool again, GError **error)
{
  /* What takes time is done before there is a transaction, which others wait for. */
  g_autoptr(PreparedPackages) packages = packages_prepare(sql, inventory, advisories, error);
  Scan scan = {manifest, inventory, packages, chain, advisories, again};
  return packages != NULL && sql_transact_later(sql, store_scan, &scan, error);
}

bool
images_note_renewal(SqlPool *sql, const char *manifest, const char *why, bool *noted,
                    GError **error)
{
  int64_t changed = 0;
  bool written =
      sql_write(sql, &changed, error,
                "UPDATE images SET renewal_error = $2, renewal_failed = CASE WHEN "
                "renewal_detectors = $3 THEN renewal_failed ELSE $4 END, renewal_detectors = $3 "
                "WHERE manifest = $1 AND (renewal_detectors <> $3 OR renewal_error <> $2)",
                SQL_TEXT(manifest), SQL_TEXT(why), SQL_INTEGER(detectors_fingerprint()),
                SQL_INTEGER(g_get_real_time()), SQL_END);
  *noted = written && changed > 0;
  return written;
}

void
image_summary_free(ImageSummary *summary)
{
  if (summary == NULL)
    return;
  g_free(summary->error);
  g_free(summary->database);
  g_free(summary->os);
  g_free(summary->end_of_life);
  g_free(summary->renewal_error);
  g_ptr_array_unref(summary->gaps);
  g_free(summary);
}

unsigned
image_summary_weight(const ImageSummary *summary)
{
  return summary->packages + summary->observations;
}

bool
image_summary_is_of_older_detectors(const ImageSummary *summary)
{
  return summary->state == SCAN_DONE && summary->detectors != detectors_fingerprint();
}

/* Those of the scan, and what the advisories say nothing of. */
static void
add_gaps(ImageSummary *summary, const char *text)
{
  Slice rest = slice_from_string(text), line;
  while (slice_next_line(&rest, &line))
    g_ptr_array_add(summary->gaps, slice_to_string(line));
  if (summary->state == SCAN_DONE && summary->packages > 0 && summary->database == NULL)
    g_ptr_array_add(summary->gaps, g_strdup(COMPLETENESS_NO_ADVISORIES));
  else if (summary->uncovered > 0)
    g_ptr_array_add(summary->gaps, g_strdup_printf("there are no advisories for %u of its %u "
                                                   "packages",
                                                   summary->uncovered, summary->packages));
}

static void
add_observed(ImageSummary *summary, const char *text)
{
  summary->observed = packages_observed_read(text);
  for (int kind = 0; kind < FINDING_KINDS; kind++)
    for (int i = 0; i <= SEVERITY_CRITICAL; i++) {
      summary->counts[i] += summary->observed.counts[kind][i];
      summary->observations += summary->observed.counts[kind][i];
    }
}

/* Where nothing is scanned, nothing waits for its scan either. */
static void
stop_waiting(ImageSummary *summary)
{
  if (summary->state != SCAN_PENDING && summary->state != SCAN_WAITING &&
      summary->state != SCAN_NONE)
    return;
  summary->state = SCAN_NONE;
  summary->retry_at = 0;
  g_free(summary->error);
  summary->error = g_strdup("the registry's data folder is read-only, and so no scan is made");
}

ImageSummary *
pipeline_image_summary(Pipeline *pipeline, const Digest *manifest, GError **error)
{
  g_autoptr(SqlConnection) db = sql_acquire(pipeline->sql, error);
  if (db == NULL)
    return NULL;
  g_autoptr(SqlRows) rows =
      sql_query(db, error,
                "SELECT state, error, scanned, advisories, os, package_count, counts, fixable, "
                "uncovered, retry_at, third_party, end_of_life, gaps, detectors, renewal_failed, "
                "CASE WHEN renewal_detectors = $2 AND detectors <> $2 THEN renewal_error END, "
                "observed "
                "FROM images WHERE manifest = $1",
                SQL_TEXT(manifest->text), SQL_INTEGER(detectors_fingerprint()), SQL_END);
  g_autoptr(ImageSummary) summary = g_new0(ImageSummary, 1);
  summary->gaps = g_ptr_array_new_with_free_func(g_free);
  Found found = sql_next(rows, error);
  if (found == FOUND) {
    summary->state = (ScanState)sql_rows_integer(rows, 0);
    summary->error = g_strdup(sql_rows_text(rows, 1));
    summary->scanned = sql_rows_integer(rows, 2);
    summary->database = g_strdup(sql_rows_text(rows, 3));
    summary->os = g_strdup(sql_rows_text(rows, 4));
    summary->packages = (uint32_t)sql_rows_integer(rows, 5);
    tally_from_text(sql_rows_text(rows, 6), summary->counts);
    tally_from_text(sql_rows_text(rows, 7), summary->fixable);
    summary->uncovered = (uint32_t)sql_rows_integer(rows, 8);
    summary->retry_at = sql_rows_integer(rows, 9);
    summary->third_party = (uint32_t)sql_rows_integer(rows, 10);
    summary->end_of_life = g_strdup(sql_rows_text(rows, 11));
    add_gaps(summary, sql_rows_text(rows, 12));
    summary->detectors = (uint32_t)sql_rows_integer(rows, 13);
    summary->renewal_failed = sql_rows_integer(rows, 14);
    summary->renewal_error = g_strdup(sql_rows_text(rows, 15));
    add_observed(summary, sql_rows_text(rows, 16));
  }
  if (pipeline_is_idle(pipeline))
    stop_waiting(summary);
  return found == FAILED ? NULL : g_steal_pointer(&summary);
}
