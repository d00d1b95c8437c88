/* The registry itself and its blobs; see the header. uploads.c, manifests.c and lists.c hold the
 * rest. */
#include "registry/registry.h"

#include "base/error.h"
#include "oci/reference.h"
#include "registry/registry-private.h"

G_DEFINE_QUARK(registry - error - quark, registry_error)

bool
registry_error_set(GError **error, RegistryErrorCode code, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  if (error != NULL)
    *error = g_error_new_valist(REGISTRY_ERROR, (int)code, format, args);
  va_end(args);
  return false;
}

Registry *
registry_new(BlobStore *blobs, SqlPool *sql, const ConfigLimits *limits)
{
  Registry *registry = g_new0(Registry, 1);
  registry->blobs = blobs;
  registry->sql = sql;
  registry->limits = *limits;
  registry->generation = 1;
  registry->uploads = g_hash_table_new(g_str_hash, g_str_equal);
  g_rw_lock_init(&registry->blob_files);
  g_mutex_init(&registry->uploads_lock);
  return registry;
}

uint64_t
registry_generation(const Registry *registry)
{
  return __atomic_load_n(&registry->generation, __ATOMIC_ACQUIRE);
}

void
registry_changed(Registry *registry)
{
  __atomic_add_fetch(&registry->generation, 1, __ATOMIC_ACQ_REL);
}

bool
registry_check_name(const char *repository, GError **error)
{
  return repository_name_is_valid(repository) ||
         registry_error_set(error, REGISTRY_NAME_INVALID,
                            "repository \"%.300s\": names are lower-case letters, digits and . _ - "
                            "between them, in parts separated by /, at most %d bytes",
                            repository, REPOSITORY_NAME_MAX);
}

bool
registry_row_exists(SqlRows *rows, GError **error)
{
  return rows != NULL && sql_rows_next(rows, error);
}

bool
registry_check_known(SqlConnection *db, const char *repository, GError **error)
{
  g_autoptr(GError) failure = NULL;
  g_autoptr(SqlRows) rows = sql_query(db, &failure, "SELECT 1 FROM repositories WHERE name = $1",
                                      SQL_TEXT(repository), SQL_END);
  if (registry_row_exists(rows, &failure))
    return true;
  if (failure == NULL)
    return registry_error_set(error, REGISTRY_NAME_UNKNOWN,
                              "repository %s: nothing was ever pushed to it", repository);
  g_propagate_error(error, g_steal_pointer(&failure));
  return false;
}

bool
registry_add_repository(SqlConnection *db, const char *repository, GError **error)
{
  return sql_run(db, NULL, error,
                 "INSERT INTO repositories (name, created) VALUES ($1, $2) "
                 "ON CONFLICT (name) DO NOTHING",
                 SQL_TEXT(repository), SQL_INTEGER(g_get_real_time()), SQL_END);
}

bool
registry_link_blob(SqlConnection *db, const char *repository, const Digest *digest, GError **error)
{
  return registry_add_repository(db, repository, error) &&
         sql_run(db, NULL, error,
                 "INSERT INTO repository_blobs (repository, digest) VALUES ($1, $2) "
                 "ON CONFLICT (repository, digest) DO NOTHING",
                 SQL_TEXT(repository), SQL_TEXT(digest->text), SQL_END);
}

static bool
blob_unknown(GError **error, const char *repository, const Digest *digest)
{
  return registry_error_set(error, REGISTRY_BLOB_UNKNOWN,
                            "blob %s is not in repository %s; push it there, or mount it from one "
                            "that has it",
                            digest->text, repository);
}

bool
registry_blob_stat(Registry *registry, const char *repository, const Digest *digest, uint64_t *size,
                   GError **error)
{
  if (!registry_check_name(repository, error))
    return false;
  g_autoptr(GError) failure = NULL;
  g_autoptr(SqlConnection) db = sql_acquire(registry->sql, SQL_READ, error);
  if (db == NULL)
    return false;
  g_autoptr(SqlRows) rows =
      sql_query(db, &failure,
                "SELECT blobs.size FROM repository_blobs "
                "JOIN blobs ON blobs.digest = repository_blobs.digest "
                "WHERE repository_blobs.repository = $1 AND repository_blobs.digest = $2",
                SQL_TEXT(repository), SQL_TEXT(digest->text), SQL_END);
  if (registry_row_exists(rows, &failure)) {
    *size = (uint64_t)sql_rows_integer(rows, 0);
    return true;
  }
  if (failure == NULL)
    return blob_unknown(error, repository, digest);
  g_propagate_error(error, g_steal_pointer(&failure));
  return false;
}

int
registry_blob_open(Registry *registry, const char *repository, const Digest *digest, uint64_t *size,
                   GError **error)
{
  if (!registry_blob_stat(registry, repository, digest, size, error))
    return -1;
  g_autoptr(GError) failure = NULL;
  int fd = blob_store_open_blob(registry->blobs, digest, size, &failure);
  if (fd >= 0)
    return fd;
  /* Deleted since we looked; or lost, which the message of the store tells. */
  if (g_error_matches(failure, ASSAY_ERROR, ASSAY_ERROR_NOT_FOUND))
    blob_unknown(error, repository, digest);
  else
    g_propagate_error(error, g_steal_pointer(&failure));
  return -1;
}

static bool
blob_is_linked(SqlConnection *db, const char *from, const Digest *digest, GError **error)
{
  g_autoptr(SqlRows) rows =
      from != NULL
          ? sql_query(db, error,
                      "SELECT 1 FROM repository_blobs WHERE repository = $1 AND digest = $2",
                      SQL_TEXT(from), SQL_TEXT(digest->text), SQL_END)
          : sql_query(db, error, "SELECT 1 FROM repository_blobs WHERE digest = $1 LIMIT 1",
                      SQL_TEXT(digest->text), SQL_END);
  return registry_row_exists(rows, error);
}

bool
registry_blob_mount(Registry *registry, const char *repository, const char *from,
                    const Digest *digest, GError **error)
{
  if (!registry_check_name(repository, error))
    return false;
  g_autoptr(SqlConnection) db = sql_acquire(registry->sql, SQL_WRITE, error);
  if (db == NULL)
    return false;
  if (!blob_is_linked(db, from, digest, error) ||
      !registry_link_blob(db, repository, digest, error) || !sql_commit(db, error))
    return false;
  registry_changed(registry);
  return true;
}

/* Removes the link, and the blob's row when it was the last; *last tells. */
static bool
unlink_blob(Registry *registry, const char *repository, const Digest *digest, bool *last,
            GError **error)
{
  g_autoptr(GError) failure = NULL;
  g_autoptr(SqlConnection) db = sql_acquire(registry->sql, SQL_WRITE, error);
  if (db == NULL)
    return false;
  int64_t changed = 0;
  if (!sql_run(db, &changed, error,
               "DELETE FROM repository_blobs WHERE repository = $1 AND digest = $2",
               SQL_TEXT(repository), SQL_TEXT(digest->text), SQL_END))
    return false;
  if (changed == 0)
    return blob_unknown(error, repository, digest);
  *last = !blob_is_linked(db, NULL, digest, &failure);
  if (failure != NULL) {
    g_propagate_error(error, g_steal_pointer(&failure));
    return false;
  }
  if (*last && !sql_run(db, NULL, error, "DELETE FROM blobs WHERE digest = $1",
                        SQL_TEXT(digest->text), SQL_END))
    return false;
  return sql_commit(db, error);
}

bool
registry_blob_delete(Registry *registry, const char *repository, const Digest *digest,
                     GError **error)
{
  if (!registry_check_name(repository, error))
    return false;
  bool last = false;
  g_rw_lock_writer_lock(&registry->blob_files);
  bool deleted = unlink_blob(registry, repository, digest, &last, error) &&
                 (!last || blob_store_delete(registry->blobs, digest, error));
  g_rw_lock_writer_unlock(&registry->blob_files);
  if (deleted)
    registry_changed(registry);
  return deleted;
}
