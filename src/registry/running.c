/* What runs, as it is noted and written; see the header. */
#include "registry/running-private.h"

#include <string.h>

#include "base/log.h"
#include "base/metrics.h"
#include "registry/registry-private.h"

#define WRITTEN_AT_ONCE 200u
/* What an object runs is written again after so long, though it is the same: `seen`. */
#define SEEN_AGAIN ((int64_t)600 * G_USEC_PER_SEC)
/* Objects whose last note is remembered, so that the same one is not written again. */
#define KNOWN_MOST 100000u

METRIC(unnoted, COUNTER("assay_running_unnoted_total",
                        "Objects of clusters whose images were not noted: too many at once."));

typedef struct {
  char *cluster, *namespace, *kind, *name;
  GPtrArray *images; /* RunningImage */
  int64_t when;
} NotedObject;

struct RunningNotes {
  GMutex lock;       /* guards the next two */
  GHashTable *fresh; /* key of an object -> NotedObject */
  GHashTable *known; /* key of an object -> KnownObject: as it was last noted */
  GMutex one_writer;
};

typedef struct {
  guint hash; /* of what it runs */
  int64_t when;
} KnownObject;

static void
noted_free(void *data)
{
  NotedObject *noted = data;
  g_free(noted->cluster);
  g_free(noted->namespace);
  g_free(noted->kind);
  g_free(noted->name);
  g_ptr_array_unref(noted->images);
  g_free(noted);
}

static GHashTable *
fresh_new(void)
{
  return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, noted_free);
}

RunningNotes *
running_notes_new(void)
{
  RunningNotes *notes = g_new0(RunningNotes, 1);
  g_mutex_init(&notes->lock);
  g_mutex_init(&notes->one_writer);
  notes->fresh = fresh_new();
  notes->known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  return notes;
}

void
running_end(Registry *registry)
{
  g_autoptr(GError) error = NULL;
  RunningNotes *notes = registry->running;
  if (!sql_pool_is_read_only(registry->sql) && !registry_write_running(registry, &error))
    log_warning("the last notes of what runs are lost", "error", error->message, NULL);
  g_hash_table_unref(notes->fresh);
  g_hash_table_unref(notes->known);
  g_mutex_clear(&notes->lock);
  g_mutex_clear(&notes->one_writer);
  g_free(notes);
}

static guint
hash_of(const GPtrArray *images)
{
  guint hash = images->len;
  for (guint i = 0; i < images->len; i++) {
    const RunningImage *image = g_ptr_array_index(images, i);
    hash = hash * 31 + g_str_hash(image->image) * 17 + g_str_hash(image->digest);
  }
  return hash;
}

/* Under the lock. */
static bool
is_known(RunningNotes *notes, const char *key, const GPtrArray *images, int64_t now)
{
  guint hash = hash_of(images);
  KnownObject *known = g_hash_table_lookup(notes->known, key);
  if (known != NULL && known->hash == hash && now - known->when < SEEN_AGAIN)
    return true;
  if (g_hash_table_size(notes->known) >= KNOWN_MOST)
    g_hash_table_remove_all(notes->known);
  known = g_new(KnownObject, 1);
  *known = (KnownObject){hash, now};
  g_hash_table_insert(notes->known, g_strdup(key), known);
  return false;
}

void
registry_note_running(Registry *registry, const char *cluster, const char *namespace,
                      const char *kind, const char *name, GPtrArray *images)
{
  RunningNotes *notes = registry->running;
  int64_t now = g_get_real_time();
  g_autoptr(GPtrArray) owned = images;
  if (sql_pool_is_read_only(registry->sql))
    return;
  g_autofree char *key = g_strjoin("\n", cluster, namespace, kind, name, NULL);
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&notes->lock);
  if (is_known(notes, key, images, now))
    return;
  if (g_hash_table_size(notes->fresh) >= RUNNING_NOTED_MOST) {
    g_hash_table_remove(notes->known, key);
    metric_add(&unnoted, 1);
    return;
  }
  NotedObject *noted = g_new0(NotedObject, 1);
  *noted = (NotedObject){.cluster = g_strdup(cluster),
                         .namespace = g_strdup(namespace),
                         .kind = g_strdup(kind),
                         .name = g_strdup(name),
                         .images = g_steal_pointer(&owned),
                         .when = now};
  g_hash_table_replace(notes->fresh, g_steal_pointer(&key), noted);
}

/* --- writing --- */

#define THE_OBJECT "cluster = $1 AND namespace = $2 AND kind = $3 AND name = $4"

static bool
write_image(SqlConnection *db, const NotedObject *noted, const RunningImage *image, GError **error)
{
  return sql_run(db, NULL, error,
                 "INSERT INTO running_images (cluster, namespace, kind, name, image, digest, "
                 "repository, since, seen, ended) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, 0) "
                 "ON CONFLICT (cluster, namespace, kind, name, image, digest) DO UPDATE SET "
                 "seen = excluded.seen, ended = 0, repository = excluded.repository",
                 SQL_TEXT(noted->cluster), SQL_TEXT(noted->namespace), SQL_TEXT(noted->kind),
                 SQL_TEXT(noted->name), SQL_TEXT(image->image), SQL_TEXT(image->digest),
                 SQL_TEXT(image->repository), SQL_INTEGER(noted->when), SQL_END);
}

/* What it ran has ended, but for what it runs. */
static bool
write_object(SqlConnection *db, const NotedObject *noted, GError **error)
{
  if (!sql_run(db, NULL, error,
               "UPDATE running_images SET ended = $5 WHERE " THE_OBJECT " AND ended = 0",
               SQL_TEXT(noted->cluster), SQL_TEXT(noted->namespace), SQL_TEXT(noted->kind),
               SQL_TEXT(noted->name), SQL_INTEGER(noted->when), SQL_END))
    return false;
  for (guint i = 0; i < noted->images->len; i++)
    if (!write_image(db, noted, g_ptr_array_index(noted->images, i), error))
      return false;
  return true;
}

/* A SqlWork. */
static bool
write_some(SqlConnection *db, void *data, GError **error)
{
  const GPtrArray *part = data;
  for (guint i = 0; i < part->len; i++)
    if (!write_object(db, g_ptr_array_index(part, i), error))
      return false;
  return true;
}

/* (transfer full): at most WRITTEN_AT_ONCE NotedObject, which are noted no more. */
static GPtrArray *
take_part(RunningNotes *notes)
{
  GHashTableIter iter;
  void *key, *value;
  GPtrArray *part = g_ptr_array_new_with_free_func(noted_free);
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&notes->lock);
  g_hash_table_iter_init(&iter, notes->fresh);
  while (part->len < WRITTEN_AT_ONCE && g_hash_table_iter_next(&iter, &key, &value)) {
    g_ptr_array_add(part, value);
    g_hash_table_iter_steal(&iter);
    g_free(key);
  }
  return part;
}

/* What could not be written is noted again, unless the object was noted anew meanwhile. */
static void
give_back(RunningNotes *notes, GPtrArray *part)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&notes->lock);
  while (part->len > 0) {
    NotedObject *noted = g_ptr_array_steal_index_fast(part, part->len - 1);
    char *key = g_strjoin("\n", noted->cluster, noted->namespace, noted->kind, noted->name, NULL);
    if (!g_hash_table_contains(notes->fresh, key)) {
      g_hash_table_insert(notes->fresh, key, noted);
      continue;
    }
    g_free(key);
    noted_free(noted);
  }
}

bool
registry_write_running(Registry *registry, GError **error)
{
  RunningNotes *notes = registry->running;
  g_autoptr(GMutexLocker) writer = g_mutex_locker_new(&notes->one_writer);
  for (;;) {
    g_autoptr(GPtrArray) part = take_part(notes);
    if (part->len == 0)
      return true;
    if (!sql_transact_later(registry->sql, write_some, part, error)) {
      give_back(notes, part);
      return false;
    }
  }
}

bool
registry_cut_running(Registry *registry, GError **error)
{
  int64_t kept = (int64_t)RUNNING_ENDED_DAYS * 24 * 3600 * G_USEC_PER_SEC;
  return sql_write(registry->sql, NULL, error,
                   "DELETE FROM running_images WHERE ended <> 0 AND ended < $1",
                   SQL_INTEGER(g_get_real_time() - kept), SQL_END);
}
