/* Quarantine; see the header. The rows are few, so all are in memory: a table from each target, and
 * each member of an index that is one, to its row. */
#include "registry/quarantine.h"

#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "jobs/event.h"
#include "registry/registry-private.h"

/* Of indexes in indexes. */
#define DEPTH_MAX 4u

static const JsonMember members[] = {
    {JSON_MEMBER(Quarantine, target), .kind = &json_text, .required = true},
    {JSON_MEMBER(Quarantine, reason), .kind = &json_text, .required = true},
    {JSON_MEMBER(Quarantine, author), .kind = &json_text},
    {JSON_MEMBER(Quarantine, since), .kind = &json_moment},
    {JSON_MEMBER(Quarantine, until), .kind = &json_moment},
};
const JsonTable quarantine_table = JSON_TABLE(Quarantine, members);

void
quarantine_free(Quarantine *quarantine)
{
  if (quarantine == NULL)
    return;
  json_table_clear(&quarantine_table, quarantine);
  g_free(quarantine);
}

char *
quarantine_repository(const char *target)
{
  return strchr(target, ':') != NULL && strchr(target, '@') == NULL
             ? NULL
             : g_strndup(target, strcspn(target, "@"));
}

/* --- what is known of it in memory --- */

static GPtrArray *
load_rows(SqlConnection *db, GError **error)
{
  Found found;
  g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func((GDestroyNotify)quarantine_free);
  g_autoptr(SqlRows) answer =
      sql_query(db, error,
                "SELECT target, reason, author, since, until FROM quarantine "
                "WHERE until = 0 OR until > $1 ORDER BY target",
                SQL_INTEGER(g_get_real_time()), SQL_END);
  while ((found = sql_next(answer, error)) == FOUND) {
    Quarantine *row = g_new0(Quarantine, 1);
    row->target = g_strdup(sql_rows_text(answer, 0));
    row->reason = g_strdup(sql_rows_text(answer, 1));
    row->author = g_strdup(sql_rows_text(answer, 2));
    row->since = sql_rows_integer(answer, 3);
    row->until = sql_rows_integer(answer, 4);
    g_ptr_array_add(rows, row);
  }
  return found == FAILED ? NULL : g_steal_pointer(&rows);
}

/* ABSENT: it is nowhere, or cannot be read. */
static Found
load_manifest(SqlConnection *db, const char *digest, Manifest **manifest, GError **error)
{
  g_autoptr(SqlRows) rows = NULL;
  Found found = sql_first(db, &rows, error,
                          "SELECT content, media_type FROM manifests WHERE digest = $1 LIMIT 1",
                          SQL_TEXT(digest), SQL_END);
  *manifest =
      found == FOUND ? manifest_parse(sql_rows_bytes(rows, 0), sql_rows_text(rows, 1), NULL) : NULL;
  return found == FOUND && *manifest == NULL ? ABSENT : found;
}

/* The manifest @digest and, of an index, its members: each as a target of @row, in its repository
 * if it names one. */
static bool
add_digest(SqlConnection *db, GHashTable *targets, Quarantine *row, const char *repository,
           const char *digest, unsigned depth, GError **error)
{
  g_autoptr(Manifest) manifest = NULL;
  char *target = repository == NULL ? g_strdup(digest) : g_strconcat(repository, "@", digest, NULL);
  if (g_hash_table_contains(targets, target))
    g_free(target); /* what was said of it itself counts */
  else
    g_hash_table_insert(targets, target, row);
  if (depth > DEPTH_MAX || load_manifest(db, digest, &manifest, error) == FAILED)
    return depth > DEPTH_MAX;
  for (guint i = 0; manifest != NULL && i < manifest->manifests->len; i++) {
    const Descriptor *member = g_ptr_array_index(manifest->manifests, i);
    if (!add_digest(db, targets, row, repository, member->digest.text, depth + 1, error))
      return false;
  }
  return true;
}

/* Under the lock. */
static bool
load(Registry *registry, GError **error)
{
  QuarantineSet *set = registry->quarantine;
  g_autoptr(SqlConnection) db = sql_acquire(registry->sql, error);
  g_autoptr(GPtrArray) rows = db == NULL ? NULL : load_rows(db, error);
  g_autoptr(GHashTable) targets = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; rows != NULL && i < rows->len; i++) {
    Quarantine *row = g_ptr_array_index(rows, i);
    g_hash_table_insert(targets, g_strdup(row->target), row);
  }
  for (guint i = 0; rows != NULL && i < rows->len; i++) {
    Quarantine *row = g_ptr_array_index(rows, i);
    const char *digest = strchr(row->target, '@');
    g_autofree char *repository = quarantine_repository(row->target);
    digest = digest != NULL ? digest + 1 : repository == NULL ? row->target : NULL;
    if (digest != NULL && !add_digest(db, targets, row, repository, digest, 0, error))
      return false;
  }
  if (rows == NULL)
    return false;
  g_hash_table_unref(set->by_target);
  set->by_target = g_steal_pointer(&targets);
  g_clear_pointer(&set->rows, g_ptr_array_unref);
  set->rows = g_steal_pointer(&rows);
  set->loaded = true;
  __atomic_store_n(&set->some, set->rows->len > 0, __ATOMIC_RELEASE);
  return true;
}

static bool
refuse(const Quarantine *row, GError **error)
{
  g_autofree char *end = NULL;
  if (row->until != 0) {
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(row->until / G_USEC_PER_SEC);
    end = g_date_time_format(time, "%Y-%m-%d %H:%M UTC");
  }
  return registry_error_set(
      error, REGISTRY_DENIED, "%s is in quarantine by %s%s%s: %s (assay quarantine list)",
      row->target, row->author, end == NULL ? "" : " until ", end == NULL ? "" : end, row->reason);
}

bool
registry_check_quarantine(Registry *registry, const char *repository, const Digest *digest,
                          GError **error)
{
  QuarantineSet *set = registry->quarantine;
  if (!__atomic_load_n(&set->some, __ATOMIC_ACQUIRE))
    return true;
  g_autofree char *of_repository = g_strconcat(repository, "@", digest->text, NULL);
  const char *const asked[] = {repository, digest->text, of_repository};
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&set->lock);
  if (!set->loaded && !load(registry, error))
    return false;
  for (size_t i = 0; i < G_N_ELEMENTS(asked); i++) {
    const Quarantine *row = g_hash_table_lookup(set->by_target, asked[i]);
    if (row != NULL && (row->until == 0 || row->until > g_get_real_time()))
      return refuse(row, error);
  }
  return true;
}

char *
registry_quarantined(Registry *registry, const char *repository, const char *digest)
{
  g_autoptr(GError) error = NULL;
  Digest parsed;
  if (digest_parse(digest, &parsed, &error))
    registry_check_quarantine(registry, repository, &parsed, &error);
  return error == NULL ? NULL : g_strdup(error->message);
}

/* --- changing it --- */

static bool
is_target(const char *target)
{
  const char *at = strchr(target, '@');
  g_autofree char *repository = quarantine_repository(target);
  return (repository == NULL || registry_check_name(repository, NULL)) &&
         (repository != NULL && at == NULL
              ? true
              : digest_parse(at != NULL ? at + 1 : target, &(Digest){{0}}, NULL));
}

static bool
check_new(const Quarantine *quarantine, GError **error)
{
  if (!is_target(quarantine->target))
    return error_set(error, ASSAY_ERROR_INVALID,
                     "target \"%.300s\": must be REPOSITORY, REPOSITORY@DIGEST, or DIGEST",
                     quarantine->target);
  if (*quarantine->reason == '\0' || strlen(quarantine->reason) > QUARANTINE_REASON_MAX)
    return error_set(error, ASSAY_ERROR_INVALID, "a reason is needed, of at most %u bytes",
                     QUARANTINE_REASON_MAX);
  if (quarantine->until != 0 && quarantine->until <= g_get_real_time())
    return error_set(error, ASSAY_ERROR_INVALID, "the end of the quarantine is past");
  return true;
}

static bool
tell(SqlConnection *db, const char *type, const Quarantine *quarantine, GError **error)
{
  g_autoptr(json_t) data = json_table_write(&quarantine_table, quarantine);
  return event_tell(db, type, quarantine->target, data, error);
}

static bool
check_count(SqlConnection *db, GError **error)
{
  int64_t count = 0;
  g_autoptr(SqlRows) rows = sql_query(db, error, "SELECT count(*) FROM quarantine", SQL_END);
  if (!sql_number(rows, &count, error))
    return false;
  return count < QUARANTINES_MAX || error_set(error, ASSAY_ERROR_LIMIT,
                                              "%u are in quarantine, and no more can be; take "
                                              "some out (assay quarantine remove)",
                                              QUARANTINES_MAX);
}

static bool
add(SqlConnection *db, void *data, GError **error)
{
  const Quarantine *quarantine = data;
  return sql_run(db, NULL, error, "DELETE FROM quarantine WHERE until > 0 AND until <= $1",
                 SQL_INTEGER(g_get_real_time()), SQL_END) &&
         check_count(db, error) &&
         sql_run(db, NULL, error,
                 "INSERT INTO quarantine (target, reason, author, since, until) "
                 "VALUES ($1, $2, $3, $4, $5) ON CONFLICT (target) DO UPDATE SET "
                 "reason = excluded.reason, author = excluded.author, since = excluded.since, "
                 "until = excluded.until",
                 SQL_TEXT(quarantine->target), SQL_TEXT(quarantine->reason),
                 SQL_TEXT(quarantine->author), SQL_INTEGER(quarantine->since),
                 SQL_INTEGER(quarantine->until), SQL_END) &&
         tell(db, "quarantine.added", quarantine, error);
}

static bool
refuse_absent(const char *target, GError **error)
{
  return error_set(error, ASSAY_ERROR_NOT_FOUND,
                   "%.400s is not in quarantine; `assay quarantine list` lists what is", target);
}

static bool
remove_target(SqlConnection *db, void *data, GError **error)
{
  const char *target = data;
  int64_t changed = 0;
  if (!sql_run(db, &changed, error, "DELETE FROM quarantine WHERE target = $1", SQL_TEXT(target),
               SQL_END))
    return false;
  return changed == 0 ? refuse_absent(target, error)
                      : event_tell(db, "quarantine.removed", target, NULL, error);
}

/* Also what was answered from a cache is asked again. */
static bool
changed(Registry *registry)
{
  quarantine_set_stale(registry->quarantine);
  registry_changed(registry);
  return true;
}

bool
registry_quarantine_add(Registry *registry, const Quarantine *quarantine, GError **error)
{
  Quarantine row = *quarantine;
  row.since = g_get_real_time();
  return check_new(quarantine, error) && sql_transact(registry->sql, add, &row, error) &&
         changed(registry);
}

bool
registry_quarantine_remove(Registry *registry, const char *target, GError **error)
{
  return sql_transact(registry->sql, remove_target, (void *)(uintptr_t)target, error) &&
         changed(registry);
}

GPtrArray *
registry_quarantines(Registry *registry, GError **error)
{
  g_autoptr(SqlConnection) db = sql_acquire(registry->sql, error);
  return db == NULL ? NULL : load_rows(db, error);
}

Quarantine *
registry_quarantine_find(Registry *registry, const char *target, GError **error)
{
  g_autoptr(GPtrArray) rows = registry_quarantines(registry, error);
  if (rows == NULL)
    return NULL;
  for (guint i = 0; i < rows->len; i++)
    if (strcmp(((Quarantine *)g_ptr_array_index(rows, i))->target, target) == 0)
      return g_ptr_array_steal_index(rows, i);
  refuse_absent(target, error);
  return NULL;
}
