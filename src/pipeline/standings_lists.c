/* Lists of images by how they stand: which ones, and a page of them. */
#include <string.h>

#include "pipeline/pipeline-private.h"

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

/* ... and of who sees all, the images and times alone: the keys of a page are read after that. */
#define TIMES "SELECT image, pushed FROM standings"

/* Conditions that ask nothing would cost as much as the rest, and texts of keys that no page shows
 * nearly as much: so each question has three texts. */
typedef struct {
  const char *times, *alone, *with_columns;
} Question;

static const Question by_vulnerability = {TIMES BY_VULNERABILITY_ALONE NEWER_FIRST,
                                          KEYS BY_VULNERABILITY_ALONE NEWER_FIRST,
                                          KEYS BY_VULNERABILITY_ALONE COLUMNS_FIT NEWER_FIRST};
static const Question by_both = {TIMES BY_VULNERABILITY NEWER_FIRST,
                                 KEYS BY_VULNERABILITY NEWER_FIRST,
                                 KEYS BY_VULNERABILITY COLUMNS_FIT NEWER_FIRST};
static const Question by_package = {TIMES BY_PACKAGE NEWER_FIRST, KEYS BY_PACKAGE NEWER_FIRST,
                                    KEYS BY_PACKAGE COLUMNS_FIT NEWER_FIRST};
static const Question by_columns = {NULL, NULL, KEYS " WHERE $1 = $2" COLUMNS_FIT};

static bool
asks_for_columns(const StandingFilter *filter)
{
  return filter->repository != NULL || filter->gate >= 0 || filter->severities != 0 ||
         filter->least != 0 || filter->most != 0;
}

static const Question *
question_of(const StandingFilter *filter)
{
  if (filter->vulnerability == NULL)
    return filter->package == NULL ? &by_columns : &by_package;
  return filter->package == NULL ? &by_vulnerability : &by_both;
}

static bool
asks_for_all(const StandingFilter *filter)
{
  return filter->vulnerability == NULL && filter->package == NULL && filter->sees == NULL &&
         !asks_for_columns(filter);
}

static SqlRows *
query_filtered(SqlConnection *db, const StandingFilter *filter, bool times, GError **error)
{
  const Question *question = question_of(filter);
  SqlValue vulnerability = SQL_TEXT(filter->vulnerability != NULL ? filter->vulnerability : "");
  SqlValue package = SQL_TEXT(filter->package != NULL ? filter->package : "");
  if (times || (!asks_for_columns(filter) && question->alone != NULL))
    return sql_query(db, error, times ? question->times : question->alone, vulnerability, package,
                     SQL_END);
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

/* --- of one who sees all images --- */

typedef struct {
  int64_t image, pushed;
} Time;

/* Newest first; the times of one image are together. */
static int
compare_times(gconstpointer a, gconstpointer b)
{
  const Time *left = a, *right = b;
  if (left->pushed != right->pushed)
    return left->pushed > right->pushed ? -1 : 1;
  return left->image < right->image ? -1 : left->image > right->image;
}

/* Leaves the @count first ones and who was pushed when the last of them was; gives that time. */
static int64_t
keep_newest(GArray *times, int64_t count)
{
  g_array_sort(times, compare_times);
  if (times->len < count)
    return G_MININT64;
  int64_t oldest = g_array_index(times, Time, count - 1).pushed;
  guint kept = (guint)count;
  while (kept < times->len && g_array_index(times, Time, kept).pushed == oldest)
    kept++;
  g_array_set_size(times, kept);
  return oldest;
}

/* An image that was pushed to several repositories at one time has several keys. */
static bool
take_keys(StandingPage *page, const GArray *times, GError **error)
{
  for (guint i = 0; i < times->len; i++) {
    const Time *time = &g_array_index(times, Time, i);
    Found found;
    if (i > 0 && compare_times(time, time - 1) == 0)
      continue;
    g_autoptr(SqlRows) rows =
        sql_query(page->db, error, KEYS " WHERE image = $1 AND pushed = $2",
                  SQL_INTEGER(time->image), SQL_INTEGER(time->pushed), SQL_END);
    while ((found = sql_next(rows, error)) == FOUND)
      take_key(page, rows);
    if (found != ABSENT)
      return false;
  }
  return true;
}

static bool
find_by_times(StandingPage *page, const StandingFilter *filter, uint64_t *total, GError **error)
{
  Found found;
  int64_t end = page->offset + page->limit, oldest = G_MININT64;
  guint most = 2 * (guint)end;
  g_autoptr(GArray) times = g_array_new(FALSE, FALSE, sizeof(Time));
  g_autoptr(SqlRows) rows = query_filtered(page->db, filter, true, error);
  *total = 0;
  while ((found = sql_next(rows, error)) == FOUND) {
    Time time = {sql_rows_integer(rows, 0), sql_rows_integer(rows, 1)};
    (*total)++;
    if (time.pushed < oldest)
      continue;
    g_array_append_val(times, time);
    if (times->len >= most) {
      oldest = keep_newest(times, end);
      most = 2 * MAX((guint)end, times->len);
    }
  }
  keep_newest(times, end);
  return found == ABSENT && take_keys(page, times, error);
}

/* --- of one who sees some, or by what is in the rows --- */

/* Goes through all of them once, which is faster than to count them and then to look for the page,
 * and keeps what may be up to the page's end, which is faster than to have all put in order. */
static bool
find_filtered(StandingPage *page, const StandingFilter *filter, uint64_t *total, GError **error)
{
  Found found;
  int64_t end = page->offset + page->limit, oldest = G_MININT64;
  g_autoptr(SqlRows) rows = query_filtered(page->db, filter, false, error);
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
  return found == ABSENT;
}

static bool
find_some(StandingPage *page, const StandingFilter *filter, uint64_t *total, GError **error)
{
  bool times =
      filter->sees == NULL && !asks_for_columns(filter) && question_of(filter)->times != NULL;
  if (!(times ? find_by_times : find_filtered)(page, filter, total, error))
    return false;
  keep_first(page->keys, page->offset + page->limit);
  g_array_remove_range(page->keys, 0, (guint)MIN(page->offset, (int64_t)page->keys->len));
  return true;
}

static bool
find_all(StandingPage *page, uint64_t *total, GError **error)
{
  Found found;
  int64_t count = 0;
  g_autoptr(SqlRows) counted =
      sql_query(page->db, error, "SELECT count(*) FROM standings", SQL_END);
  if (!sql_number(counted, &count, error))
    return false;
  *total = (uint64_t)count;
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
        standings_read_one(page->db, key->repository, key->manifest, page->stamp, &failure);
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
  bool found =
      asks_for_all(filter) ? find_all(&page, total, error) : find_some(&page, filter, total, error);
  return found ? read_page(&page, error) : NULL;
}
