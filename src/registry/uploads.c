/* Upload sessions: a row that says whose they are, a file that holds what came, a hash that is kept
 * in memory between requests and made again from the file after a restart. */
#include "base/error.h"
#include "registry/registry-private.h"

struct RegistryUpload {
  Registry *registry;
  char *repository;
  BlobUpload *blob;
  bool taken; /* by a request, under uploads_lock */
  bool ended; /* finished or cancelled: goes when released */
};

static void
upload_free(RegistryUpload *upload)
{
  blob_upload_free(upload->blob);
  g_free(upload->repository);
  g_free(upload);
}

static bool
count_uploads(SqlConnection *db, uint32_t limit, GError **error)
{
  g_autoptr(SqlRows) rows = sql_query(db, error, "SELECT count(*) FROM uploads", SQL_END);
  if (!registry_row_exists(rows, error))
    return false;
  if (sql_rows_integer(rows, 0) >= (int64_t)limit)
    return registry_error_set(error, REGISTRY_TOOMANYREQUESTS,
                              "%u uploads are open, and no more are allowed "
                              "(limits.concurrent_uploads); try again later",
                              limit);
  return true;
}

static bool
add_row(Registry *registry, const char *id, const char *repository, GError **error)
{
  g_autoptr(SqlConnection) db = sql_acquire(registry->sql, SQL_WRITE, error);
  return db != NULL && count_uploads(db, registry->limits.concurrent_uploads, error) &&
         sql_run(db, NULL, error,
                 "INSERT INTO uploads (id, repository, created) VALUES ($1, $2, $3)", SQL_TEXT(id),
                 SQL_TEXT(repository), SQL_INTEGER(g_get_real_time()), SQL_END) &&
         sql_commit(db, error);
}

/* Puts an open session into the table, taken. */
static RegistryUpload *
upload_new(Registry *registry, const char *repository, BlobUpload *blob)
{
  RegistryUpload *upload = g_new0(RegistryUpload, 1);
  upload->registry = registry;
  upload->repository = g_strdup(repository);
  upload->blob = blob;
  upload->taken = true;
  return upload;
}

RegistryUpload *
registry_upload_start(Registry *registry, const char *repository, DigestAlgorithm algorithm,
                      GError **error)
{
  if (!registry_check_name(repository, error))
    return NULL;
  g_autoptr(BlobUpload) blob = blob_upload_new(registry->blobs, algorithm, error);
  if (blob == NULL)
    return NULL;
  if (!add_row(registry, blob_upload_id(blob), repository, error)) {
    blob_upload_cancel(blob, NULL);
    return NULL;
  }
  RegistryUpload *upload = upload_new(registry, repository, g_steal_pointer(&blob));
  g_mutex_lock(&registry->uploads_lock);
  g_hash_table_insert(registry->uploads, g_strdup(registry_upload_id(upload)), upload);
  g_mutex_unlock(&registry->uploads_lock);
  return upload;
}

static bool
upload_unknown(GError **error, const char *repository, const char *id)
{
  return registry_error_set(error, REGISTRY_BLOB_UPLOAD_UNKNOWN,
                            "upload %.40s: not open in repository %s (finished, cancelled or "
                            "expired); start a new one",
                            id, repository);
}

/* After a restart: the row says whose it is, the file is hashed again. Under uploads_lock, so that
 * two requests cannot both take it up. */
static RegistryUpload *
upload_resume(Registry *registry, const char *repository, const char *id, GError **error)
{
  g_autoptr(GError) failure = NULL;
  g_autoptr(SqlConnection) db = sql_acquire(registry->sql, SQL_READ, error);
  if (db == NULL)
    return NULL;
  g_autoptr(SqlRows) rows =
      sql_query(db, &failure, "SELECT 1 FROM uploads WHERE id = $1 AND repository = $2",
                SQL_TEXT(id), SQL_TEXT(repository), SQL_END);
  BlobUpload *blob = registry_row_exists(rows, &failure)
                         ? blob_upload_resume(registry->blobs, id, &failure)
                         : NULL;
  if (blob != NULL)
    return upload_new(registry, repository, blob);
  if (failure == NULL || g_error_matches(failure, ASSAY_ERROR, ASSAY_ERROR_NOT_FOUND))
    upload_unknown(error, repository, id);
  else
    g_propagate_error(error, g_steal_pointer(&failure));
  return NULL;
}

RegistryUpload *
registry_upload_take(Registry *registry, const char *repository, const char *id, GError **error)
{
  if (!registry_check_name(repository, error))
    return NULL;
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&registry->uploads_lock);
  RegistryUpload *upload = g_hash_table_lookup(registry->uploads, id);
  if (upload == NULL) {
    upload = upload_resume(registry, repository, id, error);
    if (upload != NULL)
      g_hash_table_insert(registry->uploads, g_strdup(id), upload);
    return upload;
  }
  if (g_strcmp0(upload->repository, repository) != 0) {
    upload_unknown(error, repository, id);
    return NULL;
  }
  if (upload->taken) {
    error_set(error, ASSAY_ERROR_BUSY, "upload %s: another request is writing to it", id);
    return NULL;
  }
  upload->taken = true;
  return upload;
}

const char *
registry_upload_id(const RegistryUpload *upload)
{
  return blob_upload_id(upload->blob);
}

uint64_t
registry_upload_size(const RegistryUpload *upload)
{
  return blob_upload_size(upload->blob);
}

bool
registry_upload_append(RegistryUpload *upload, Slice bytes, GError **error)
{
  uint64_t limit = upload->registry->limits.blob_bytes, size;
  if (__builtin_add_overflow(registry_upload_size(upload), bytes.size, &size) ||
      (limit != 0 && size > limit))
    return registry_error_set(error, REGISTRY_SIZE_INVALID,
                              "upload %s: blobs may have at most %" G_GUINT64_FORMAT
                              " bytes (limits.blob_bytes)",
                              registry_upload_id(upload), limit);
  return blob_upload_append(upload->blob, bytes, error);
}

static bool
remove_row(SqlConnection *db, const RegistryUpload *upload, GError **error)
{
  return sql_run(db, NULL, error, "DELETE FROM uploads WHERE id = $1",
                 SQL_TEXT(registry_upload_id(upload)), SQL_END);
}

static bool
record_blob(RegistryUpload *upload, const Digest *digest, GError **error)
{
  g_autoptr(SqlConnection) db = sql_acquire(upload->registry->sql, SQL_WRITE, error);
  return db != NULL &&
         sql_run(db, NULL, error,
                 "INSERT INTO blobs (digest, size, created) VALUES ($1, $2, $3) "
                 "ON CONFLICT (digest) DO NOTHING",
                 SQL_TEXT(digest->text), SQL_INTEGER((int64_t)registry_upload_size(upload)),
                 SQL_INTEGER(g_get_real_time()), SQL_END) &&
         registry_link_blob(db, upload->repository, digest, error) &&
         remove_row(db, upload, error) && sql_commit(db, error);
}

/* A digest that does not hold ends the session: what came cannot become the blob any more. */
static void
drop_row(RegistryUpload *upload)
{
  g_autoptr(SqlConnection) db = sql_acquire(upload->registry->sql, SQL_WRITE, NULL);
  if (db != NULL && remove_row(db, upload, NULL))
    sql_commit(db, NULL);
  upload->ended = true;
}

bool
registry_upload_finish(RegistryUpload *upload, const Digest *digest, GError **error)
{
  Registry *registry = upload->registry;
  g_autoptr(GError) failure = NULL;
  g_rw_lock_reader_lock(&registry->blob_files);
  bool finished =
      blob_upload_finish(upload->blob, digest, &failure) && record_blob(upload, digest, &failure);
  g_rw_lock_reader_unlock(&registry->blob_files);
  if (finished) {
    upload->ended = true;
    registry_changed(registry);
    return true;
  }
  if (g_error_matches(failure, ASSAY_ERROR, ASSAY_ERROR_MISMATCH)) {
    drop_row(upload);
    return registry_error_set(error, REGISTRY_DIGEST_INVALID, "upload %s: %s; push it again",
                              registry_upload_id(upload), failure->message);
  }
  g_propagate_error(error, g_steal_pointer(&failure));
  return false;
}

bool
registry_upload_cancel(RegistryUpload *upload, GError **error)
{
  if (!blob_upload_cancel(upload->blob, error))
    return false;
  drop_row(upload);
  return true;
}

void
registry_upload_release(RegistryUpload *upload)
{
  if (upload == NULL)
    return;
  Registry *registry = upload->registry;
  g_mutex_lock(&registry->uploads_lock);
  upload->taken = false;
  bool ended = upload->ended;
  if (ended) {
    void *key = NULL;
    g_hash_table_steal_extended(registry->uploads, registry_upload_id(upload), &key, NULL);
    g_free(key);
  }
  g_mutex_unlock(&registry->uploads_lock);
  if (ended)
    upload_free(upload);
}

/* Sessions in memory hold a descriptor each; those whose file was expired go too. */
static void
forget_expired(Registry *registry)
{
  GHashTableIter iter;
  void *key, *value;
  g_mutex_lock(&registry->uploads_lock);
  g_hash_table_iter_init(&iter, registry->uploads);
  while (g_hash_table_iter_next(&iter, &key, &value)) {
    RegistryUpload *upload = value;
    if (upload->taken || !blob_upload_is_gone(upload->blob))
      continue;
    g_hash_table_iter_steal(&iter);
    g_free(key);
    upload_free(upload);
  }
  g_mutex_unlock(&registry->uploads_lock);
}

unsigned
registry_open_uploads(Registry *registry)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&registry->uploads_lock);
  return g_hash_table_size(registry->uploads);
}

unsigned
registry_expire_uploads(Registry *registry)
{
  uint32_t seconds = registry->limits.upload_expiry;
  unsigned expired = blob_store_expire_uploads(registry->blobs, seconds);
  g_autoptr(SqlConnection) db = sql_acquire(registry->sql, SQL_WRITE, NULL);
  if (db == NULL)
    return expired;
  forget_expired(registry);

  /* Rows whose file is gone: expired now, or never written because of a crash. */
  g_autoptr(GPtrArray) gone = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(SqlRows) rows =
      sql_query(db, NULL, "SELECT id FROM uploads WHERE created < $1",
                SQL_INTEGER(g_get_real_time() - (int64_t)seconds * G_USEC_PER_SEC), SQL_END);
  while (rows != NULL && sql_rows_next(rows, NULL))
    if (!blob_store_has_upload(registry->blobs, sql_rows_text(rows, 0)))
      g_ptr_array_add(gone, g_strdup(sql_rows_text(rows, 0)));
  for (guint i = 0; i < gone->len; i++)
    sql_run(db, NULL, NULL, "DELETE FROM uploads WHERE id = $1",
            SQL_TEXT(g_ptr_array_index(gone, i)), SQL_END);
  sql_commit(db, NULL);
  return expired;
}

void
registry_free(Registry *registry)
{
  if (registry == NULL)
    return;
  GHashTableIter iter;
  void *key, *value;
  g_hash_table_iter_init(&iter, registry->uploads);
  while (g_hash_table_iter_next(&iter, &key, &value)) {
    g_free(key);
    upload_free(value);
  }
  g_hash_table_unref(registry->uploads);
  g_rw_lock_clear(&registry->blob_files);
  g_mutex_clear(&registry->uploads_lock);
  g_free(registry);
}
