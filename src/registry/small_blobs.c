/* Small blobs, which the database keeps until their files are on the disk; see the header. */
#include "registry/small_blobs.h"

#include "base/error.h"
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

/* @anew: the disk has not taken what the file seems to have. One that nobody knows any more may be
 * gone. */
static bool
restore(Registry *registry, const Digest *digest, bool anew, GError **error)
{
  g_autoptr(GError) failure = NULL;
  g_autoptr(GBytes) bytes = read_bytes(registry->sql, digest, &failure);
  if (bytes == NULL) {
    if (failure != NULL)
      g_propagate_error(error, g_steal_pointer(&failure));
    return failure == NULL;
  }
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(registry_blob_lock(registry, digest));
  Found known = registry_blob_is_known(registry, digest, error);
  if (known != FOUND || (!anew && file_is_whole(registry, digest, bytes)))
    return known != FAILED;
  return blob_store_put(registry->blobs, digest, slice_from_bytes(bytes), error);
}

bool
registry_restore_blobs(Registry *registry, GError **error)
{
  char after[sizeof(Digest)] = "";
  if (sql_pool_is_read_only(registry->sql))
    return true;
  for (;;) {
    g_autoptr(GArray) all = read_kept(registry->sql, after, error);
    if (all == NULL || all->len == 0)
      return all != NULL;
    for (guint i = 0; i < all->len; i++)
      if (!restore(registry, &g_array_index(all, Kept, i).digest, false, error))
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

/* The bytes of each, then the names of all. */
static bool
bring_to_disk(Registry *registry, const GArray *all, GError **error)
{
  for (guint i = 0; i < all->len; i++) {
    const Digest *digest = &g_array_index(all, Kept, i).digest;
    if (!blob_store_write_back(registry->blobs, digest) && !restore(registry, digest, true, error))
      return false;
  }
  return blob_store_sync(registry->blobs, error);
}

bool
registry_settle_blobs(Registry *registry, GError **error)
{
  for (;;) {
    g_autoptr(GArray) all = read_kept(registry->sql, "", error);
    if (all == NULL || all->len == 0)
      return all != NULL;
    /* Later: those that a power cut brings back are looked at once more. */
    if (!bring_to_disk(registry, all, error) ||
        !sql_transact_later(registry->sql, forget_kept, all, error))
      return false;
    if (all->len < SETTLED_AT_ONCE)
      return true;
  }
}
