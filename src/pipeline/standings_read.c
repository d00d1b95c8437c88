/* Questions about how images stand, and about all of them at once. */
#include <string.h>

#include "base/error.h"
#include "pipeline/pipeline-private.h"

/* What take_standing() reads. */
#define COLUMNS                                                                                    \
  "repository, manifest, gate, unscanned, stamp, policy, reason, blocking, size,"                  \
  " pushed, unknown, negligible, low, medium, high, critical, fixable_unknown,"                    \
  " fixable_negligible, fixable_low, fixable_medium, fixable_high, fixable_critical"

static Standing *
take_standing(SqlRows *rows, int64_t stamp)
{
  Standing *standing = g_new0(Standing, 1);
  standing->repository = g_strdup(sql_rows_text(rows, 0));
  standing->manifest = g_strdup(sql_rows_text(rows, 1));
  standing->gate = (GateAnswer)CLAMP(sql_rows_integer(rows, 2), 0, GATE_ANSWERS - 1);
  standing->unscanned = sql_rows_integer(rows, 3) != 0;
  standing->current = sql_rows_integer(rows, 4) == stamp;
  standing->policy = g_strdup(sql_rows_text(rows, 5));
  standing->reason = g_strdup(sql_rows_text(rows, 6));
  standing->blocking = (unsigned)sql_rows_integer(rows, 7);
  standing->size = (uint64_t)sql_rows_integer(rows, 8);
  standing->pushed = sql_rows_integer(rows, 9);
  standings_read_counts(rows, 10, standing->counts, standing->fixable);
  return standing;
}

/* NULL without *error: it is not written down. */
static Standing *
read_standing(SqlConnection *db, const char *repository, const char *manifest, int64_t stamp,
              GError **error)
{
  g_autoptr(SqlRows) rows = sql_query(
      db, error, "SELECT " COLUMNS " FROM standings WHERE repository = $1 AND manifest = $2",
      SQL_TEXT(repository), SQL_TEXT(manifest), SQL_END);
  return sql_next(rows, error) == FOUND ? take_standing(rows, stamp) : NULL;
}

static Standing *
find_standing(Pipeline *pipeline, const char *repository, const Digest *manifest, GError **error)
{
  g_autoptr(Rules) rules = standings_rules(pipeline);
  g_autoptr(SqlConnection) db = sql_acquire(pipeline->sql, error);
  return db == NULL ? NULL : read_standing(db, repository, manifest->text, rules->stamp, error);
}

Standing *
pipeline_standing(Pipeline *pipeline, const char *repository, const Digest *manifest,
                  GError **error)
{
  g_autoptr(GError) failure = NULL;
  g_autoptr(Standing) stored = find_standing(pipeline, repository, manifest, &failure);
  if (stored != NULL && stored->current)
    return g_steal_pointer(&stored);
  g_autoptr(ImageSummary) summary =
      failure == NULL ? pipeline_image_summary(pipeline, manifest, &failure) : NULL;
  Standing *judged = NULL;
  if (summary != NULL && summary->state == SCAN_DONE)
    judged = standings_judge_one(pipeline, repository, manifest, &failure);
  if (judged != NULL)
    return judged;
  /* A large image is being worked out for others. */
  if (failure != NULL && !g_error_matches(failure, ASSAY_ERROR, ASSAY_ERROR_BUSY)) {
    g_propagate_error(error, g_steal_pointer(&failure));
    return NULL;
  }
  return g_steal_pointer(&stored);
}

/* The first number of a question of one row. */
static bool
count_one(SqlRows *rows, uint64_t *count, GError **error)
{
  int64_t first = 0;
  g_autoptr(SqlRows) owned = rows;
  bool counted = sql_number(owned, &first, error);
  *count = (uint64_t)first;
  return counted;
}

/* --- lists --- */

/* Of sets of packages. */
#define IN_SETS                                                                                    \
  " JOIN package_set_members ON package_set_members.package = packages.id JOIN image_sets ON"      \
  " image_sets.package_set = package_set_members.package_set"
/* $1 vulnerability, $2 package. */
#define BY_VULNERABILITY                                                                           \
  " WHERE image IN (SELECT image_sets.image FROM package_findings JOIN packages ON packages.id ="  \
  " package_findings.package" IN_SETS " WHERE vulnerability = $1 AND (packages.name = $2 OR"       \
  " packages.source_name = $2))"
/* ... of whatever package: each set is looked up once, however many of its packages have it. */
#define BY_VULNERABILITY_ALONE                                                                     \
  " WHERE $2 = '' AND image IN (SELECT image FROM image_sets WHERE package_set IN (SELECT"         \
  " package_set FROM package_set_members WHERE package IN (SELECT package FROM package_findings"   \
  " WHERE vulnerability = $1)))"
#define BY_PACKAGE                                                                                 \
  " WHERE $1 = '' AND image IN (SELECT image_sets.image FROM packages" IN_SETS                     \
  " WHERE packages.name = $2 OR packages.source_name = $2)"
/* $3 repository, $4 gate, $5 severities (bits), $6 and $7 size: what asks nothing lets all pass. */
#define COLUMNS_FIT                                                                                \
  " AND ($3 = '' OR repository = $3) AND ($4 < 0 OR gate = $4) AND ($5 = 0 OR (($5 & 32) <> 0"     \
  " AND critical > 0) OR (($5 & 16) <> 0 AND high > 0) OR (($5 & 8) <> 0 AND medium > 0) OR"       \
  " (($5 & 4) <> 0 AND low > 0) OR (($5 & 2) <> 0 AND negligible > 0) OR (($5 & 1) <> 0 AND"       \
  " unknown > 0)) AND size >= $6 AND ($7 = 0 OR size <= $7)"
/* Newer images have higher ids, mostly: so that what a page does not show is passed over. */
#define NEWER_FIRST " ORDER BY image DESC"
/* The keys only: what else is in a row is read of the rows of a page alone. */
#define KEYS "SELECT repository, manifest, pushed FROM standings"

/* Conditions that ask nothing would cost as much as the rest: so each question has two texts. */
typedef struct {
  const char *alone, *with_columns;
} Question;

static const Question by_vulnerability = {KEYS BY_VULNERABILITY_ALONE NEWER_FIRST,
                                          KEYS BY_VULNERABILITY_ALONE COLUMNS_FIT NEWER_FIRST};
static const Question by_both = {KEYS BY_VULNERABILITY NEWER_FIRST,
                                 KEYS BY_VULNERABILITY COLUMNS_FIT NEWER_FIRST};
static const Question by_package = {KEYS BY_PACKAGE NEWER_FIRST,
                                    KEYS BY_PACKAGE COLUMNS_FIT NEWER_FIRST};
static const Question by_columns = {NULL, KEYS " WHERE $1 = $2" COLUMNS_FIT};

static bool
asks_for_columns(const StandingFilter *filter)
{
  return filter->repository != NULL || filter->gate >= 0 || filter->severities != 0 ||
         filter->least != 0 || filter->most != 0;
}

static bool
asks_for_all(const StandingFilter *filter)
{
  return filter->vulnerability == NULL && filter->package == NULL && filter->sees == NULL &&
         !asks_for_columns(filter);
}

static SqlRows *
query_filtered(SqlConnection *db, const StandingFilter *filter, GError **error)
{
  const Question *question = filter->vulnerability == NULL
                                 ? (filter->package == NULL ? &by_columns : &by_package)
                             : filter->package == NULL ? &by_vulnerability
                                                       : &by_both;
  SqlValue vulnerability = SQL_TEXT(filter->vulnerability != NULL ? filter->vulnerability : "");
  SqlValue package = SQL_TEXT(filter->package != NULL ? filter->package : "");
  if (!asks_for_columns(filter) && question->alone != NULL)
    return sql_query(db, error, question->alone, vulnerability, package, SQL_END);
  return sql_query(db, error, question->with_columns, vulnerability, package,
                   SQL_TEXT(filter->repository != NULL ? filter->repository : ""),
                   SQL_INTEGER(filter->gate), SQL_INTEGER(filter->severities),
                   SQL_INTEGER((int64_t)MIN(filter->least, (uint64_t)G_MAXINT64)),
                   SQL_INTEGER((int64_t)MIN(filter->most, (uint64_t)G_MAXINT64)), SQL_END);
}

typedef struct {
  int64_t pushed;
  char *repository, *manifest;
} Key;

static void
key_clear(void *data)
{
  Key *key = data;
  g_free(key->repository);
  g_free(key->manifest);
}

/* Newest first. */
static int
compare_keys(gconstpointer a, gconstpointer b)
{
  const Key *left = a, *right = b;
  if (left->pushed != right->pushed)
    return left->pushed > right->pushed ? -1 : 1;
  int order = strcmp(left->repository, right->repository);
  return order != 0 ? order : strcmp(left->manifest, right->manifest);
}

typedef struct {
  SqlConnection *db;
  int64_t limit, offset, stamp;
  GArray *keys; /* Key */
} StandingPage;

static void
take_key(StandingPage *page, SqlRows *rows)
{
  Key key = {sql_rows_integer(rows, 2), g_strdup(sql_rows_text(rows, 0)),
             g_strdup(sql_rows_text(rows, 1))};
  g_array_append_val(page->keys, key);
}

/* Leaves the @count first ones, and gives when the last of them was pushed: no older one is among
 * them. */
static int64_t
keep_first(GArray *keys, int64_t count)
{
  g_array_sort(keys, compare_keys);
  if (keys->len < count)
    return G_MININT64;
  g_array_set_size(keys, (guint)count);
  return g_array_index(keys, Key, count - 1).pushed;
}

/* Goes through all of them once, which is faster than to count them and then to look for the page,
 * and keeps what may be up to the page's end, which is faster than to have all put in order. */
static bool
find_filtered(StandingPage *page, const StandingFilter *filter, uint64_t *total, GError **error)
{
  Found found;
  int64_t end = page->offset + page->limit, oldest = G_MININT64;
  g_autoptr(SqlRows) rows = query_filtered(page->db, filter, error);
  *total = 0;
  while ((found = sql_next(rows, error)) == FOUND) {
    if (filter->sees != NULL && !filter->sees(sql_rows_text(rows, 0), filter->data))
      continue;
    (*total)++;
    if (sql_rows_integer(rows, 2) < oldest)
      continue;
    take_key(page, rows);
    if (page->keys->len >= 2 * end)
      oldest = keep_first(page->keys, end);
  }
  keep_first(page->keys, end);
  g_array_remove_range(page->keys, 0, (guint)MIN(page->offset, (int64_t)page->keys->len));
  return found == ABSENT;
}

static bool
find_all(StandingPage *page, uint64_t *total, GError **error)
{
  Found found;
  if (!count_one(sql_query(page->db, error, "SELECT count(*) FROM standings", SQL_END), total,
                 error))
    return false;
  g_autoptr(SqlRows) rows = sql_query(
      page->db, error, KEYS " ORDER BY pushed DESC, repository, manifest LIMIT $1 OFFSET $2",
      SQL_INTEGER(page->limit), SQL_INTEGER(page->offset), SQL_END);
  while ((found = sql_next(rows, error)) == FOUND)
    take_key(page, rows);
  return found == ABSENT;
}

/* NULL: failed. */
static GPtrArray *
read_page(const StandingPage *page, GError **error)
{
  g_autoptr(GError) failure = NULL;
  g_autoptr(GPtrArray) standings = g_ptr_array_new_with_free_func((GDestroyNotify)standing_free);
  for (guint i = 0; failure == NULL && i < page->keys->len; i++) {
    const Key *key = &g_array_index(page->keys, Key, i);
    Standing *standing =
        read_standing(page->db, key->repository, key->manifest, page->stamp, &failure);
    if (standing != NULL)
      g_ptr_array_add(standings, standing);
  }
  if (failure == NULL)
    return g_steal_pointer(&standings);
  g_propagate_error(error, g_steal_pointer(&failure));
  return NULL;
}

GPtrArray *
pipeline_standings(Pipeline *pipeline, const StandingFilter *filter, int64_t limit, int64_t offset,
                   uint64_t *total, GError **error)
{
  g_autoptr(Rules) rules = standings_rules(pipeline);
  g_autoptr(GArray) keys = g_array_new(FALSE, FALSE, sizeof(Key));
  g_array_set_clear_func(keys, key_clear);
  g_autoptr(SqlConnection) db = sql_acquire_snapshot(pipeline->sql, error);
  if (db == NULL)
    return NULL;
  StandingPage page = {db, limit, offset, rules->stamp, keys};
  bool found = asks_for_all(filter) ? find_all(&page, total, error)
                                    : find_filtered(&page, filter, total, error);
  return found ? read_page(&page, error) : NULL;
}

/* --- all images --- */

static void
day_free(void *data)
{
  DayCounts *day = data;
  g_free(day->day);
  g_free(day);
}

void
overview_free(Overview *overview)
{
  if (overview == NULL)
    return;
  g_ptr_array_unref(overview->days);
  g_free(overview);
}

static uint64_t
number(SqlRows *rows, int column)
{
  return (uint64_t)MAX(sql_rows_integer(rows, column), 0);
}

static void
take_group(SqlRows *rows, Overview *overview)
{
  int gate = (int)CLAMP(sql_rows_integer(rows, 0), 0, GATE_ANSWERS - 1);
  int worst = (int)CLAMP(sql_rows_integer(rows, 1) + 1, 0, SEVERITY_CRITICAL + 1);
  uint64_t images = number(rows, 2);
  overview->images += images;
  overview->gates[gate] += images;
  overview->worst[worst] += images;
  overview->by_both[gate][worst] += images;
  overview->unscanned += number(rows, 3);
  overview->bytes += number(rows, 4);
  overview->fixable_images += number(rows, 5);
  for (int i = 0; i <= SEVERITY_CRITICAL; i++) {
    overview->counts[i] += number(rows, 6 + i);
    overview->fixable[i] += number(rows, 7 + SEVERITY_CRITICAL + i);
  }
}

static bool
sum_standings(SqlConnection *db, const char *name, Overview *overview, GError **error)
{
  Found found;
  g_autoptr(SqlRows) rows = sql_query(
      db, error,
      "SELECT gate, worst, count(*), CAST(sum(unscanned) AS BIGINT), CAST(sum(size) AS BIGINT), "
      "count(CASE WHEN fixable_unknown + fixable_negligible + fixable_low + fixable_medium + "
      "fixable_high + fixable_critical > 0 THEN 1 END), CAST(sum(unknown) AS BIGINT), "
      "CAST(sum(negligible) AS BIGINT), CAST(sum(low) AS BIGINT), CAST(sum(medium) AS BIGINT), "
      "CAST(sum(high) AS BIGINT), CAST(sum(critical) AS BIGINT), CAST(sum(fixable_unknown) AS "
      "BIGINT), CAST(sum(fixable_negligible) AS BIGINT), CAST(sum(fixable_low) AS BIGINT), "
      "CAST(sum(fixable_medium) AS BIGINT), CAST(sum(fixable_high) AS BIGINT), "
      "CAST(sum(fixable_critical) AS BIGINT) FROM standings WHERE $1 = '*' OR namespace = $1 "
      "GROUP BY gate, worst",
      SQL_TEXT(name != NULL ? name : "*"), SQL_END);
  while ((found = sql_next(rows, error)) == FOUND)
    take_group(rows, overview);
  return found == ABSENT;
}

static bool
count_unmatched(SqlConnection *db, int64_t stamp, uint64_t *count, GError **error)
{
  return count_one(sql_query(db, error,
                             "SELECT (SELECT count(*) FROM packages WHERE matched < $1) + "
                             "(SELECT count(*) FROM packages WHERE matched > $1)",
                             SQL_INTEGER(stamp), SQL_END),
                   count, error);
}

static bool
count_state(SqlConnection *db, ScanState state, uint64_t *count, GError **error)
{
  return count_one(sql_query(db, error, "SELECT count(*) FROM images WHERE state = $1",
                             SQL_INTEGER(state), SQL_END),
                   count, error);
}

static bool
count_unknown(Pipeline *pipeline, SqlConnection *db, Overview *overview, GError **error)
{
  g_autoptr(Rules) rules = standings_rules(pipeline);
  g_autoptr(AdvisoryDatabase) advisories = pipeline_advisories(pipeline);
  unsigned waiting = keeper_waiting(pipeline);
  if (!count_unmatched(db, package_findings_stamp(advisories), &overview->unmatched, error) ||
      !count_one(sql_query(db, error,
                           "SELECT (SELECT count(*) FROM standings WHERE stamp < $1) + "
                           "(SELECT count(*) FROM standings WHERE stamp > $1)",
                           SQL_INTEGER(rules->stamp), SQL_END),
                 &overview->unjudged, error) ||
      !count_state(db, SCAN_PENDING, &overview->pending, error) ||
      !count_state(db, SCAN_WAITING, &overview->waiting, error) ||
      !count_state(db, SCAN_FAILED, &overview->failed, error))
    return false;
  overview->unjudged = MAX(overview->unjudged, waiting);
  return true;
}

static bool
read_days(SqlConnection *db, const char *name, unsigned days, Overview *overview, GError **error)
{
  Found found;
  g_autoptr(GDateTime) now = g_date_time_new_now_utc();
  g_autoptr(GDateTime) first = g_date_time_add_days(now, 1 - (int)days);
  g_autofree char *since = g_date_time_format(first, "%Y-%m-%d");
  g_autoptr(SqlRows) rows = sql_query(
      db, error,
      "SELECT day, CAST(sum(images) AS BIGINT), CAST(sum(allowed) AS BIGINT), CAST(sum(warned) "
      "AS BIGINT), CAST(sum(refused) AS BIGINT), CAST(sum(unscanned) AS BIGINT), "
      "CAST(sum(unknown) AS BIGINT), CAST(sum(negligible) AS BIGINT), CAST(sum(low) AS BIGINT), "
      "CAST(sum(medium) AS BIGINT), CAST(sum(high) AS BIGINT), CAST(sum(critical) AS BIGINT), "
      "CAST(sum(fixable) AS BIGINT) FROM day_counts WHERE day >= $1 AND ($2 = '*' OR namespace "
      "= $2) GROUP BY day ORDER BY day",
      SQL_TEXT(since), SQL_TEXT(name != NULL ? name : "*"), SQL_END);
  while ((found = sql_next(rows, error)) == FOUND) {
    DayCounts *day = g_new0(DayCounts, 1);
    day->day = g_strdup(sql_rows_text(rows, 0));
    day->images = number(rows, 1);
    for (int i = 0; i < GATE_ANSWERS; i++)
      day->gates[i] = number(rows, 2 + i);
    day->unscanned = number(rows, 5);
    for (int i = 0; i <= SEVERITY_CRITICAL; i++)
      day->counts[i] = number(rows, 6 + i);
    day->fixable = number(rows, 7 + SEVERITY_CRITICAL);
    g_ptr_array_add(overview->days, day);
  }
  return found == ABSENT;
}

Overview *
pipeline_overview(Pipeline *pipeline, const char *name, unsigned days, GError **error)
{
  g_autoptr(Overview) overview = g_new0(Overview, 1);
  overview->days = g_ptr_array_new_with_free_func(day_free);
  g_autoptr(SqlConnection) db = sql_acquire(pipeline->sql, error);
  if (db == NULL || !sum_standings(db, name, overview, error) ||
      !count_unknown(pipeline, db, overview, error) ||
      (days > 0 && !read_days(db, name, days, overview, error)))
    return NULL;
  return g_steal_pointer(&overview);
}

Overview *
pipeline_unknown(Pipeline *pipeline, GError **error)
{
  g_autoptr(Overview) overview = g_new0(Overview, 1);
  overview->days = g_ptr_array_new_with_free_func(day_free);
  g_autoptr(SqlConnection) db = sql_acquire(pipeline->sql, error);
  return db != NULL && count_unknown(pipeline, db, overview, error) ? g_steal_pointer(&overview)
                                                                    : NULL;
}

/* --- what changed --- */

static void
change_free(void *data)
{
  StandingChange *change = data;
  g_free(change->repository);
  g_free(change->manifest);
  g_free(change->why);
  g_free(change->reason);
  g_free(change);
}

GPtrArray *
pipeline_changes(Pipeline *pipeline, int64_t since, int64_t limit, GError **error)
{
  Found found;
  g_autoptr(GPtrArray) changes = g_ptr_array_new_with_free_func(change_free);
  g_autoptr(SqlConnection) db = sql_acquire(pipeline->sql, error);
  if (db == NULL)
    return NULL;
  g_autoptr(SqlRows) rows =
      sql_query(db, error,
                "SELECT id, repository, manifest, gate_before, gate, counts_before, counts, why, "
                "reason FROM standing_changes WHERE id > $1 ORDER BY id LIMIT $2",
                SQL_INTEGER(since), SQL_INTEGER(limit), SQL_END);
  while ((found = sql_next(rows, error)) == FOUND) {
    StandingChange *change = g_new0(StandingChange, 1);
    change->id = sql_rows_integer(rows, 0);
    change->repository = g_strdup(sql_rows_text(rows, 1));
    change->manifest = g_strdup(sql_rows_text(rows, 2));
    change->from = (GateAnswer)CLAMP(sql_rows_integer(rows, 3), 0, GATE_ANSWERS - 1);
    change->to = (GateAnswer)CLAMP(sql_rows_integer(rows, 4), 0, GATE_ANSWERS - 1);
    tally_from_text(sql_rows_text(rows, 5), change->from_counts);
    tally_from_text(sql_rows_text(rows, 6), change->to_counts);
    change->why = g_strdup(sql_rows_text(rows, 7));
    change->reason = g_strdup(sql_rows_text(rows, 8));
    g_ptr_array_add(changes, change);
  }
  return found == ABSENT ? g_steal_pointer(&changes) : NULL;
}
