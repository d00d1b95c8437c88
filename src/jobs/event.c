/* Events; see the header. */
#include "jobs/event.h"

#include "base/json.h"
#include "jobs/actor.h"

/* --- telling --- */

bool
event_tell(SqlConnection *db, const char *type, const char *subject, const json_t *data,
           GError **error)
{
  g_autofree char *text = data == NULL ? NULL : json_to_text(data), *actor = actor_text();
  return sql_run(db, NULL, error, "UPDATE event_numbers SET last = last + 1 WHERE id = 1",
                 SQL_END) &&
         sql_run(db, NULL, error,
                 "INSERT INTO events (number, told, type, subject, data, actor) "
                 "SELECT last, CAST($1 AS BIGINT), CAST($2 AS TEXT), CAST($3 AS TEXT), "
                 "CAST($4 AS TEXT), CAST($5 AS TEXT) FROM event_numbers WHERE id = 1",
                 SQL_INTEGER(g_get_real_time()), SQL_TEXT(type), SQL_TEXT(subject), SQL_TEXT(text),
                 SQL_TEXT(actor), SQL_END);
}

/* --- reading --- */

static void
event_free(void *data)
{
  Event *event = data;
  g_free(event->type);
  g_free(event->subject);
  json_decref(event->data);
  json_decref(event->actor);
  g_free(event);
}

static json_t *
object_of(const char *text)
{
  return text == NULL ? NULL : json_parse(slice_from_string(text), NULL);
}

static Event *
read_event(SqlRows *rows)
{
  Event *event = g_new0(Event, 1);
  event->number = sql_rows_integer(rows, 0);
  event->told = sql_rows_integer(rows, 1);
  event->data = object_of(sql_rows_text(rows, 4));
  event->actor = object_of(sql_rows_text(rows, 5));
  event->type = g_strdup(sql_rows_text(rows, 2));
  event->subject = g_strdup(sql_rows_text(rows, 3));
  return event;
}

GPtrArray *
events_after(SqlPool *sql, int64_t after, unsigned limit, GError **error)
{
  Found found;
  g_autoptr(GPtrArray) events = g_ptr_array_new_with_free_func(event_free);
  g_autoptr(SqlConnection) db = sql_acquire(sql, error);
  if (db == NULL)
    return NULL;
  g_autoptr(SqlRows) rows =
      sql_query(db, error,
                "SELECT number, told, type, subject, data, actor FROM events WHERE number > $1 "
                "ORDER BY number LIMIT $2",
                SQL_INTEGER(after), SQL_INTEGER(limit), SQL_END);
  while ((found = sql_next(rows, error)) == FOUND)
    g_ptr_array_add(events, read_event(rows));
  g_clear_pointer(&rows, sql_rows_free);
  return found == ABSENT && sql_settle(sql, error) ? g_steal_pointer(&events) : NULL;
}
