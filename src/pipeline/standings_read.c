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

Standing *
standings_read_one(SqlConnection *db, const char *repository, const char *manifest, int64_t stamp,
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
  return db == NULL ? NULL
                    : standings_read_one(db, repository, manifest->text, rules->stamp, error);
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
  overview->older = __atomic_load_n(&pipeline->older, __ATOMIC_RELAXED);
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
