/* Collection of blobs. Candidates are read without a lock, some thousands at a time; then
 * they are looked at again and taken away in batches, a transaction each, and after its commit the
 * batch's files are removed. The rows of the trash go with the batch that follows. */
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "registry/collect-private.h"
#include "registry/pins-private.h"
#include "registry/registry-private.h"

#define CANDIDATES_AT_ONCE 20000u
/* Links a transaction, as long as nobody waits for its end; where somebody does, it ends after the
 * least of them. And on a full disk, where each page that it changes takes room. */
#define BATCH       1024u
#define BATCH_LEAST 64u
#define FULL_BATCH  8u
/* Where others are writing, they get so many times the time that a batch takes. */
#define OTHERS_SHARE  2
#define REST_MOST     (G_USEC_PER_SEC / 2)
#define TRASH_AT_ONCE 256
/* Of files that cannot be removed, in the log. */
#define FAILURES_LOGGED 5u

/* '*': a manifest that cannot be read may need anything (references.c). */
#define DEAD_LINK                                                                                  \
  "repository_blobs.pinned <= $1 AND NOT EXISTS (SELECT 1 FROM manifest_references WHERE "         \
  "manifest_references.repository = repository_blobs.repository AND "                              \
  "manifest_references.digest IN (repository_blobs.digest, '*'))"

/* --- the trash --- */

bool
collect_trash_unlinked(SqlConnection *db, const Digest *digest, Trashed *trashed, GError **error)
{
  int64_t changed = 0;
  *trashed = (Trashed){.is = false};
  g_autoptr(SqlRows) rows = NULL;
  Found found =
      sql_first(db, &rows, error, "SELECT size, generation FROM blobs WHERE digest = $1 " SQL_LOCK,
                SQL_TEXT(digest->text), SQL_END);
  if (found != FOUND)
    return found == ABSENT;
  Trashed blob = {true, *digest, sql_rows_integer(rows, 1), sql_rows_integer(rows, 0)};
  g_clear_pointer(&rows, sql_rows_free);
  if (!sql_run(db, &changed, error,
               "DELETE FROM blobs WHERE digest = $1 AND NOT EXISTS "
               "(SELECT 1 FROM repository_blobs WHERE repository_blobs.digest = $1)",
               SQL_TEXT(digest->text), SQL_END))
    return false;
  *trashed = blob;
  trashed->is = changed > 0;
  return changed == 0 ||
         sql_run(db, NULL, error,
                 "INSERT INTO blob_trash (digest, generation, size) VALUES ($1, $2, $3) "
                 "ON CONFLICT (digest, generation) DO NOTHING",
                 SQL_TEXT(digest->text), SQL_INTEGER(blob.generation), SQL_INTEGER(blob.size),
                 SQL_END);
}

Found
collect_remove(Registry *registry, const Trashed *trashed, GError **error)
{
  g_autoptr(GMutexLocker) locker =
      g_mutex_locker_new(registry_blob_lock(registry, &trashed->digest));
  Found known = registry_blob_is_known(registry, &trashed->digest, error);
  if (known != ABSENT)
    return known == FOUND ? ABSENT : FAILED;
  return blob_store_delete(registry->blobs, &trashed->digest, error) ? FOUND : FAILED;
}

/* Removes the files of @trashed; those that are done with go to @removed. One that cannot be
 * removed keeps nobody else's from going. */
static void
remove_files(Registry *registry, const GArray *trashed, GArray *removed, Collected *collected)
{
  for (guint i = 0; i < trashed->len; i++) {
    g_autoptr(GError) failure = NULL;
    const Trashed *blob = &g_array_index(trashed, Trashed, i);
    Found gone = collect_remove(registry, blob, &failure);
    if (gone == FAILED) {
      if (collected->failed++ < FAILURES_LOGGED)
        log_warning("the file of a blob that nobody needs cannot be removed; the next collection "
                    "tries again",
                    "digest", blob->digest.text, "error", failure->message, NULL);
      continue;
    }
    collected->blobs += gone == FOUND;
    collected->bytes += gone == FOUND ? (uint64_t)blob->size : 0;
    g_array_append_val(removed, *blob);
  }
}

static bool
forget_one(SqlConnection *db, const GArray *removed, guint number, GError **error)
{
  const Trashed *blob = &g_array_index(removed, Trashed, number);
  return sql_run(db, NULL, error, "DELETE FROM blob_trash WHERE digest = $1 AND generation = $2",
                 SQL_TEXT(blob->digest.text), SQL_INTEGER(blob->generation), SQL_END);
}

static bool
forget_removed(SqlConnection *db, void *data, GError **error)
{
  const GArray *removed = data;
  for (guint i = 0; i < removed->len; i++)
    if (!forget_one(db, removed, i, error))
      return false;
  return true;
}

/* On a full disk with the room that is kept for it; without any the rows stay, and do no harm:
 * ABSENT. */
static Found
forget(Registry *registry, GArray *removed, GError **error)
{
  g_autoptr(GError) failure = NULL;
  if (sql_transact(registry->sql, forget_removed, removed, &failure) ||
      (registry_make_room(registry, failure) &&
       sql_transact(registry->sql, forget_removed, removed, NULL)))
    return FOUND;
  if (g_error_matches(failure, ASSAY_ERROR, ASSAY_ERROR_FULL))
    return ABSENT;
  g_propagate_error(error, g_steal_pointer(&failure));
  return FAILED;
}

/* Some of it, after the first @passed. */
static GArray *
trash_after(SqlPool *sql, uint64_t passed, GError **error)
{
  Found found;
  g_autoptr(SqlConnection) db = sql_acquire(sql, error);
  if (db == NULL)
    return NULL;
  g_autoptr(GArray) trash = g_array_new(FALSE, TRUE, sizeof(Trashed));
  g_autoptr(SqlRows) rows =
      sql_query(db, error, "SELECT digest, generation, size FROM blob_trash LIMIT $1 OFFSET $2",
                SQL_INTEGER(TRASH_AT_ONCE), SQL_INTEGER((int64_t)passed), SQL_END);
  while ((found = sql_next(rows, error)) == FOUND) {
    Trashed blob = {
        .is = true, .generation = sql_rows_integer(rows, 1), .size = sql_rows_integer(rows, 2)};
    if (!digest_parse(sql_rows_text(rows, 0), &blob.digest, error))
      return NULL;
    g_array_append_val(trash, blob);
  }
  return found == FAILED ? NULL : g_steal_pointer(&trash);
}

bool
registry_empty_trash(Registry *registry, Collected *collected, GError **error)
{
  uint64_t passed = 0;
  for (;;) {
    g_autoptr(GArray) removed = g_array_new(FALSE, TRUE, sizeof(Trashed));
    g_autoptr(GArray) trash = trash_after(registry->sql, passed, error);
    if (trash == NULL || trash->len == 0)
      return trash != NULL;
    remove_files(registry, trash, removed, collected);
    Found forgot = forget(registry, removed, error);
    if (forgot == FAILED)
      return false;
    passed += trash->len - (forgot == FOUND ? removed->len : 0);
  }
}

/* --- candidates --- */

typedef struct {
  const char *repository; /* NULL: a blob that no repository has */
  Digest digest;
} Candidate;

typedef struct {
  Registry *registry;
  int64_t before; /* what was pinned until then may go */
  const CollectWatch *watch;
  Collected *collected;
  uint64_t done, total;
  GStringChunk *names;
  GArray *candidates; /* Candidate */
  GArray *trashed;    /* Trashed, of the last batch */
  GArray *removed;    /* Trashed, whose rows in the trash go with those that follow */
  guint first, count; /* the batch, in `candidates` */
  guint size;         /* of a batch at most */
  int64_t begun;      /* when its transaction came to its turn */
  const char *locked; /* the repository that it is at, of which so many bytes are to be counted */
  int64_t freed;
} Run;

static bool
take_candidates(Run *run, SqlRows *rows, bool linked, GError **error)
{
  Found found;
  while ((found = sql_next(rows, error)) == FOUND) {
    Candidate candidate = {NULL, {{0}}};
    if (linked)
      candidate.repository = g_string_chunk_insert_const(run->names, sql_rows_text(rows, 1));
    g_strlcpy(candidate.digest.text, sql_rows_text(rows, 0), sizeof candidate.digest.text);
    g_array_append_val(run->candidates, candidate);
  }
  return found != FAILED;
}

static int
compare_candidates(const void *a, const void *b)
{
  const Candidate *one = a, *other = b;
  int order = g_strcmp0(one->repository, other->repository);
  return order != 0 ? order : strcmp(one->digest.text, other->digest.text);
}

/* In one order, so that transactions do not wait for each other in a circle. */
static bool
load_candidates(Run *run, bool linked, GError **error)
{
  g_array_set_size(run->candidates, 0);
  g_string_chunk_clear(run->names);
  g_autoptr(SqlConnection) db = sql_acquire(run->registry->sql, error);
  if (db == NULL)
    return false;
  g_autoptr(SqlRows) rows =
      linked ? sql_query(db, error,
                         "SELECT digest, repository FROM repository_blobs WHERE " DEAD_LINK
                         " LIMIT $2",
                         SQL_INTEGER(run->before), SQL_INTEGER(CANDIDATES_AT_ONCE), SQL_END)
             : sql_query(db, error,
                         "SELECT digest FROM blobs WHERE NOT EXISTS (SELECT 1 FROM "
                         "repository_blobs WHERE repository_blobs.digest = blobs.digest) LIMIT $1",
                         SQL_INTEGER(CANDIDATES_AT_ONCE), SQL_END);
  if (!take_candidates(run, rows, linked, error))
    return false;
  g_array_sort(run->candidates, compare_candidates);
  return true;
}

/* --- a batch --- */

#ifdef ASSAY_FAULT_INJECTION
/* With this in the environment, nothing is looked at again in the transaction, and pushes get some
 * time before it: what the test of races finds then shows that it would find the like. */
#define UNCHECKED_VARIABLE "ASSAY_COLLECT_UNCHECKED"
#define UNCHECKED_WAIT     ((gulong)20000)

static bool
unlink_unchecked(SqlConnection *db, const Candidate *candidate, GError **error)
{
  return sql_run(db, NULL, error,
                 "DELETE FROM repository_blobs WHERE repository = $1 AND digest = $2",
                 SQL_TEXT(candidate->repository), SQL_TEXT(candidate->digest.text), SQL_END);
}
#endif

/* Looks again, for since then a manifest may have come that needs it, or a pin. */
static bool
unlink_dead(SqlConnection *db, const Run *run, const Candidate *candidate, bool *unlinked,
            GError **error)
{
  int64_t changed = 0;
#ifdef ASSAY_FAULT_INJECTION
  if (g_getenv(UNCHECKED_VARIABLE) != NULL)
    return unlink_unchecked(db, candidate, error);
#endif
  bool ran = sql_run(
      db, &changed, error,
      "DELETE FROM repository_blobs WHERE repository = $1 AND digest = $2 "
      "AND pinned <= $3 AND NOT EXISTS (SELECT 1 FROM manifest_references "
      "WHERE manifest_references.repository = $1 AND manifest_references.digest IN ($2, '*'))",
      SQL_TEXT(candidate->repository), SQL_TEXT(candidate->digest.text), SQL_INTEGER(run->before),
      SQL_END);
  *unlinked = changed > 0;
  return ran;
}

/* A blob that is gone everywhere is also gone in the namespace. */
static bool
count_freed(SqlConnection *db, Run *run, const Trashed *blob, GError **error)
{
  Found elsewhere = blob->is ? ABSENT : quota_has_elsewhere(db, run->locked, &blob->digest, error);
  run->freed += elsewhere == ABSENT ? blob->size : 0;
  return elsewhere != FAILED;
}

/* Of the repository before, and locks the next: its quota is counted once. */
static bool
go_to_repository(SqlConnection *db, Run *run, const char *repository, GError **error)
{
  if (repository == run->locked)
    return true;
  if (run->locked != NULL && !quota_freed(db, run->locked, run->freed, error))
    return false;
  run->locked = repository;
  run->freed = 0;
  return repository == NULL ||
         (registry_lock_repository(db, repository, error) && quota_lock(db, repository, error));
}

static bool
take_away(SqlConnection *db, Run *run, const Candidate *candidate, GError **error)
{
  Trashed blob = {.is = false};
  bool unlinked = true;
  if (!go_to_repository(db, run, candidate->repository, error) ||
      (candidate->repository != NULL && !unlink_dead(db, run, candidate, &unlinked, error)) ||
      (unlinked && !collect_trash_unlinked(db, &candidate->digest, &blob, error)) ||
      (unlinked && candidate->repository != NULL && !count_freed(db, run, &blob, error)))
    return false;
  if (blob.is)
    g_array_append_val(run->trashed, blob);
  return true;
}

/* `count` is as many as it came to. */
static bool
collect_batch(SqlConnection *db, void *data, GError **error)
{
  Run *run = data;
  run->begun = g_get_monotonic_time();
  run->locked = NULL;
  g_array_set_size(run->trashed, 0);
  for (guint i = 0; i < run->count; i++) {
    if (i >= BATCH_LEAST && sql_others_wait(db)) {
      run->count = i;
      break;
    }
    if ((i < run->removed->len && !forget_one(db, run->removed, i, error)) ||
        !take_away(db, run, &g_array_index(run->candidates, Candidate, run->first + i), error))
      return false;
  }
  return go_to_repository(db, run, NULL, error);
}

/* Where the disk is full, first with the room that is kept for it, and then in small batches. */
static bool
transact(Run *run, GError **error)
{
  for (;;) {
    g_autoptr(GError) failure = NULL;
    run->count = MIN(run->size, run->candidates->len - run->first);
    if (sql_transact(run->registry->sql, collect_batch, run, &failure))
      return true;
    bool room = registry_make_room(run->registry, failure);
    if (!g_error_matches(failure, ASSAY_ERROR, ASSAY_ERROR_FULL) ||
        (!room && run->size <= FULL_BATCH)) {
      g_propagate_error(error, g_steal_pointer(&failure));
      return false;
    }
    run->size = FULL_BATCH;
  }
}

static bool
run_batch(Run *run, GError **error)
{
#ifdef ASSAY_FAULT_INJECTION
  if (g_getenv(UNCHECKED_VARIABLE) != NULL)
    g_usleep(UNCHECKED_WAIT);
#endif
  uint64_t before = sql_transactions_begun(run->registry->sql);
  if (!transact(run, error))
    return false;
  g_array_remove_range(run->removed, 0, MIN(run->count, run->removed->len));
  run->first += run->count;
  run->done += run->count;
  run->size = MIN(run->size * 2, BATCH);
  remove_files(run->registry, run->trashed, run->removed, run->collected);
  int64_t took = g_get_monotonic_time() - run->begun;
  if (sql_transactions_begun(run->registry->sql) - before > 1)
    g_usleep((gulong)MIN(took * OTHERS_SHARE, REST_MOST));
  return true;
}

/* *more: there may be others. */
static bool
run_candidates(Run *run, bool linked, bool *more, GError **error)
{
  if (!load_candidates(run, linked, error))
    return false;
  *more = run->candidates->len == CANDIDATES_AT_ONCE;
  for (run->first = 0; run->first < run->candidates->len;)
    if (!run->watch->step(run->collected, run->done, MAX(run->total, run->done),
                          run->watch->data) ||
        !run_batch(run, error))
      return false;
  return true;
}

static bool
run_all(Run *run, GError **error)
{
  bool more = true;
  while (more)
    if (!run_candidates(run, true, &more, error))
      return false;
  for (more = true; more;)
    if (!run_candidates(run, false, &more, error))
      return false;
  return true;
}

/* --- a run --- */

static bool
count_candidates(Run *run, GError **error)
{
  int64_t count = 0;
  g_autoptr(SqlConnection) db = sql_acquire(run->registry->sql, error);
  if (db == NULL)
    return false;
  g_autoptr(SqlRows) rows =
      sql_query(db, error, "SELECT count(*) FROM repository_blobs WHERE " DEAD_LINK,
                SQL_INTEGER(run->before), SQL_END);
  if (!sql_number(rows, &count, error))
    return false;
  run->total = (uint64_t)count;
  return true;
}

/* The trash's rows of the last batch go in any case; what stays does no harm. */
static bool
finish(Run *run, bool whole, GError **error)
{
  return forget(run->registry, run->removed, whole ? error : NULL) != FAILED && whole;
}

bool
collect_blobs(Registry *registry, uint32_t grace, const CollectWatch *watch, Collected *collected,
              GError **error)
{
  g_autoptr(GArray) candidates = g_array_new(FALSE, TRUE, sizeof(Candidate));
  g_autoptr(GArray) trashed = g_array_new(FALSE, TRUE, sizeof(Trashed));
  g_autoptr(GArray) removed = g_array_new(FALSE, TRUE, sizeof(Trashed));
  GStringChunk *names = g_string_chunk_new(4096);
  Run run = {.registry = registry,
             .before = g_get_real_time() - (int64_t)grace * G_USEC_PER_SEC,
             .watch = watch,
             .collected = collected,
             .names = names,
             .candidates = candidates,
             .trashed = trashed,
             .removed = removed,
             .size = BATCH};
  bool whole = count_candidates(&run, error) && run_all(&run, error);
  whole = finish(&run, whole, error);
  g_string_chunk_free(names);
  return whole;
}
