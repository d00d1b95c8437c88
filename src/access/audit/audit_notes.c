/* Notes: taken in memory, by who, from where and about what; written by a job. In the database an
 * hour's key is a row, `audit_counts`: it is made with the key's first record, and counts those
 * after it until the hour is over. */
#include <string.h>

#include "access/audit/audit-private.h"
#include "base/json.h"

#define HOUR_US        ((int64_t)3600 * G_USEC_PER_SEC)
#define CLOSED_AT_ONCE 500

typedef struct {
  const char *type;
  bool by_object; /* it is part of the key */
  bool counted;   /* there is no record of the first */
  const char *decision;
} Kind;

static const Kind kinds[NOTE_COUNT] = {
    [NOTE_LOGIN] = {"login.allowed", .decision = "allowed"},
    [NOTE_LOGIN_REFUSED] = {"login.refused", .decision = "refused"},
    [NOTE_ACCESS_REFUSED] = {"access.refused", .decision = "refused"},
    [NOTE_VERDICT_REFUSED] = {"verdict.refused", .by_object = true, .decision = "refused"},
    [NOTE_SECRET_USED] = {"secret.used", .by_object = true, .decision = "allowed"},
    [NOTE_PULLED] = {"image.pulled", .by_object = true, .counted = true, .decision = "allowed"},
    [NOTE_SCAN_ASKED] = {"scan.asked", .by_object = true, .decision = "allowed"},
};

typedef struct {
  NoteKind kind;
  int64_t hour, first, last; /* microseconds since 1970 */
  int64_t count;
  char *who, *address, *object; /* of the key */
  char *actor;                  /* JSON: of the first */
  char *more;                   /* JSON: what else is said of the first */
  char *about;                  /* the object of the first */
} Noted;

static void
noted_free(void *data)
{
  Noted *noted = data;
  g_free(noted->who);
  g_free(noted->address);
  g_free(noted->object);
  g_free(noted->actor);
  g_free(noted->more);
  g_free(noted->about);
  g_free(noted);
}

static GHashTable *
table_new(void)
{
  return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, noted_free);
}

/* --- taking them --- */

static GMutex present_lock;
static Audit *present; /* guarded by it */

void
audit_notes_init(Audit *audit)
{
  g_mutex_init(&audit->lock);
  audit->noted = table_new();
  g_mutex_lock(&present_lock);
  present = audit;
  g_mutex_unlock(&present_lock);
}

void
audit_notes_clear(Audit *audit)
{
  g_mutex_lock(&present_lock);
  if (present == audit)
    present = NULL;
  g_mutex_unlock(&present_lock);
  g_hash_table_unref(audit->noted);
  if (audit->unwritten != NULL)
    g_hash_table_unref(audit->unwritten);
  g_mutex_clear(&audit->lock);
}

static char *
more_text(NoteKind kind, const char *verb, const char *rule)
{
  g_autoptr(json_t) more = json_object();
  json_set_string(more, "verb", verb);
  json_set_string(more, "decision", kinds[kind].decision);
  json_set_string(more, "rule", rule);
  return json_to_text(more);
}

static const char *
or_nothing(const char *text)
{
  return text != NULL ? text : "";
}

static void
take(Audit *audit, NoteKind kind, const char *object, const char *verb, const char *rule)
{
  const Actor *actor = actor_get();
  int64_t now = g_get_real_time(), hour = now - now % HOUR_US;
  bool crowded = audit->crowded == hour;
  const char *who = crowded ? "*" : or_nothing(actor->name),
             *address = crowded ? "*" : or_nothing(actor->address),
             *about = crowded                 ? "*"
                      : kinds[kind].by_object ? or_nothing(object)
                                              : "";
  g_autofree char *key =
      g_strdup_printf("%d\n%" G_GINT64_FORMAT "\n%s\n%s\n%s", (int)kind, hour, who, address, about);
  Noted *noted = g_hash_table_lookup(audit->noted, key);
  if (noted == NULL && g_hash_table_size(audit->noted) >= NOTED_MOST) {
    audit->dropped++;
    return;
  }
  if (noted == NULL) {
    noted = g_new0(Noted, 1);
    noted->kind = kind;
    noted->hour = hour;
    noted->first = now;
    noted->who = g_strdup(who);
    noted->address = g_strdup(address);
    noted->object = g_strdup(about);
    noted->actor = crowded ? g_strdup("{\"name\":\"*\"}") : actor_text();
    noted->more = more_text(kind, verb, rule);
    noted->about = g_strdup(or_nothing(object));
    g_hash_table_insert(audit->noted, g_steal_pointer(&key), noted);
  }
  noted->last = now;
  noted->count++;
}

void
audit_note(NoteKind kind, const char *object, const char *verb, const char *rule)
{
  g_autoptr(GMutexLocker) of_present = g_mutex_locker_new(&present_lock);
  if (present == NULL || sql_pool_is_read_only(present->sql))
    return;
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&present->lock);
  take(present, kind, object, verb, rule);
}

/* --- writing them --- */

static bool
append_first(SqlConnection *db, AuditHead *head, const Noted *noted, GError **error)
{
  g_autoptr(json_t) actor = json_parse(slice_from_string(noted->actor), NULL);
  g_autoptr(json_t) more = json_parse(slice_from_string(noted->more), NULL);
  const AuditEntry entry = {noted->first, kinds[noted->kind].type, noted->about, actor, more};
  return audit_append(db, head, &entry, error);
}

/* *added: it is the first of its key. */
static bool
write_one(SqlConnection *db, AuditHead *head, const Noted *noted, int64_t *added, GError **error)
{
  const Kind *kind = &kinds[noted->kind];
  int64_t changed = 0;
  if (!sql_run(db, &changed, error,
               "UPDATE audit_counts SET count = count + $1, last = $2 WHERE hour = $3 AND "
               "type = $4 AND who = $5 AND address = $6 AND object = $7",
               SQL_INTEGER(noted->count), SQL_INTEGER(noted->last), SQL_INTEGER(noted->hour),
               SQL_TEXT(kind->type), SQL_TEXT(noted->who), SQL_TEXT(noted->address),
               SQL_TEXT(noted->object), SQL_END))
    return false;
  if (changed > 0)
    return true;
  *added += 1;
  int64_t count = noted->count - !kind->counted;
  return (kind->counted || append_first(db, head, noted, error)) &&
         sql_run(db, NULL, error,
                 "INSERT INTO audit_counts (hour, type, who, address, object, count, first, last, "
                 "about, actor, more) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
                 SQL_INTEGER(noted->hour), SQL_TEXT(kind->type), SQL_TEXT(noted->who),
                 SQL_TEXT(noted->address), SQL_TEXT(noted->object), SQL_INTEGER(count),
                 SQL_INTEGER(noted->first), SQL_INTEGER(noted->last), SQL_TEXT(noted->about),
                 SQL_TEXT(noted->actor), SQL_TEXT(noted->more), SQL_END);
}

typedef struct {
  Audit *audit;
  int64_t now, added;
  bool more;
} Writing;

static bool
append_dropped(SqlConnection *db, AuditHead *head, const Writing *writing, GError **error)
{
  g_autoptr(json_t) more =
      json_pack("{s:{s:I}}", "data", "notes", (json_int_t)writing->audit->undropped);
  g_autoptr(json_t) actor = json_pack("{s:s,s:s}", "kind", "system", "name", "system");
  const AuditEntry entry = {writing->now, "audit.dropped", "audit", actor, more};
  return writing->audit->undropped == 0 || audit_append(db, head, &entry, error);
}

/* A SqlWork. */
static bool
write_all(SqlConnection *db, void *data, GError **error)
{
  Writing *writing = data;
  AuditHead head;
  GHashTableIter iter;
  void *noted;
  writing->added = 0;
  if (!audit_head_open(db, &head, error))
    return false;
  g_hash_table_iter_init(&iter, writing->audit->unwritten);
  while (g_hash_table_iter_next(&iter, NULL, &noted))
    if (!write_one(db, &head, noted, &writing->added, error))
      return false;
  return append_dropped(db, &head, writing, error) && audit_head_close(db, &head, error);
}

/* --- hours that are over --- */

static NoteKind
kind_of(const char *type)
{
  NoteKind kind = 0;
  while (kind + 1 < NOTE_COUNT && strcmp(kinds[kind].type, type) != 0)
    kind++;
  return kind;
}

static Noted *
read_counted(SqlRows *rows)
{
  Noted *noted = g_new0(Noted, 1);
  noted->hour = sql_rows_integer(rows, 0);
  noted->kind = kind_of(sql_rows_text(rows, 1));
  noted->who = g_strdup(sql_rows_text(rows, 2));
  noted->address = g_strdup(sql_rows_text(rows, 3));
  noted->object = g_strdup(sql_rows_text(rows, 4));
  noted->count = sql_rows_integer(rows, 5);
  noted->first = sql_rows_integer(rows, 6);
  noted->last = sql_rows_integer(rows, 7);
  noted->about = g_strdup(sql_rows_text(rows, 8));
  noted->actor = g_strdup(sql_rows_text(rows, 9));
  noted->more = g_strdup(sql_rows_text(rows, 10));
  return noted;
}

/* (transfer full): Noted */
static GPtrArray *
read_hours(SqlConnection *db, int64_t before, GError **error)
{
  Found found;
  g_autoptr(GPtrArray) counted = g_ptr_array_new_with_free_func(noted_free);
  g_autoptr(SqlRows) rows =
      sql_query(db, error,
                "SELECT hour, type, who, address, object, count, first, last, about, actor, more "
                "FROM audit_counts WHERE hour < $1 ORDER BY hour, first LIMIT $2",
                SQL_INTEGER(before), SQL_INTEGER(CLOSED_AT_ONCE), SQL_END);
  while ((found = sql_next(rows, error)) == FOUND)
    g_ptr_array_add(counted, read_counted(rows));
  return found == ABSENT ? g_steal_pointer(&counted) : NULL;
}

static bool
append_counted(SqlConnection *db, AuditHead *head, const Noted *noted, int64_t now, GError **error)
{
  g_autofree char *first = audit_time_text(noted->first), *last = audit_time_text(noted->last);
  g_autoptr(json_t) actor = json_parse(slice_from_string(noted->actor), NULL);
  g_autoptr(json_t) more = json_parse(slice_from_string(noted->more), NULL);
  json_object_set_new(
      more, "data",
      json_pack("{s:I,s:s,s:s}", "count", (json_int_t)noted->count, "first", first, "last", last));
  const AuditEntry entry = {now, kinds[noted->kind].type, noted->about, actor, more};
  return (noted->count == 0 || audit_append(db, head, &entry, error)) &&
         sql_run(db, NULL, error,
                 "DELETE FROM audit_counts WHERE hour = $1 AND type = $2 AND who = $3 AND "
                 "address = $4 AND object = $5",
                 SQL_INTEGER(noted->hour), SQL_TEXT(kinds[noted->kind].type), SQL_TEXT(noted->who),
                 SQL_TEXT(noted->address), SQL_TEXT(noted->object), SQL_END);
}

/* A SqlWork: some of the rows of hours that are over. */
static bool
close_some(SqlConnection *db, void *data, GError **error)
{
  Writing *writing = data;
  AuditHead head;
  if (!audit_head_open(db, &head, error))
    return false;
  g_autoptr(GPtrArray) counted = read_hours(db, writing->now - writing->now % HOUR_US, error);
  if (counted == NULL)
    return false;
  writing->more = counted->len == CLOSED_AT_ONCE;
  for (guint i = 0; i < counted->len; i++)
    if (!append_counted(db, &head, g_ptr_array_index(counted, i), writing->now, error))
      return false;
  return audit_head_close(db, &head, error);
}

static bool
close_hours(Audit *audit, int64_t now, GError **error)
{
  Writing writing = {.audit = audit, .now = now, .more = true};
  int64_t hour = now - now % HOUR_US;
  if (audit->hour == hour)
    return true;
  while (writing.more)
    if (!sql_transact_later(audit->sql, close_some, &writing, error))
      return false;
  audit->hour = hour;
  audit->counted = 0;
  return true;
}

/* --- the job --- */

static void
take_over(Audit *audit)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&audit->lock);
  audit->undropped += audit->dropped;
  audit->dropped = 0;
  if (audit->unwritten != NULL)
    return;
  audit->unwritten = audit->noted;
  audit->noted = table_new();
}

bool
audit_notes_write(Audit *audit, GError **error)
{
  Writing writing = {.audit = audit, .now = g_get_real_time()};
  if (!close_hours(audit, writing.now, error))
    return false;
  take_over(audit);
  if (g_hash_table_size(audit->unwritten) > 0 || audit->undropped > 0) {
    if (!sql_transact_later(audit->sql, write_all, &writing, error))
      return false;
    audit->undropped = 0;
  }
  g_clear_pointer(&audit->unwritten, g_hash_table_unref);
  audit->counted += writing.added;
  if (audit->counted > COUNTED_MOST) {
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&audit->lock);
    audit->crowded = audit->hour;
  }
  return true;
}
