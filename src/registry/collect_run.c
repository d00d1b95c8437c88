/* A run of collection, and what one would do; see the header. */
#include "base/error.h"
#include "registry/collect-private.h"
#include "registry/deleted.h"
#include "registry/registry-private.h"

/* Before it, nobody knows what the manifests of older versions need. */
static bool
record_references(Registry *registry, GError **error)
{
  for (bool more = true; more;)
    if (!registry_record_references(registry, &more, error))
      return false;
  return true;
}

static bool
purge_all(Registry *registry, bool all, GError **error)
{
  unsigned purged;
  for (bool more = true; more;)
    if (!registry_purge_deleted(registry, all, &purged, &more, error))
      return false;
  return true;
}

/* Then blobs go all the same, and make some; the next run comes to the rest. */
static bool
is_for_want_of_room(const GError *failure)
{
  return g_error_matches(failure, ASSAY_ERROR, ASSAY_ERROR_FULL);
}

static bool
purge_deleted(Registry *registry, bool all, GError **error)
{
  g_autoptr(GError) failure = NULL;
  if (purge_all(registry, all, &failure))
    return true;
  if (registry_make_room(registry, failure))
    g_clear_error(&failure);
  if (failure == NULL && purge_all(registry, all, &failure))
    return true;
  if (is_for_want_of_room(failure))
    return true;
  g_propagate_error(error, g_steal_pointer(&failure));
  return false;
}

static bool
left_of_manifests(Registry *registry, uint32_t grace, const CollectWatch *watch,
                  Collected *collected, GError **error)
{
  g_autoptr(GError) failure = NULL;
  if (collect_referrers(registry, grace, watch, collected, &failure))
    return true;
  if (is_for_want_of_room(failure))
    return true;
  if (failure != NULL)
    g_propagate_error(error, g_steal_pointer(&failure));
  return false;
}

bool
registry_collect(Registry *registry, const CollectAsked *asked, const CollectWatch *watch,
                 Collected *collected, GError **error)
{
  Collected preview;
  *collected = (Collected){0};
  /* The trash first, for it makes room and needs none. */
  if (!registry_empty_trash(registry, collected, error) ||
      !purge_deleted(registry, asked->forget_deleted, error) ||
      !record_references(registry, error) ||
      !left_of_manifests(registry, asked->grace, watch, collected, error) ||
      !registry_collect_preview(registry, asked, &preview, error))
    return false;
  collected->waiting_blobs = preview.waiting_blobs;
  collected->waiting_bytes = preview.waiting_bytes;
  return collect_blobs(registry, asked->grace, watch, collected, error) &&
         collect_repositories(registry, watch, collected, error);
}

bool
registry_collect_preview(Registry *registry, const CollectAsked *asked, Collected *collected,
                         GError **error)
{
  *collected = (Collected){0};
  g_autoptr(SqlConnection) db = sql_acquire(registry->sql, error);
  if (db == NULL)
    return false;
  g_autoptr(SqlRows) rows = NULL;
  /* By blob: dead is one that has no link but dead ones; within the grace, where the latest pin
   * of its links is. */
  if (sql_first(
          db, &rows, error,
          "SELECT CAST(COALESCE(sum(CASE WHEN pinned <= $1 THEN 1 ELSE 0 END), 0) AS BIGINT), "
          "CAST(COALESCE(sum(CASE WHEN pinned <= $1 THEN size ELSE 0 END), 0) AS BIGINT), "
          "count(*), CAST(COALESCE(sum(size), 0) AS BIGINT) FROM "
          "(SELECT size, COALESCE((SELECT max(pinned) FROM repository_blobs "
          "WHERE repository_blobs.digest = blobs.digest), 0) AS pinned "
          "FROM blobs WHERE NOT EXISTS (SELECT 1 FROM repository_blobs "
          "JOIN manifest_references "
          "ON manifest_references.repository = repository_blobs.repository "
          "AND manifest_references.digest IN (repository_blobs.digest, '*') "
          "WHERE repository_blobs.digest = blobs.digest AND ($2 = 0 OR NOT EXISTS "
          "(SELECT 1 FROM deleted_manifests "
          "WHERE deleted_manifests.repository = manifest_references.repository "
          "AND deleted_manifests.digest = manifest_references.manifest)))) AS dead",
          SQL_INTEGER(g_get_real_time() - (int64_t)asked->grace * G_USEC_PER_SEC),
          SQL_INTEGER(asked->forget_deleted), SQL_END) != FOUND)
    return false;
  collected->blobs = (uint64_t)sql_rows_integer(rows, 0);
  collected->bytes = (uint64_t)sql_rows_integer(rows, 1);
  collected->waiting_blobs = (uint64_t)sql_rows_integer(rows, 2) - collected->blobs;
  collected->waiting_bytes = (uint64_t)sql_rows_integer(rows, 3) - collected->bytes;
  return true;
}
