/* Pins; see the header. */
#include "registry/pins-private.h"

#include "registry/registry-private.h"

/* A pin is written once an hour at most, so that asking for a blob again and again costs no write;
 * and often enough for a short grace. */
#define RENEWED_AFTER ((int64_t)3600 * G_USEC_PER_SEC)

bool
pins_touch(SqlConnection *db, const char *repository, const Digest *digest, GError **error)
{
  return sql_run(db, NULL, error,
                 "UPDATE repository_blobs SET pinned = $3 WHERE repository = $1 AND digest = $2",
                 SQL_TEXT(repository), SQL_TEXT(digest->text), SQL_INTEGER(g_get_real_time()),
                 SQL_END);
}

bool
pins_touch_all(SqlConnection *db, const char *repository, const Digest *manifest, GError **error)
{
  return sql_run(db, NULL, error,
                 "UPDATE repository_blobs SET pinned = $3 WHERE repository = $1 AND digest IN "
                 "(SELECT digest FROM manifest_references WHERE repository = $1 AND manifest = $2)",
                 SQL_TEXT(repository), SQL_TEXT(manifest->text), SQL_INTEGER(g_get_real_time()),
                 SQL_END);
}

Found
pins_lock_blob(SqlConnection *db, const Digest *digest, GError **error)
{
  g_autoptr(SqlRows) rows = NULL;
  return sql_first(db, &rows, error, "SELECT 1 FROM blobs WHERE digest = $1 " SQL_LOCK,
                   SQL_TEXT(digest->text), SQL_END);
}

/* --- what clients are told --- */

/* A manifest that needs it keeps it, and pins it when it goes. */
Found
registry_blob_is_promised(Registry *registry, const char *repository, const Digest *digest,
                          GError **error)
{
  int64_t half = (int64_t)registry->settings.gc.grace * G_USEC_PER_SEC / 2;
  g_autoptr(SqlConnection) db = sql_acquire(registry->sql, error);
  if (db == NULL)
    return FAILED;
  g_autoptr(SqlRows) rows = NULL;
  return sql_first(db, &rows, error,
                   "SELECT 1 FROM repository_blobs WHERE repository = $1 AND digest = $2 "
                   "AND (pinned > $3 OR EXISTS (SELECT 1 FROM manifest_references "
                   "WHERE manifest_references.repository = $1 "
                   "AND manifest_references.digest = $2))",
                   SQL_TEXT(repository), SQL_TEXT(digest->text),
                   SQL_INTEGER(g_get_real_time() - MIN(half, RENEWED_AFTER)), SQL_END);
}

typedef struct {
  const char *repository;
  const Digest *digest;
} Promise;

static bool
promise(SqlConnection *db, void *data, GError **error)
{
  const Promise *promise = data;
  int64_t changed = 0;
  if (!sql_run(db, &changed, error,
               "UPDATE repository_blobs SET pinned = $3 WHERE repository = $1 AND digest = $2",
               SQL_TEXT(promise->repository), SQL_TEXT(promise->digest->text),
               SQL_INTEGER(g_get_real_time()), SQL_END))
    return false;
  return changed > 0 || registry_blob_unknown(error, promise->repository, promise->digest);
}

bool
registry_blob_promise(Registry *registry, const char *repository, const Digest *digest,
                      GError **error)
{
  Promise work = {repository, digest};
  return sql_transact(registry->sql, promise, &work, error);
}
