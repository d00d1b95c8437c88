/* The registry itself, and what its files share; see the header. blobs.c, uploads.c, manifests.c
 * and lists.c hold the rest. */
#include "registry/registry.h"

#include "base/error.h"
#include "base/json.h"
#include "jobs/event.h"
#include "oci/reference.h"
#include "registry/move-private.h"
#include "registry/pulls-private.h"
#include "registry/registry-private.h"
#include "registry/running-private.h"

Registry *
registry_new(BlobStore *blobs, SqlPool *sql, const RegistryLimits *limits,
             const RegistrySettings *settings)
{
  Registry *registry = g_new0(Registry, 1);
  registry->blobs = blobs;
  registry->sql = sql;
  registry->limits = *limits;
  registry->settings = *settings;
  registry->generation = 1;
  registry->quarantine = quarantine_set_new();
  registry->pulls = pull_notes_new();
  registry->running = running_notes_new();
  registry->moved = moved_names_new();
  registry->orphans_possible = true;
  registry->uploads = g_hash_table_new(g_str_hash, g_str_equal);
  for (size_t i = 0; i < G_N_ELEMENTS(registry->blob_locks); i++)
    g_mutex_init(&registry->blob_locks[i]);
  g_mutex_init(&registry->uploads_lock);
  return registry;
}

GMutex *
registry_blob_lock(Registry *registry, const Digest *digest)
{
  const char *hex = digest_hex(digest);
  return &registry->blob_locks[g_ascii_xdigit_value(hex[0]) << 4 | g_ascii_xdigit_value(hex[1])];
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

void
registry_forget_with(Registry *registry, SqlWork forget)
{
  registry->forget = forget;
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

static bool
is_known(Found found, const char *repository, GError **error)
{
  if (found == ABSENT)
    registry_error_set(error, REGISTRY_NAME_UNKNOWN, "repository %s: nothing was ever pushed to it",
                       repository);
  return found == FOUND;
}

bool
registry_check_known(SqlConnection *db, const char *repository, GError **error)
{
  g_autoptr(SqlRows) rows = NULL;
  Found found = sql_first(db, &rows, error, "SELECT 1 FROM repositories WHERE name = $1",
                          SQL_TEXT(repository), SQL_END);
  return is_known(found, repository, error);
}

static bool
insert_repository(SqlConnection *db, const char *repository, GError **error)
{
  int64_t changed = 0;
  return sql_run(db, &changed, error,
                 "INSERT INTO repositories (name, created) VALUES ($1, $2) "
                 "ON CONFLICT (name) DO NOTHING",
                 SQL_TEXT(repository), SQL_INTEGER(g_get_real_time()), SQL_END) &&
         (changed == 0 ||
          (moved_refuse(db, repository, error) && quota_begin(db, repository, error)));
}

/* One that was empty may have been collected since it was found there: it is kept from that, and
 * made again. */
bool
registry_add_repository(SqlConnection *db, const char *repository, GError **error)
{
  g_autoptr(SqlRows) rows = NULL;
  if (!insert_repository(db, repository, error))
    return false;
  Found found =
      sql_first(db, &rows, error, "SELECT 1 FROM repositories WHERE name = $1 " SQL_LOCK_SHARED,
                SQL_TEXT(repository), SQL_END);
  return found == FOUND || (found == ABSENT && insert_repository(db, repository, error));
}

static Found
lock(SqlConnection *db, const char *repository, GError **error)
{
  g_autoptr(SqlRows) rows = NULL;
  return sql_first(db, &rows, error, "SELECT 1 FROM repositories WHERE name = $1 " SQL_LOCK,
                   SQL_TEXT(repository), SQL_END);
}

bool
registry_lock_repository(SqlConnection *db, const char *repository, GError **error)
{
  return lock(db, repository, error) != FAILED;
}

bool
registry_lock_known(SqlConnection *db, const char *repository, GError **error)
{
  return is_known(lock(db, repository, error), repository, error);
}

bool
registry_link_blob(SqlConnection *db, const char *repository, const Digest *digest, QuotaRule quota,
                   GError **error)
{
  if (!registry_add_repository(db, repository, error) || !quota_lock(db, repository, error))
    return false;
  g_autoptr(SqlRows) rows = NULL;
  Found had = sql_first(db, &rows, error,
                        "SELECT 1 FROM repository_blobs WHERE repository = $1 AND digest = $2",
                        SQL_TEXT(repository), SQL_TEXT(digest->text), SQL_END);
  g_clear_pointer(&rows, sql_rows_free);
  return had != FAILED &&
         sql_run(db, NULL, error,
                 "INSERT INTO repository_blobs (repository, digest, pinned) VALUES ($1, $2, $3) "
                 "ON CONFLICT (repository, digest) DO UPDATE SET pinned = excluded.pinned",
                 SQL_TEXT(repository), SQL_TEXT(digest->text), SQL_INTEGER(g_get_real_time()),
                 SQL_END) &&
         (had == FOUND || quota_linked(db, repository, digest, quota, error));
}

bool
registry_tell_blob(SqlConnection *db, const char *type, const char *repository,
                   const Digest *digest, const char *from, GError **error)
{
  g_autoptr(json_t) data = json_object();
  json_set_string(data, "repository", repository);
  json_set_string(data, "mounted_from", from);
  return event_tell(db, type, digest->text, data, error);
}

bool
registry_blob_unknown(GError **error, const char *repository, const Digest *digest)
{
  return registry_error_set(error, REGISTRY_BLOB_UNKNOWN,
                            "blob %s is not in repository %s; push it there, or mount it from one "
                            "that has it",
                            digest->text, repository);
}

bool
registry_make_room(Registry *registry, const GError *failure)
{
  return g_error_matches(failure, ASSAY_ERROR, ASSAY_ERROR_FULL) &&
         blob_store_make_room(registry->blobs);
}

/* --- files that no row speaks of --- */

static Found
find_blob(Registry *registry, const Digest *digest, GError **error)
{
  g_autoptr(SqlConnection) db = sql_acquire(registry->sql, error);
  g_autoptr(SqlRows) rows = NULL;
  return db == NULL ? FAILED
                    : sql_first(db, &rows, error, "SELECT 1 FROM blobs WHERE digest = $1",
                                SQL_TEXT(digest->text), SQL_END);
}

Found
registry_blob_is_known(Registry *registry, const Digest *digest, GError **error)
{
  Found found = find_blob(registry, digest, error);
  return found == ABSENT && !sql_settle(registry->sql, error) ? FAILED : found;
}

/* ABSENT: it is no orphan. */
static Found
remove_if_orphan(Registry *registry, const Digest *digest, GError **error)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(registry_blob_lock(registry, digest));
  Found known = registry_blob_is_known(registry, digest, error);
  if (known != ABSENT)
    return known == FOUND ? ABSENT : FAILED;
  return blob_store_delete(registry->blobs, digest, error) ? FOUND : FAILED;
}

void
registry_expect_orphans(Registry *registry)
{
  __atomic_store_n(&registry->orphans_possible, true, __ATOMIC_RELEASE);
}

static bool
remove_orphans_of(Registry *registry, const GArray *blobs, unsigned *removed, GError **error)
{
  for (guint i = 0; i < blobs->len; i++) {
    Found orphan = remove_if_orphan(registry, &g_array_index(blobs, Digest, i), error);
    if (orphan == FAILED)
      return false;
    *removed += orphan == FOUND;
  }
  return true;
}

bool
registry_remove_orphans(Registry *registry, unsigned *removed, GError **error)
{
  *removed = 0;
  if (!__atomic_exchange_n(&registry->orphans_possible, false, __ATOMIC_ACQ_REL))
    return true;
  for (DigestAlgorithm algorithm = DIGEST_SHA256; algorithm <= DIGEST_SHA512; algorithm++)
    for (unsigned first = 0; first < G_N_ELEMENTS(registry->blob_locks); first++) {
      g_autoptr(GArray) blobs = blob_store_list(registry->blobs, algorithm, (uint8_t)first);
      if (!remove_orphans_of(registry, blobs, removed, error)) {
        registry_expect_orphans(registry);
        return false;
      }
    }
  return true;
}
