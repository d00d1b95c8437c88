/* Small blobs, which the database keeps until their files are on the disk; see the header. */
#include "registry/small_blobs.h"

#include "base/error.h"
#include "base/log.h"
#include "registry/registry-private.h"
#include "registry/small_blobs-private.h"

#define SETTLED_AT_ONCE 500

typedef struct {
  Digest digest;
  int64_t mark; /* of the row; another one when the blob was pushed again since */
} Kept;

bool
small_blob_keep(SqlConnection *db, const Digest *digest, GBytes *bytes, GError **error)
{
  int64_t mark = (int64_t)g_random_int() << 31 ^ g_random_int();
  return sql_run(db, NULL, error,
                 "INSERT INTO small_blobs (digest, bytes, mark) VALUES ($1, $2, $3) "
                 "ON CONFLICT (digest) DO UPDATE SET bytes = excluded.bytes, mark = excluded.mark",
                 SQL_TEXT(digest->text), SQL_BYTES(slice_from_bytes(bytes)), SQL_INTEGER(mark),
                 SQL_END);
}

/* After the digest @after, in their order. (transfer full): Kept */
static GArray *
read_kept(SqlPool *sql, const char *after, GError **error)
{
  Found found;
  g_autoptr(SqlConnection) db = sql_acquire(sql, error);
  if (db == NULL)
    return NULL;
  g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(Kept));
  g_autoptr(SqlRows) rows = sql_query(
      db, error, "SELECT digest, mark FROM small_blobs WHERE digest > $1 ORDER BY digest LIMIT $2",
      SQL_TEXT(after), SQL_INTEGER(SETTLED_AT_ONCE), SQL_END);
  while ((found = sql_next(rows, error)) == FOUND) {
    Kept kept = {.mark = sql_rows_integer(rows, 1)};
    if (!digest_parse(sql_rows_text(rows, 0), &kept.digest, error))
      return NULL;
    g_array_append_val(all, kept);
  }
  return found == FAILED ? NULL : g_steal_pointer(&all);
}

/* NULL without *error: there are none. (transfer full) */
static GBytes *
read_bytes(SqlPool *sql, const Digest *digest, GError **error)
{
  g_autoptr(SqlConnection) db = sql_acquire(sql, error);
  g_autoptr(SqlRows) rows = NULL;
  if (db == NULL || sql_first(db, &rows, error, "SELECT bytes FROM small_blobs WHERE digest = $1",
                              SQL_TEXT(digest->text), SQL_END) != FOUND)
    return NULL;
  Slice bytes = sql_rows_bytes(rows, 0);
  return g_bytes_new(bytes.data, bytes.size);
}

static bool
file_is_whole(Registry *registry, const Digest *digest, GBytes *bytes)
{
  g_autoptr(GBytes) found = blob_store_read(registry->blobs, digest, SMALL_BLOB_MAX, NULL);
  return found != NULL && g_bytes_equal(found, bytes);
}

/* Where nothing can be written, the file stays as it is, and is not read. */
static bool
put(Registry *registry, const Digest *digest, GBytes *bytes, GError **error)
{
  if (!sql_pool_is_read_only(registry->sql))
    return blob_store_put(registry->blobs, digest, slice_from_bytes(bytes), error);
  blob_store_lend(registry->blobs, digest, bytes);
  return true;
}

/* @anew: the disk has not taken what the file seems to have. One that nobody knows any more may be
 * gone. *written is false where the disk did not take it; what cannot be told is an error. */
static bool
restore(Registry *registry, const Digest *digest, bool anew, bool *written, GError **error)
{
  g_autoptr(GError) failure = NULL;
  *written = true;
  g_autoptr(GBytes) bytes = read_bytes(registry->sql, digest, &failure);
  if (failure != NULL) {
    g_propagate_error(error, g_steal_pointer(&failure));
    return false;
  }
  if (bytes == NULL)
    return true;
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(registry_blob_lock(registry, digest));
  Found known = registry_blob_is_known(registry, digest, error);
  if (known != FOUND || (!anew && file_is_whole(registry, digest, bytes)))
    return known != FAILED;
  *written = put(registry, digest, bytes, &failure);
  if (!*written)
    log_warning("a blob cannot be written anew", "digest", digest->text, "error", failure->message,
                NULL);
  return true;
}

/* A file that is wrong and cannot be mended now is better missing: its bytes stay in the database,
 * and settling tries again. */
static bool
restore_at_start(Registry *registry, const Digest *digest, GError **error)
{
  bool written;
  return restore(registry, digest, false, &written, error) &&
         (written || blob_store_delete(registry->blobs, digest, error));
}

bool
registry_restore_blobs(Registry *registry, GError **error)
{
  char after[sizeof(Digest)] = "";
  for (;;) {
    g_autoptr(GArray) all = read_kept(registry->sql, after, error);
    if (all == NULL || all->len == 0)
      return all != NULL;
    registry->blobs_unsure = true;
    for (guint i = 0; i < all->len; i++)
      if (!restore_at_start(registry, &g_array_index(all, Kept, i).digest, error))
        return false;
    g_strlcpy(after, g_array_index(all, Kept, all->len - 1).digest.text, sizeof after);
  }
}

/* A SqlWork. */
static bool
forget_kept(SqlConnection *db, void *data, GError **error)
{
  const GArray *all = data;
  for (guint i = 0; i < all->len; i++) {
    const Kept *kept = &g_array_index(all, Kept, i);
    if (!sql_run(db, NULL, error, "DELETE FROM small_blobs WHERE digest = $1 AND mark = $2",
                 SQL_TEXT(kept->digest.text), SQL_INTEGER(kept->mark), SQL_END))
      return false;
  }
  return true;
}

/* Whether the bytes of the file are on the disk, or it was made anew. */
static bool
write_back(Registry *registry, const Digest *digest, bool *written, GError **error)
{
  *written = !registry->blobs_unsure && blob_store_write_back(registry->blobs, digest);
  return *written || restore(registry, digest, true, written, error);
}

/* The bytes of each, then the names of all. Those that the disk did not take leave @all. */
static bool
bring_to_disk(Registry *registry, GArray *all, GError **error)
{
  for (guint i = all->len; i > 0; i--) {
    bool written;
    if (!write_back(registry, &g_array_index(all, Kept, i - 1).digest, &written, error))
      return false;
    if (!written)
      g_array_remove_index(all, i - 1);
  }
  if (blob_store_sync(registry->blobs, error))
    return true;
  /* The kernel tells once: a second sync would succeed over what the first has lost. */
  registry->blobs_unsure = true;
  return false;
}

bool
registry_settle_blobs(Registry *registry, GError **error)
{
  char after[sizeof(Digest)] = "";
  guint left = 0;
  if (sql_pool_is_read_only(registry->sql))
    return true;
  for (;;) {
    g_autoptr(GArray) all = read_kept(registry->sql, after, error);
    if (all == NULL)
      return false;
    if (all->len == 0)
      break;
    guint count = all->len;
    g_strlcpy(after, g_array_index(all, Kept, count - 1).digest.text, sizeof after);
    /* Later: those that a power cut brings back are looked at once more. */
    if (!bring_to_disk(registry, all, error) ||
        !sql_transact_later(registry->sql, forget_kept, all, error))
      return false;
    left += count - all->len;
  }
  registry->blobs_unsure = left > 0;
  return left == 0 || error_set(error, ASSAY_ERROR_IO,
                                "%u small blobs are not on the disk, which does not take them; "
                                "the database keeps them",
                                left);
}
