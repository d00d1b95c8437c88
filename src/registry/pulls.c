/* Counts of pulls; see the header. What is noted is a table by repository, digest, name and hour.
 * A pull that finds its row there allocates nothing. */
#include "registry/pulls-private.h"

#include <string.h>

#include "base/log.h"
#include "base/metrics.h"
#include "jobs/actor.h"
#include "registry/registry-private.h"

#define HOUR_US         ((int64_t)3600 * G_USEC_PER_SEC)
#define WRITTEN_AT_ONCE 500u

METRIC(uncounted, COUNTER("assay_pulls_uncounted_total",
                          "Pulls that were not counted by image and name: too many at once."));

typedef struct {
  char *repository, *who;
  Digest digest;
  int64_t hour;
  /* The rest is no part of the key. */
  int64_t last;
  int64_t pulls;
} Noted;

struct PullNotes {
  GMutex lock; /* guards the rest */
  GHashTable *fresh;
  GHashTable *writing; /* what registry_write_pulls() has taken; NULL: nothing */
  GMutex one_writer;
};

/* --- the table --- */

static guint
noted_hash(const void *key)
{
  const Noted *noted = key;
  return g_str_hash(noted->digest.text) ^ g_str_hash(noted->who) * 31 ^
         g_str_hash(noted->repository) * 17;
}

static gboolean
noted_equal(const void *a, const void *b)
{
  const Noted *one = a, *other = b;
  return one->hour == other->hour && strcmp(one->digest.text, other->digest.text) == 0 &&
         strcmp(one->who, other->who) == 0 && strcmp(one->repository, other->repository) == 0;
}

static void
noted_free(void *data)
{
  Noted *noted = data;
  g_free(noted->repository);
  g_free(noted->who);
  g_free(noted);
}

static GHashTable *
table_new(void)
{
  return g_hash_table_new_full(noted_hash, noted_equal, noted_free, NULL);
}

PullNotes *
pull_notes_new(void)
{
  PullNotes *notes = g_new0(PullNotes, 1);
  g_mutex_init(&notes->lock);
  g_mutex_init(&notes->one_writer);
  notes->fresh = table_new();
  return notes;
}

void
pulls_end(Registry *registry)
{
  g_autoptr(GError) error = NULL;
  PullNotes *notes = registry->pulls;
  if (!sql_pool_is_read_only(registry->sql) && !registry_write_pulls(registry, &error))
    log_warning("the last counts of pulls are lost", "error", error->message, NULL);
  g_hash_table_unref(notes->fresh);
  g_clear_pointer(&notes->writing, g_hash_table_unref);
  g_mutex_clear(&notes->lock);
  g_mutex_clear(&notes->one_writer);
  g_free(notes);
}

/* Under the lock. */
static void
note(GHashTable *table, const Noted *pull)
{
  Noted *noted = g_hash_table_lookup(table, pull);
  if (noted == NULL && g_hash_table_size(table) >= PULLS_NOTED_MOST) {
    metric_add(&uncounted, (uint64_t)pull->pulls);
    return;
  }
  if (noted == NULL) {
    noted = g_memdup2(pull, sizeof *pull);
    noted->repository = g_strdup(pull->repository);
    noted->who = g_strdup(pull->who);
    noted->pulls = 0;
    g_hash_table_add(table, noted);
  }
  noted->pulls += pull->pulls;
  noted->last = MAX(noted->last, pull->last);
}

void
registry_note_pull(Registry *registry, const char *repository, const Digest *digest)
{
  PullNotes *notes = registry->pulls;
  const char *who = actor_get()->name;
  int64_t now = g_get_real_time();
  if (sql_pool_is_read_only(registry->sql))
    return;
  const Noted pull = {.repository = (char *)(uintptr_t)repository,
                      .who = (char *)(uintptr_t)(who != NULL && *who != '\0' ? who : "anonymous"),
                      .digest = *digest,
                      .hour = now - now % HOUR_US,
                      .last = now,
                      .pulls = 1};
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&notes->lock);
  note(notes->fresh, &pull);
}

/* Under the lock. */
static void
add_last(GHashTable *last, GHashTable *table, const char *repository)
{
  GHashTableIter iter;
  void *key;
  if (table == NULL)
    return;
  g_hash_table_iter_init(&iter, table);
  while (g_hash_table_iter_next(&iter, &key, NULL)) {
    const Noted *noted = key;
    if (strcmp(noted->repository, repository) != 0)
      continue;
    const int64_t *before = g_hash_table_lookup(last, noted->digest.text);
    if (before == NULL || *before < noted->last)
      g_hash_table_insert(last, g_strdup(noted->digest.text),
                          g_memdup2(&noted->last, sizeof noted->last));
  }
}

GHashTable *
pulls_noted_of(Registry *registry, const char *repository)
{
  PullNotes *notes = registry->pulls;
  GHashTable *last = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&notes->lock);
  add_last(last, notes->fresh, repository);
  add_last(last, notes->writing, repository);
  return last;
}

/* --- writing --- */

/* Where the image is gone meanwhile, nothing is left to count. */
static bool
write_one(SqlConnection *db, const Noted *noted, GError **error)
{
  int64_t changed = 0;
  return sql_run(db, &changed, error,
                 "INSERT INTO image_use (repository, digest, pulled, pulls, pushed) "
                 "SELECT repository, digest, $3, $4, 0 FROM manifests "
                 "WHERE repository = $1 AND digest = $2 "
                 "ON CONFLICT (repository, digest) DO UPDATE SET "
                 "pulls = image_use.pulls + excluded.pulls, pulled = CASE WHEN "
                 "image_use.pulled > excluded.pulled THEN image_use.pulled "
                 "ELSE excluded.pulled END",
                 SQL_TEXT(noted->repository), SQL_TEXT(noted->digest.text),
                 SQL_INTEGER(noted->last), SQL_INTEGER(noted->pulls), SQL_END) &&
         (changed == 0 ||
          sql_run(db, NULL, error,
                  "INSERT INTO pull_counts (repository, hour, digest, who, pulls) "
                  "VALUES ($1, $2, $3, $4, $5) ON CONFLICT (repository, hour, digest, who) "
                  "DO UPDATE SET pulls = pull_counts.pulls + excluded.pulls",
                  SQL_TEXT(noted->repository), SQL_INTEGER(noted->hour),
                  SQL_TEXT(noted->digest.text), SQL_TEXT(noted->who), SQL_INTEGER(noted->pulls),
                  SQL_END));
}

/* A SqlWork: of a part of the list. */
static bool
write_some(SqlConnection *db, void *data, GError **error)
{
  const GPtrArray *part = data;
  for (guint i = 0; i < part->len; i++)
    if (!write_one(db, g_ptr_array_index(part, i), error))
      return false;
  return true;
}

/* At most WRITTEN_AT_ONCE of what is being written. (transfer container) */
static GPtrArray *
next_part(PullNotes *notes)
{
  GHashTableIter iter;
  void *key;
  GPtrArray *part = g_ptr_array_new();
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&notes->lock);
  if (notes->writing == NULL) {
    notes->writing = notes->fresh;
    notes->fresh = table_new();
  }
  g_hash_table_iter_init(&iter, notes->writing);
  while (part->len < WRITTEN_AT_ONCE && g_hash_table_iter_next(&iter, &key, NULL))
    g_ptr_array_add(part, key);
  return part;
}

/* *done: nothing is left. */
static void
forget_part(PullNotes *notes, GPtrArray *part, bool *done)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&notes->lock);
  for (guint i = 0; i < part->len; i++)
    g_hash_table_remove(notes->writing, g_ptr_array_index(part, i));
  *done = g_hash_table_size(notes->writing) == 0;
  if (*done)
    g_clear_pointer(&notes->writing, g_hash_table_unref);
}

bool
registry_write_pulls(Registry *registry, GError **error)
{
  PullNotes *notes = registry->pulls;
  g_autoptr(GMutexLocker) writer = g_mutex_locker_new(&notes->one_writer);
  for (bool done = false; !done;) {
    g_autoptr(GPtrArray) part = next_part(notes);
    if (part->len > 0 && !sql_transact_later(registry->sql, write_some, part, error))
      return false;
    forget_part(notes, part, &done);
  }
  return true;
}

bool
registry_cut_pulls(Registry *registry, GError **error)
{
  int64_t kept = (int64_t)registry->settings.pull_counts * G_USEC_PER_SEC;
  return sql_write(registry->sql, NULL, error, "DELETE FROM pull_counts WHERE hour < $1",
                   SQL_INTEGER(g_get_real_time() - kept), SQL_END);
}

bool
pulls_note_push(SqlConnection *db, const char *repository, const Digest *digest, GError **error)
{
  return sql_run(db, NULL, error,
                 "INSERT INTO image_use (repository, digest, pulled, pulls, pushed) "
                 "VALUES ($1, $2, 0, 0, $3) ON CONFLICT (repository, digest) DO UPDATE SET "
                 "pushed = excluded.pushed",
                 SQL_TEXT(repository), SQL_TEXT(digest->text), SQL_INTEGER(g_get_real_time()),
                 SQL_END);
}

bool
pulls_forget(SqlConnection *db, const char *repository, const Digest *digest, GError **error)
{
  return sql_run(db, NULL, error, "DELETE FROM image_use WHERE repository = $1 AND digest = $2",
                 SQL_TEXT(repository), SQL_TEXT(digest->text), SQL_END);
}
