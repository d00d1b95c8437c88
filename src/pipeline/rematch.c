/* Matching again when the advisories change: each distinct package is matched once, on all cores,
 * and what is found is written down as far as it differs (package_findings.c); the sets of packages
 * that images share are sums over their packages, images are sums over their sets. No layer is
 * read. */
#include "base/error.h"
#include "pipeline/pipeline-private.h"

#define WRITTEN_AT_ONCE 1000u
/* In memory with what is found in them. */
#define MATCHED_AT_ONCE 2000

/* --- all packages --- */

typedef struct {
  int64_t id;
  char *ecosystem;
  Package package;
  PackageMatch match;
} Row;

static void
row_clear(void *data)
{
  Row *row = data;
  g_free(row->ecosystem);
  package_clear(&row->package);
  package_match_clear(&row->match);
}

/* Those after @last that were matched by other advisories. (transfer full): Row */
static GArray *
load_stale(SqlPool *sql, int64_t last, int64_t stamp, GError **error)
{
  Found found;
  g_autoptr(GArray) packages = g_array_new(FALSE, TRUE, sizeof(Row));
  g_array_set_clear_func(packages, row_clear);
  g_autoptr(SqlConnection) db = sql_acquire(sql, error);
  if (db == NULL)
    return NULL;
  g_autoptr(SqlRows) rows = sql_query(
      db, error,
      "SELECT id, ecosystem, type, name, version, architecture, source_name, "
      "source_version, module, vendor, symbols FROM packages WHERE id > $1 AND matched <> $2 "
      "ORDER BY id LIMIT $3",
      SQL_INTEGER(last), SQL_INTEGER(stamp), SQL_INTEGER(MATCHED_AT_ONCE), SQL_END);
  while ((found = sql_next(rows, error)) == FOUND) {
    Row row = {.id = sql_rows_integer(rows, 0)};
    row.ecosystem = g_strdup(sql_rows_text(rows, 1));
    row.package.type = g_strdup(sql_rows_text(rows, 2));
    row.package.name = g_strdup(sql_rows_text(rows, 3));
    row.package.version = g_strdup(sql_rows_text(rows, 4));
    row.package.architecture = g_strdup(sql_rows_text(rows, 5));
    row.package.source_name = g_strdup(sql_rows_text(rows, 6));
    row.package.source_version = g_strdup(sql_rows_text(rows, 7));
    row.package.module = g_strdup(sql_rows_text(rows, 8));
    row.package.vendor = g_strdup(sql_rows_text(rows, 9));
    row.package.symbols = g_strdup(sql_rows_text(rows, 10));
    g_array_append_val(packages, row);
  }
  return found == ABSENT ? g_steal_pointer(&packages) : NULL;
}

/* A thread's share: every @step-th package from @first. */
typedef struct {
  GArray *packages;
  AdvisoryDatabase *advisories;
  Cancellable *cancellable;
  guint first, step;
  GError *error;
} Share;

static void *
match_share(void *data)
{
  Share *share = data;
  for (guint i = share->first; i < share->packages->len; i += share->step) {
    Row *row = &g_array_index(share->packages, Row, i);
    if (cancellable_set_error_if_cancelled(share->cancellable, &share->error) ||
        !package_findings_match(share->advisories, row->ecosystem, &row->package, &row->match,
                                &share->error))
      break;
  }
  return NULL;
}

static bool
match_packages(GArray *packages, AdvisoryDatabase *advisories, Cancellable *cancellable,
               GError **error)
{
  guint count = g_get_num_processors();
  g_autofree Share *shares = g_new0(Share, count);
  g_autofree GThread **threads = g_new0(GThread *, count);
  for (guint i = 0; i < count; i++) {
    shares[i] = (Share){packages, advisories, cancellable, i, count, NULL};
    threads[i] = g_thread_new("rematch", match_share, &shares[i]);
  }
  GError *first = NULL;
  for (guint i = 0; i < count; i++) {
    g_thread_join(threads[i]);
    if (first == NULL)
      first = shares[i].error;
    else
      g_clear_error(&shares[i].error);
  }
  if (first == NULL)
    return true;
  g_propagate_error(error, first);
  return false;
}

typedef struct {
  const GArray *packages;
  int64_t stamp;
} Matched;

static bool
write_packages(SqlConnection *db, void *data, GError **error)
{
  const Matched *matched = data;
  for (guint i = 0; i < matched->packages->len; i++) {
    const Row *row = &g_array_index(matched->packages, Row, i);
    if (!package_findings_write(db, row->id, &row->match, matched->stamp, error))
      return false;
  }
  return true;
}

bool
rematch_packages(SqlPool *sql, AdvisoryDatabase *advisories, Cancellable *cancellable,
                 GError **error)
{
  int64_t stamp = package_findings_stamp(advisories), last = -1;
  for (;;) {
    g_autoptr(GArray) packages = load_stale(sql, last, stamp, error);
    if (packages == NULL)
      return false;
    if (packages->len == 0)
      return true;
    Matched matched = {packages, stamp};
    if (!match_packages(packages, advisories, cancellable, error) ||
        !sql_transact(sql, write_packages, &matched, error))
      return false;
    last = g_array_index(packages, Row, packages->len - 1).id;
  }
}

/* --- all sets --- */

/* Of a package, a set or an image. */
typedef struct {
  int64_t id;
  bool newer;      /* has packages that were not there when we began */
  bool used;       /* by an image */
  int64_t scanned; /* of an image: when */
  Tally sum;
} Sum;

/* @sums are in the order of their ids. */
static Sum *
find_sum(const GArray *sums, int64_t id)
{
  guint low = 0, high = sums->len;
  while (low < high) {
    guint middle = low + (high - low) / 2;
    Sum *sum = &g_array_index(sums, Sum, middle);
    if (sum->id == id)
      return sum;
    if (sum->id < id)
      low = middle + 1;
    else
      high = middle;
  }
  return NULL;
}

static GArray *
load_packages(SqlConnection *db, int64_t stamp, GError **error)
{
  Found found;
  g_autoptr(GArray) packages = g_array_new(FALSE, TRUE, sizeof(Sum));
  g_autoptr(SqlRows) rows =
      sql_query(db, error,
                "SELECT id, matched, counts, fixable, uncovered, third_party FROM packages "
                "ORDER BY id",
                SQL_END);
  while ((found = sql_next(rows, error)) == FOUND) {
    Sum package = {.id = sql_rows_integer(rows, 0), .newer = sql_rows_integer(rows, 1) != stamp};
    tally_from_row(rows, 2, &package.sum);
    g_array_append_val(packages, package);
  }
  return found == ABSENT ? g_steal_pointer(&packages) : NULL;
}

/* The sum of that id, which is the last or the next one. */
static Sum *
sum_of(GArray *sums, int64_t id)
{
  Sum *last = sums->len == 0 ? NULL : &g_array_index(sums, Sum, sums->len - 1);
  if (last != NULL && last->id == id)
    return last;
  Sum sum = {.id = id};
  g_array_append_val(sums, sum);
  return &g_array_index(sums, Sum, sums->len - 1);
}

static GArray *
sum_sets(SqlConnection *db, const GArray *packages, GError **error)
{
  Found found;
  g_autoptr(GArray) sets = g_array_new(FALSE, TRUE, sizeof(Sum));
  g_autoptr(SqlRows) rows = sql_query(
      db, error, "SELECT package_set, package FROM package_set_members ORDER BY package_set",
      SQL_END);
  while ((found = sql_next(rows, error)) == FOUND) {
    Sum *set = sum_of(sets, sql_rows_integer(rows, 0));
    const Sum *package = find_sum(packages, sql_rows_integer(rows, 1));
    set->newer = set->newer || package == NULL || package->newer;
    if (package != NULL)
      tally_add(&set->sum, &package->sum);
  }
  return found == ABSENT ? g_steal_pointer(&sets) : NULL;
}

/* --- all images --- */

/* From the images, so that one without packages is counted as well. One that was scanned after the
 * packages were read counted its findings itself, with the new advisories (store_scan()); so does
 * one whose packages are no rows yet, when they become rows. */
static GArray *
sum_images(SqlConnection *db, const GArray *sets, GError **error)
{
  Found found;
  g_autoptr(GArray) images = g_array_new(FALSE, TRUE, sizeof(Sum));
  g_autoptr(SqlRows) rows =
      sql_query(db, error,
                "SELECT images.id, image_sets.package_set, images.scanned FROM images "
                "LEFT JOIN image_sets ON image_sets.image = images.id "
                "WHERE images.state = $1 AND images.facts IS NOT NULL ORDER BY images.id",
                SQL_INTEGER(SCAN_DONE), SQL_END);
  while ((found = sql_next(rows, error)) == FOUND) {
    Sum *image = sum_of(images, sql_rows_integer(rows, 0));
    image->scanned = sql_rows_integer(rows, 2);
    if (sql_rows_is_null(rows, 1))
      continue;
    Sum *set = find_sum(sets, sql_rows_integer(rows, 1));
    image->newer = image->newer || set == NULL || set->newer;
    if (set == NULL)
      continue;
    set->used = true;
    tally_add(&image->sum, &set->sum);
  }
  return found == ABSENT ? g_steal_pointer(&images) : NULL;
}

/* Sums from @first on, at most WRITTEN_AT_ONCE in a transaction, so that pushes come in between. */
typedef struct {
  const GArray *sums;
  guint first;
  guint next;             /* where to go on; set by the work */
  const char *generation; /* of the advisories */
} Part;

/* Of images. One that was scanned since has other packages than were summed. */
static bool
write_images(SqlConnection *db, void *data, GError **error)
{
  Part *part = data;
  part->next = MIN(part->sums->len, part->first + WRITTEN_AT_ONCE);
  for (guint i = part->first; i < part->next; i++) {
    const Sum *image = &g_array_index(part->sums, Sum, i);
    if (image->newer)
      continue;
    g_autofree char *counts = tally_to_text(image->sum.counts);
    g_autofree char *fixable = tally_to_text(image->sum.fixable);
    if (!sql_run(db, NULL, error,
                 "UPDATE images SET advisories = $2, counts = $3, fixable = $4, uncovered = $5, "
                 "third_party = $6 WHERE id = $1 AND scanned = $7",
                 SQL_INTEGER(image->id), SQL_TEXT(part->generation), SQL_TEXT(counts),
                 SQL_TEXT(fixable), SQL_INTEGER(image->sum.uncovered),
                 SQL_INTEGER(image->sum.third_party), SQL_INTEGER(image->scanned), SQL_END))
      return false;
  }
  return true;
}

/* --- what no image has --- */

/* Sets that the sums found unused. A scan that was stored since may use one again. */
static bool
delete_sets(SqlConnection *db, void *data, GError **error)
{
  Part *part = data;
  guint deleted = 0;
  for (part->next = part->first; part->next < part->sums->len && deleted < WRITTEN_AT_ONCE;
       part->next++) {
    const Sum *set = &g_array_index(part->sums, Sum, part->next);
    int64_t gone = 0;
    if (set->used)
      continue;
    if (!sql_run(db, &gone, error,
                 "DELETE FROM package_sets WHERE id = $1 AND NOT EXISTS "
                 "(SELECT 1 FROM image_sets WHERE package_set = $1)",
                 SQL_INTEGER(set->id), SQL_END) ||
        (gone > 0 &&
         !sql_run(db, NULL, error, "DELETE FROM package_set_members WHERE package_set = $1",
                  SQL_INTEGER(set->id), SQL_END)))
      return false;
    deleted++;
  }
  return true;
}

/* All of them, part by part. */
static bool
write_parts(SqlPool *sql, SqlWork work, const GArray *sums, const char *generation,
            Cancellable *cancellable, GError **error)
{
  for (Part part = {.sums = sums, .generation = generation}; part.first < sums->len;
       part.first = part.next)
    if (cancellable_set_error_if_cancelled(cancellable, error) ||
        !sql_transact(sql, work, &part, error))
      return false;
  return true;
}

/* Ids of packages that are in no set, after @last, at most WRITTEN_AT_ONCE. (transfer full) */
static GArray *
lone_packages(SqlPool *sql, int64_t last, GError **error)
{
  Found found;
  g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(int64_t));
  g_autoptr(SqlConnection) db = sql_acquire(sql, error);
  if (db == NULL)
    return NULL;
  g_autoptr(SqlRows) rows =
      sql_query(db, error,
                "SELECT id FROM packages WHERE id > $1 AND NOT EXISTS "
                "(SELECT 1 FROM package_set_members WHERE package = packages.id) "
                "ORDER BY id LIMIT $2",
                SQL_INTEGER(last), SQL_INTEGER(WRITTEN_AT_ONCE), SQL_END);
  while ((found = sql_next(rows, error)) == FOUND) {
    int64_t id = sql_rows_integer(rows, 0);
    g_array_append_val(ids, id);
  }
  return found == ABSENT ? g_steal_pointer(&ids) : NULL;
}

/* A scan that was stored since may use one again. */
static bool
delete_packages(SqlConnection *db, void *data, GError **error)
{
  const GArray *ids = data;
  for (guint i = 0; i < ids->len; i++) {
    int64_t id = g_array_index(ids, int64_t, i), gone = 0;
    if (!sql_run(db, &gone, error,
                 "DELETE FROM packages WHERE id = $1 AND NOT EXISTS "
                 "(SELECT 1 FROM package_set_members WHERE package = $1)",
                 SQL_INTEGER(id), SQL_END) ||
        (gone > 0 && !sql_run(db, NULL, error, "DELETE FROM package_findings WHERE package = $1",
                              SQL_INTEGER(id), SQL_END)))
      return false;
  }
  return true;
}

/* Looked for without the one writer, for there are many. */
static bool
delete_lone_packages(SqlPool *sql, Cancellable *cancellable, GError **error)
{
  int64_t last = -1;
  for (guint found = WRITTEN_AT_ONCE; found == WRITTEN_AT_ONCE;) {
    g_autoptr(GArray) ids = lone_packages(sql, last, error);
    if (ids == NULL || cancellable_set_error_if_cancelled(cancellable, error) ||
        (ids->len > 0 && !sql_transact(sql, delete_packages, ids, error)))
      return false;
    found = ids->len;
    last = found == 0 ? last : g_array_index(ids, int64_t, found - 1);
  }
  return true;
}

static bool
delete_unused(SqlPool *sql, const GArray *sets, Cancellable *cancellable, GError **error)
{
  return write_parts(sql, delete_sets, sets, NULL, cancellable, error) &&
         delete_lone_packages(sql, cancellable, error);
}

/* --- the whole --- */

bool
rematch_is_due(SqlPool *sql, const AdvisoryDatabase *advisories, bool *due, GError **error)
{
  g_autoptr(SqlConnection) db = sql_acquire(sql, error);
  if (db == NULL)
    return false;
  g_autoptr(SqlRows) rows = sql_query(
      db, error,
      "SELECT 1 FROM images WHERE state = $1 AND coalesce(advisories, '') <> $2 "
      "AND facts IS NOT NULL UNION ALL SELECT 1 FROM packages WHERE matched <> $3 LIMIT 1",
      SQL_INTEGER(SCAN_DONE), SQL_TEXT(advisory_database_generation(advisories)),
      SQL_INTEGER(package_findings_stamp(advisories)), SQL_END);
  Found found = sql_next(rows, error);
  *due = found == FOUND;
  return found != FAILED;
}

bool
rematch_all(SqlPool *sql, AdvisoryDatabase *advisories, Cancellable *cancellable, unsigned *images,
            GError **error)
{
  if (!rematch_packages(sql, advisories, cancellable, error))
    return false;
  g_autoptr(SqlConnection) db = sql_acquire(sql, error);
  if (db == NULL)
    return false;
  g_autoptr(GArray) packages = load_packages(db, package_findings_stamp(advisories), error);
  g_autoptr(GArray) sets = packages == NULL ? NULL : sum_sets(db, packages, error);
  g_autoptr(GArray) sums = sets == NULL ? NULL : sum_images(db, sets, error);
  g_clear_pointer(&db, sql_release);
  if (sums == NULL)
    return false;
  *images = sums->len;
  return write_parts(sql, write_images, sums, advisory_database_generation(advisories), cancellable,
                     error) &&
         delete_unused(sql, sets, cancellable, error);
}
