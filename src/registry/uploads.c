/* Upload sessions: a row that says whose they are, a file that holds what came, a hash that is kept
 * in memory between requests and made again from the file after a restart.
 * Long because: rows, files and memory of a session change together, and each step with its
 * undoing. */
#include "base/error.h"
#include "registry/move-private.h"
#include "registry/pulls-private.h"
#include "registry/registry-private.h"
#include "registry/running-private.h"
#include "registry/small_blobs-private.h"

/* When no more sessions may be opened, those go that were idle this long, before a new one is
 * refused. */
#define RECLAIM_SECONDS 600

struct RegistryUpload {
  Registry *registry;
  char *repository;
  char *peer; /* whose it is; NULL: from before a restart */
  BlobUpload *blob;
  int64_t touched; /* g_get_monotonic_time() when it was given back; under uploads_lock */
  QuotaRule quota;
  bool listed; /* has a row, by which other requests find it */
  bool taken;  /* by a request, under uploads_lock */
  bool ended;  /* finished or cancelled: goes when released */
};

static void
upload_free(RegistryUpload *upload)
{
  blob_upload_free(upload->blob);
  g_free(upload->repository);
  g_free(upload->peer);
  g_free(upload);
}

static bool
count_uploads(SqlConnection *db, uint32_t limit, GError **error)
{
  g_autoptr(SqlRows) rows = NULL;
  if (sql_first(db, &rows, error, "SELECT count(*) FROM uploads", SQL_END) != FOUND)
    return false;
  if (sql_rows_integer(rows, 0) >= (int64_t)limit)
    return registry_error_set(error, REGISTRY_TOOMANYREQUESTS,
                              "%u uploads are open, and no more are allowed "
                              "(limits.concurrent_uploads); try again later",
                              limit);
  return true;
}

typedef struct {
  uint32_t limit;
  const char *id, *repository;
} NewRow;

static bool
insert_row(SqlConnection *db, void *data, GError **error)
{
  const NewRow *row = data;
  return count_uploads(db, row->limit, error) &&
         sql_run(
             db, NULL, error, "INSERT INTO uploads (id, repository, created) VALUES ($1, $2, $3)",
             SQL_TEXT(row->id), SQL_TEXT(row->repository), SQL_INTEGER(g_get_real_time()), SQL_END);
}

/* Later: a session that a power cut takes back is unknown, and its client begins anew. */
static bool
add_row(Registry *registry, const char *id, const char *repository, GError **error)
{
  NewRow row = {registry->limits.concurrent_uploads, id, repository};
  return sql_transact_later(registry->sql, insert_row, &row, error);
}

/* An open session, taken. */
static RegistryUpload *
upload_new(Registry *registry, const char *repository, BlobUpload *blob, bool listed)
{
  RegistryUpload *upload = g_new0(RegistryUpload, 1);
  upload->registry = registry;
  upload->repository = g_strdup(repository);
  upload->blob = blob;
  upload->listed = listed;
  upload->taken = true;
  return upload;
}

static unsigned expire_idle(Registry *registry, uint32_t seconds);

/* How many sessions each peer has: name -> count. Under uploads_lock. (transfer full) */
static GHashTable *
count_by_peer(Registry *registry)
{
  GHashTable *counts = g_hash_table_new(g_str_hash, g_str_equal);
  GHashTableIter iter;
  void *value;
  g_hash_table_iter_init(&iter, registry->uploads);
  while (g_hash_table_iter_next(&iter, NULL, &value)) {
    const RegistryUpload *upload = value;
    const char *peer = upload->peer != NULL ? upload->peer : "";
    guint count = GPOINTER_TO_UINT(g_hash_table_lookup(counts, peer));
    if (upload->listed)
      g_hash_table_insert(counts, (void *)(uintptr_t)peer, GUINT_TO_POINTER(count + 1));
  }
  return counts;
}

/* The session that nobody uses for the longest time, of whoever has most, if that is more than
 * @peer would have; taken. (transfer full), or NULL. */
static RegistryUpload *
take_from_the_greediest(Registry *registry, const char *peer)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&registry->uploads_lock);
  g_autoptr(GHashTable) counts = count_by_peer(registry);
  guint mine = GPOINTER_TO_UINT(g_hash_table_lookup(counts, peer)), most = mine + 1;
  RegistryUpload *found = NULL;
  GHashTableIter iter;
  void *value;
  g_hash_table_iter_init(&iter, registry->uploads);
  while (g_hash_table_iter_next(&iter, NULL, &value)) {
    RegistryUpload *upload = value;
    guint count =
        GPOINTER_TO_UINT(g_hash_table_lookup(counts, upload->peer != NULL ? upload->peer : ""));
    if (!upload->taken && upload->listed &&
        (count > most || (found != NULL && count == most && upload->touched < found->touched))) {
      found = upload;
      most = count;
    }
  }
  if (found != NULL)
    found->taken = true;
  return found;
}

/* Clients that were killed leave sessions behind, and one that opens all it can get would keep the
 * others out. */
static bool
make_room(Registry *registry, const char *peer)
{
  if (expire_idle(registry, MIN(registry->limits.upload_expiry, RECLAIM_SECONDS)) > 0)
    return true;
  g_autoptr(RegistryUpload) given_up = take_from_the_greediest(registry, peer);
  return given_up != NULL && registry_upload_cancel(given_up, NULL);
}

static bool
check_share(Registry *registry, const char *peer, GError **error)
{
  uint32_t limit = registry->limits.uploads_per_peer;
  if (limit == 0)
    return true;
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&registry->uploads_lock);
  g_autoptr(GHashTable) counts = count_by_peer(registry);
  if (GPOINTER_TO_UINT(g_hash_table_lookup(counts, peer)) >= limit)
    return registry_error_set(error, REGISTRY_TOOMANYREQUESTS,
                              "%u uploads of %s are open, and no more are allowed for one client "
                              "(limits.uploads_per_peer); finish some first",
                              limit, peer);
  return true;
}

static bool
add_row_or_make_room(Registry *registry, const RegistryUpload *upload, GError **error)
{
  g_autoptr(GError) failure = NULL;
  const char *id = registry_upload_id(upload), *peer = upload->peer != NULL ? upload->peer : "";
  if (!check_share(registry, peer, error))
    return false;
  if (add_row(registry, id, upload->repository, &failure))
    return true;
  if (g_error_matches(failure, REGISTRY_ERROR, REGISTRY_TOOMANYREQUESTS) &&
      make_room(registry, peer))
    return add_row(registry, id, upload->repository, error);
  g_propagate_error(error, g_steal_pointer(&failure));
  return false;
}

RegistryUpload *
registry_upload_start_unlisted(Registry *registry, const char *repository, const char *peer,
                               DigestAlgorithm algorithm, GError **error)
{
  if (!registry_check_name(repository, error) || !moved_refuse_known(registry, repository, error))
    return NULL;
  BlobUpload *blob = blob_upload_new(registry->blobs, algorithm, error);
  if (blob == NULL)
    return NULL;
  RegistryUpload *upload = upload_new(registry, repository, blob, false);
  upload->peer = g_strdup(peer);
  g_mutex_lock(&registry->uploads_lock);
  g_hash_table_insert(registry->uploads, g_strdup(registry_upload_id(upload)), upload);
  g_mutex_unlock(&registry->uploads_lock);
  return upload;
}

bool
registry_upload_list(RegistryUpload *upload, GError **error)
{
  if (upload->listed)
    return true;
  bool added = add_row_or_make_room(upload->registry, upload, error);
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&upload->registry->uploads_lock);
  upload->listed = added;
  return added;
}

RegistryUpload *
registry_upload_start(Registry *registry, const char *repository, DigestAlgorithm algorithm,
                      GError **error)
{
  g_autoptr(RegistryUpload) upload =
      registry_upload_start_unlisted(registry, repository, NULL, algorithm, error);
  return upload != NULL && registry_upload_list(upload, error) ? g_steal_pointer(&upload) : NULL;
}

static bool
upload_unknown(GError **error, const char *repository, const char *id)
{
  return registry_error_set(error, REGISTRY_BLOB_UPLOAD_UNKNOWN,
                            "upload %.40s: not open in repository %s (finished, cancelled or "
                            "expired); start a new one",
                            id, repository);
}

/* After a restart: the row says whose it is. Under uploads_lock, so that two requests cannot both
 * take it up. */
static RegistryUpload *
upload_resume(Registry *registry, const char *repository, const char *id, GError **error)
{
  g_autoptr(GError) failure = NULL;
  g_autoptr(SqlConnection) db = sql_acquire(registry->sql, error);
  if (db == NULL)
    return NULL;
  g_autoptr(SqlRows) rows = NULL;
  Found found =
      sql_first(db, &rows, &failure, "SELECT 1 FROM uploads WHERE id = $1 AND repository = $2",
                SQL_TEXT(id), SQL_TEXT(repository), SQL_END);
  BlobUpload *blob = found == FOUND ? blob_upload_resume(registry->blobs, id, &failure) : NULL;
  if (blob != NULL)
    return upload_new(registry, repository, blob, true);
  if (failure == NULL || g_error_matches(failure, ASSAY_ERROR, ASSAY_ERROR_NOT_FOUND))
    upload_unknown(error, repository, id);
  else
    g_propagate_error(error, g_steal_pointer(&failure));
  return NULL;
}

/* The session, wherever it is; under uploads_lock. */
static RegistryUpload *
find_upload(Registry *registry, const char *repository, const char *id, GError **error)
{
  RegistryUpload *upload = g_hash_table_lookup(registry->uploads, id);
  if (upload == NULL) {
    upload = upload_resume(registry, repository, id, error);
    if (upload == NULL)
      return NULL;
    upload->taken = false;
    g_hash_table_insert(registry->uploads, g_strdup(id), upload);
  }
  if (g_strcmp0(upload->repository, repository) == 0 && !blob_upload_is_gone(upload->blob))
    return upload;
  upload_unknown(error, repository, id);
  return NULL;
}

RegistryUpload *
registry_upload_take(Registry *registry, const char *repository, const char *id, GError **error)
{
  if (!registry_check_name(repository, error))
    return NULL;
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&registry->uploads_lock);
  RegistryUpload *upload = find_upload(registry, repository, id, error);
  if (upload == NULL)
    return NULL;
  if (upload->taken) {
    registry_error_set(error, REGISTRY_TOOMANYREQUESTS,
                       "upload %s: another request is still writing to it; ask how far it came "
                       "(GET), and go on from there",
                       id);
    return NULL;
  }
  upload->taken = true;
  return upload;
}

bool
registry_upload_status(Registry *registry, const char *repository, const char *id, uint64_t *size,
                       GError **error)
{
  if (!registry_check_name(repository, error))
    return false;
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&registry->uploads_lock);
  const RegistryUpload *upload = find_upload(registry, repository, id, error);
  if (upload == NULL)
    return false;
  *size = blob_upload_size(upload->blob);
  return true;
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

typedef struct {
  const RegistryUpload *upload;
  const Digest *digest;
  GBytes *bytes; /* NULL: they are on the disk */
} Record;

void
registry_upload_set_quota(RegistryUpload *upload, QuotaRule quota)
{
  upload->quota = quota;
}

static bool
insert_blob(SqlConnection *db, void *data, GError **error)
{
  const Record *record = data;
  const RegistryUpload *upload = record->upload;
  return sql_run(db, NULL, error,
                 /* An update, for it locks the row against its collection. */
                 "INSERT INTO blobs (digest, size, created, generation) VALUES ($1, $2, $3, "
                 "(SELECT COALESCE(max(generation) + 1, 0) FROM blob_trash WHERE digest = $1)) "
                 "ON CONFLICT (digest) DO UPDATE SET size = excluded.size",
                 SQL_TEXT(record->digest->text), SQL_INTEGER((int64_t)registry_upload_size(upload)),
                 SQL_INTEGER(g_get_real_time()), SQL_END) &&
         (record->bytes == NULL || small_blob_keep(db, record->digest, record->bytes, error)) &&
         registry_link_blob(db, upload->repository, record->digest, upload->quota, error) &&
         remove_row(db, upload, error) &&
         registry_tell_blob(db, "blob.pushed", upload->repository, record->digest, NULL, error);
}

static bool
remove_own_row(SqlConnection *db, void *data, GError **error)
{
  return remove_row(db, data, error);
}

/* The session ends without a blob. */
static void
drop_row(RegistryUpload *upload)
{
  upload->ended = true;
  if (!upload->listed)
    return;
  sql_transact_later(upload->registry->sql, remove_own_row, upload, NULL);
}

/* By the quota of the namespace, which the transaction looks at once more: here the file is not
 * visible yet, and none is left over. */
static bool
has_room(const RegistryUpload *upload, const Digest *digest, GError **error)
{
  if (upload->quota == QUOTA_COUNTS)
    return true;
  g_autoptr(SqlConnection) db = sql_acquire(upload->registry->sql, error);
  return db != NULL &&
         quota_refuse_blob(db, upload->repository, digest, registry_upload_size(upload), error);
}

/* Makes the file visible. *bytes: what is not on the disk yet, to be kept with the row. */
static bool
store_file(const RegistryUpload *upload, const Digest *digest, bool small, GBytes **bytes,
           GError **error)
{
  *bytes = NULL;
  if (!small || !blob_upload_may_be_placed(upload->blob))
    return blob_upload_finish(upload->blob, digest, error);
  *bytes = blob_upload_read(upload->blob, error);
  return *bytes != NULL && blob_upload_place(upload->blob, digest, error);
}

/* The digest and the waiting for the disk need no lock: nobody else sees the file yet. */
static bool
finish_blob(RegistryUpload *upload, const Digest *digest, GError **error)
{
  /* One whose file is there waits for the disk as large ones do, before others wait for it. */
  bool small = registry_upload_size(upload) <= SMALL_BLOB_MAX &&
               !blob_store_has(upload->registry->blobs, digest, NULL);
  if (!(small ? blob_upload_check : blob_upload_seal)(upload->blob, digest, error))
    return false;
  if (!has_room(upload, digest, error))
    return false;
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(registry_blob_lock(upload->registry, digest));
  g_autoptr(GBytes) bytes = NULL;
  bool stored = store_file(upload, digest, small, &bytes, error);
  Record record = {upload, digest, bytes};
  if (stored && sql_transact(upload->registry->sql, insert_blob, &record, error))
    return true;
  registry_expect_orphans(upload->registry);
  return false;
}

bool
registry_upload_finish(RegistryUpload *upload, const Digest *digest, GError **error)
{
  g_autoptr(GError) failure = NULL;
  if (finish_blob(upload, digest, &failure)) {
    upload->ended = true;
    return true;
  }
  /* A digest that does not hold, or bytes that the disk lost: what came cannot become the blob. */
  bool refused = g_error_matches(failure, REGISTRY_ERROR, REGISTRY_DENIED);
  if (refused)
    blob_upload_cancel(upload->blob, NULL);
  if (refused || blob_upload_is_gone(upload->blob))
    drop_row(upload);
  if (g_error_matches(failure, ASSAY_ERROR, ASSAY_ERROR_MISMATCH))
    return registry_error_set(error, REGISTRY_DIGEST_INVALID, "upload %s: %s; push it again",
                              registry_upload_id(upload), failure->message);
  if (g_error_matches(failure, ASSAY_ERROR, ASSAY_ERROR_NOT_FOUND))
    return upload_unknown(error, upload->repository, registry_upload_id(upload));
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
  if (!upload->listed && !upload->ended) {
    blob_upload_cancel(upload->blob, NULL);
    upload->ended = true;
  }
  g_mutex_lock(&registry->uploads_lock);
  upload->taken = false;
  upload->touched = g_get_monotonic_time();
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

static bool
is_taken(const char *id, void *data)
{
  const Registry *registry = data;
  const RegistryUpload *upload = g_hash_table_lookup(registry->uploads, id);
  return upload != NULL && upload->taken;
}

typedef struct {
  const Registry *registry;
  int64_t before;
  unsigned gone;
} Expiry;

static bool
delete_rows_without_file(SqlConnection *db, void *data, GError **error)
{
  Expiry *expiry = data;
  Found found;
  expiry->gone = 0;
  g_autoptr(GPtrArray) gone = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(SqlRows) rows = sql_query(db, error, "SELECT id FROM uploads WHERE created < $1",
                                      SQL_INTEGER(expiry->before), SQL_END);
  while ((found = sql_next(rows, error)) == FOUND)
    if (!blob_store_has_upload(expiry->registry->blobs, sql_rows_text(rows, 0)))
      g_ptr_array_add(gone, g_strdup(sql_rows_text(rows, 0)));
  if (found == FAILED)
    return false;
  for (guint i = 0; i < gone->len; i++, expiry->gone++)
    if (!sql_run(db, NULL, error, "DELETE FROM uploads WHERE id = $1",
                 SQL_TEXT(g_ptr_array_index(gone, i)), SQL_END))
      return false;
  return true;
}

/* Files that nobody touched for @seconds, and then the rows and sessions whose file is gone. */
static unsigned
expire_idle(Registry *registry, uint32_t seconds)
{
  g_mutex_lock(&registry->uploads_lock);
  unsigned expired = blob_store_expire_uploads(registry->blobs, seconds, is_taken, registry);
  g_mutex_unlock(&registry->uploads_lock);
  forget_expired(registry);
  Expiry expiry = {registry, g_get_real_time() - (int64_t)seconds * G_USEC_PER_SEC, 0};
  bool deleted = sql_transact_later(registry->sql, delete_rows_without_file, &expiry, NULL);
  return MAX(expired, deleted ? expiry.gone : 0);
}

unsigned
registry_expire_uploads(Registry *registry)
{
  return expire_idle(registry, registry->limits.upload_expiry);
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
  quarantine_set_free(registry->quarantine);
  pulls_end(registry);
  running_end(registry);
  moved_names_free(registry->moved);
  for (size_t i = 0; i < G_N_ELEMENTS(registry->blob_locks); i++)
    g_mutex_clear(&registry->blob_locks[i]);
  g_mutex_clear(&registry->uploads_lock);
  g_free(registry);
}
