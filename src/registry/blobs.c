/* The blobs of repositories: looked up, opened, mounted, deleted, checked. */
#include "base/error.h"
#include "registry/collect-private.h"
#include "registry/pins-private.h"
#include "registry/quarantine.h"
#include "registry/registry-private.h"

bool
registry_blob_stat(Registry *registry, const char *repository, const Digest *digest, uint64_t *size,
                   GError **error)
{
  if (!registry_check_name(repository, error))
    return false;
  g_autoptr(SqlConnection) db = sql_acquire(registry->sql, error);
  if (db == NULL)
    return false;
  g_autoptr(SqlRows) rows = NULL;
  Found found = sql_first(db, &rows, error,
                          "SELECT blobs.size FROM repository_blobs "
                          "JOIN blobs ON blobs.digest = repository_blobs.digest WHERE "
                          "repository_blobs.repository = $1 AND repository_blobs.digest = $2",
                          SQL_TEXT(repository), SQL_TEXT(digest->text), SQL_END);
  if (found == ABSENT)
    registry_blob_unknown(error, repository, digest);
  if (found != FOUND)
    return false;
  *size = (uint64_t)sql_rows_integer(rows, 0);
  return true;
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
    registry_blob_unknown(error, repository, digest);
  else
    g_propagate_error(error, g_steal_pointer(&failure));
  return -1;
}

static Found
blob_is_linked(SqlConnection *db, const char *from, const Digest *digest, GError **error)
{
  g_autoptr(SqlRows) rows =
      from != NULL
          ? sql_query(db, error,
                      "SELECT 1 FROM repository_blobs WHERE repository = $1 AND digest = $2",
                      SQL_TEXT(from), SQL_TEXT(digest->text), SQL_END)
          : sql_query(db, error, "SELECT 1 FROM repository_blobs WHERE digest = $1 LIMIT 1",
                      SQL_TEXT(digest->text), SQL_END);
  return sql_next(rows, error);
}

typedef struct {
  const char *repository, *from;
  const Digest *digest;
  Found found;
} Mount;

static bool
mount_blob(SqlConnection *db, void *data, GError **error)
{
  Mount *mount = data;
  mount->found = pins_lock_blob(db, mount->digest, error);
  if (mount->found == FOUND)
    mount->found = blob_is_linked(db, mount->from, mount->digest, error);
  return mount->found == ABSENT ||
         (mount->found == FOUND &&
          registry_link_blob(db, mount->repository, mount->digest, QUOTA_REFUSES, error) &&
          registry_tell_blob(db, "blob.pushed", mount->repository, mount->digest,
                             mount->from != NULL ? mount->from : "*", error));
}

Found
registry_blob_mount(Registry *registry, const char *repository, const char *from,
                    const Digest *digest, GError **error)
{
  if (!registry_check_name(repository, error))
    return FAILED;
  /* A row whose file a broken disk lost is of no use: the client's upload heals it. */
  if (!blob_store_has(registry->blobs, digest, NULL))
    return ABSENT;
  /* What nobody may pull there is sent by those who have it. */
  if (from != NULL && !registry_check_quarantine(registry, from, digest, NULL))
    return ABSENT;
  Mount mount = {repository, from, digest, ABSENT};
  return sql_transact(registry->sql, mount_blob, &mount, error) ? mount.found : FAILED;
}

typedef struct {
  const char *repository;
  const Digest *digest;
  Trashed trashed;
} Unlink;

/* Removes the link, and the blob when it was the last. */
static bool
unlink_blob(SqlConnection *db, void *data, GError **error)
{
  Unlink *work = data;
  const Digest *digest = work->digest;
  int64_t changed = 0;
  if (!registry_lock_repository(db, work->repository, error) ||
      !quota_lock(db, work->repository, error) ||
      !references_refuse_blob(db, work->repository, digest, error) ||
      !sql_run(db, &changed, error,
               "DELETE FROM repository_blobs WHERE repository = $1 AND digest = $2",
               SQL_TEXT(work->repository), SQL_TEXT(digest->text), SQL_END))
    return false;
  if (changed == 0)
    return registry_blob_unknown(error, work->repository, digest);
  return quota_unlinked(db, work->repository, digest, error) &&
         collect_trash_unlinked(db, digest, &work->trashed, error) &&
         registry_tell_blob(db, "blob.deleted", work->repository, digest, NULL, error);
}

bool
registry_blob_delete(Registry *registry, const char *repository, const Digest *digest,
                     GError **error)
{
  if (!registry_check_name(repository, error))
    return false;
  Unlink work = {repository, digest, {.is = false}};
  g_autoptr(GError) failure = NULL;
  if (!sql_transact(registry->sql, unlink_blob, &work, &failure) &&
      !(registry_make_room(registry, failure) &&
        sql_transact(registry->sql, unlink_blob, &work, error))) {
    if (error != NULL && *error == NULL)
      g_propagate_error(error, g_steal_pointer(&failure));
    return false;
  }
  return !work.trashed.is || collect_remove(registry, &work.trashed, error) != FAILED;
}

bool
registry_put_blob(Registry *registry, const char *repository, const Digest *digest, Slice bytes,
                  QuotaRule quota, GError **error)
{
  g_autoptr(RegistryUpload) upload =
      registry_upload_start_unlisted(registry, repository, NULL, digest_algorithm(digest), error);
  if (upload == NULL)
    return false;
  registry_upload_set_quota(upload, quota);
  return registry_upload_append(upload, bytes, error) &&
         registry_upload_finish(upload, digest, error);
}

bool
registry_blob_put(Registry *registry, const char *repository, const Digest *digest, Slice bytes,
                  GError **error)
{
  return registry_put_blob(registry, repository, digest, bytes, QUOTA_REFUSES, error);
}

BlobCheck
registry_check_blob(Registry *registry, const Digest *digest, BlobPace pace, void *data,
                    GError **error)
{
  g_autoptr(GError) failure = NULL, kept = NULL;
  BlobFile file;
  if (blob_store_verify(registry->blobs, digest, pace, data, &file, &failure))
    return BLOB_WHOLE;
  if (g_error_matches(failure, ASSAY_ERROR, ASSAY_ERROR_MISMATCH)) {
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(registry_blob_lock(registry, digest));
    if (blob_store_set_aside(registry->blobs, digest, &file, &kept)) {
      g_propagate_error(error, g_steal_pointer(&failure));
      return BLOB_DAMAGED;
    }
    if (!g_error_matches(kept, ASSAY_ERROR, ASSAY_ERROR_EXISTS))
      g_propagate_error(error, g_steal_pointer(&kept));
  } else if (!g_error_matches(failure, ASSAY_ERROR, ASSAY_ERROR_NOT_FOUND) &&
             !g_error_matches(failure, ASSAY_ERROR, ASSAY_ERROR_CANCELLED)) {
    g_propagate_error(error, g_steal_pointer(&failure));
  }
  return BLOB_UNCHECKED;
}
