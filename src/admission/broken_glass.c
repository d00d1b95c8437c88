/* Breaking the glass; see the header. */
#include "admission/broken_glass.h"

#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "jobs/event.h"

#define REASON_MAX 500u

static const JsonMember members[] = {
    {JSON_MEMBER(BrokenGlass, cluster), .kind = &json_text, .required = true},
    {JSON_MEMBER(BrokenGlass, namespace), .kind = &json_text, .required = true},
    {JSON_MEMBER(BrokenGlass, image), .kind = &json_text, .required = true},
    {JSON_MEMBER(BrokenGlass, user), .kind = &json_text, .required = true},
    {JSON_MEMBER(BrokenGlass, reason), .kind = &json_text, .required = true},
    {JSON_MEMBER(BrokenGlass, since), .kind = &json_moment, .required = true},
    {JSON_MEMBER(BrokenGlass, until), .kind = &json_moment, .required = true},
};
const JsonTable broken_glass_table = JSON_TABLE(BrokenGlass, members);

void
broken_glass_free(BrokenGlass *glass)
{
  if (glass == NULL)
    return;
  json_table_clear(&broken_glass_table, glass);
  g_free(glass);
}

/* --- asking --- */

static Found refuse(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);
static Found
refuse(GError **error, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  g_autofree char *message = g_strdup_vprintf(format, arguments);
  va_end(arguments);
  error_set(error, ASSAY_ERROR_DENIED, "%s", message);
  return FAILED;
}

static Found
read_until(const char *text, int64_t now, int64_t most, int64_t *until, GError **error)
{
  *until = most;
  if (text == NULL)
    return FOUND;
  g_autoptr(GDateTime) time = g_date_time_new_from_iso8601(text, NULL);
  if (time == NULL)
    return refuse(error, BREAK_GLASS_UNTIL " must be a time such as 2026-11-28T18:00:00Z");
  *until = g_date_time_to_unix(time) * G_USEC_PER_SEC;
  if (*until <= now)
    return refuse(error, BREAK_GLASS_UNTIL " is past");
  if (*until > most)
    return refuse(error, BREAK_GLASS_UNTIL " is further away than `admission.break_glass.longest`");
  return FOUND;
}

Found
break_glass_asked(const AdmissionSettings *settings, const Review *review, int64_t now,
                  BreakGlass *asked, GError **error)
{
  const BreakGlassSettings *may = &settings->break_glass;
  asked->reason = review_annotation(review, BREAK_GLASS_ANNOTATION);
  if (asked->reason == NULL)
    return ABSENT;
  if (!review_user_is_among(review, (const char *const *)may->users,
                            (const char *const *)may->groups))
    return refuse(error, "%.200s may not break the glass (" BREAK_GLASS_ANNOTATION ")",
                  review->user);
  if (strspn(asked->reason, " \t\n") == strlen(asked->reason) || strlen(asked->reason) > REASON_MAX)
    return refuse(error, BREAK_GLASS_ANNOTATION " must be the reason, of at most %u characters",
                  REASON_MAX);
  return read_until(review_annotation(review, BREAK_GLASS_UNTIL), now,
                    now + (int64_t)may->longest * G_USEC_PER_SEC, &asked->until, error);
}

/* --- remembering --- */

typedef struct {
  const char *cluster;
  const Review *review;
  const BreakGlass *asked;
  const GPtrArray *images;
} Breaking;

static bool
write_image(SqlConnection *db, const Breaking *breaking, const char *image, GError **error)
{
  return sql_run(db, NULL, error,
                 "INSERT INTO broken_glass (cluster, namespace, image, who, reason, since, until) "
                 "VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (cluster, namespace, image) "
                 "DO UPDATE SET who = excluded.who, reason = excluded.reason, "
                 "since = excluded.since, until = excluded.until",
                 SQL_TEXT(breaking->cluster), SQL_TEXT(breaking->review->namespace),
                 SQL_TEXT(image), SQL_TEXT(breaking->review->user),
                 SQL_TEXT(breaking->asked->reason), SQL_INTEGER(g_get_real_time()),
                 SQL_INTEGER(breaking->asked->until), SQL_END);
}

/* A SqlWork. */
static bool
write_all(SqlConnection *db, void *data, GError **error)
{
  const Breaking *breaking = data;
  g_autofree char *object = review_object_in_words(breaking->review);
  g_autoptr(json_t) images = json_array();
  for (guint i = 0; i < breaking->images->len; i++) {
    const char *image = g_ptr_array_index(breaking->images, i);
    json_array_append_new(images, json_string(image));
    if (!write_image(db, breaking, image, error))
      return false;
  }
  g_autoptr(json_t) told =
      json_pack("{s:s,s:s,s:s,s:O,s:I}", "object", object, "user", breaking->review->user, "reason",
                breaking->asked->reason, "images", images, "until",
                (json_int_t)(breaking->asked->until / G_USEC_PER_SEC));
  return event_tell(db, "admission.glass-broken", breaking->cluster, told, error);
}

bool
break_glass(SqlPool *sql, const char *cluster, const Review *review, const BreakGlass *asked,
            const GPtrArray *images, GError **error)
{
  Breaking breaking = {cluster, review, asked, images};
  return sql_transact(sql, write_all, &breaking, error);
}

/* --- looking --- */

#define COLUMNS "cluster, namespace, image, who, reason, since, until"

static BrokenGlass *
read_glass(SqlRows *rows)
{
  BrokenGlass *glass = g_new0(BrokenGlass, 1);
  *glass = (BrokenGlass){.cluster = g_strdup(sql_rows_text(rows, 0)),
                         .namespace = g_strdup(sql_rows_text(rows, 1)),
                         .image = g_strdup(sql_rows_text(rows, 2)),
                         .user = g_strdup(sql_rows_text(rows, 3)),
                         .reason = g_strdup(sql_rows_text(rows, 4)),
                         .since = sql_rows_integer(rows, 5),
                         .until = sql_rows_integer(rows, 6)};
  return glass;
}

Found
glass_is_broken(SqlPool *sql, const char *cluster, const char *namespace, const char *image,
                BrokenGlass **glass, GError **error)
{
  g_autoptr(SqlConnection) db = sql_acquire(sql, error);
  if (db == NULL)
    return FAILED;
  g_autoptr(SqlRows) rows = NULL;
  Found found = sql_first(db, &rows, error,
                          "SELECT " COLUMNS " FROM broken_glass WHERE cluster = $1 "
                          "AND namespace = $2 AND image = $3 AND until > $4",
                          SQL_TEXT(cluster), SQL_TEXT(namespace), SQL_TEXT(image),
                          SQL_INTEGER(g_get_real_time()), SQL_END);
  if (found == FOUND)
    *glass = read_glass(rows);
  return found;
}

GPtrArray *
broken_glasses(SqlPool *sql, GError **error)
{
  Found found;
  g_autoptr(SqlConnection) db = sql_acquire(sql, error);
  if (db == NULL)
    return NULL;
  g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func((GDestroyNotify)broken_glass_free);
  g_autoptr(SqlRows) rows = sql_query(db, error,
                                      "SELECT " COLUMNS " FROM broken_glass WHERE until > $1 "
                                      "ORDER BY cluster, namespace, image",
                                      SQL_INTEGER(g_get_real_time()), SQL_END);
  while ((found = sql_next(rows, error)) == FOUND)
    g_ptr_array_add(list, read_glass(rows));
  return found == FAILED ? NULL : g_steal_pointer(&list);
}
