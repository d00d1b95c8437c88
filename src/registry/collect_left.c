/* Collection of what is no blob: what deleted images left (gone-private.h), and repositories that
 * hold nothing. */
#include "jobs/outbox.h"
#include "registry/collect-private.h"
#include "registry/gone-private.h"
#include "registry/registry-private.h"

/* --- referrers of what is gone --- */

static bool
delete_referrers(Registry *registry, const Gone *gone, Collected *collected, GError **error)
{
  g_autoptr(GPtrArray) digests = gone_referrers(registry->sql, gone, error);
  if (digests == NULL)
    return false;
  for (guint i = 0; i < digests->len; i++) {
    Digest referrer;
    bool deleted = false;
    if (!digest_parse(g_ptr_array_index(digests, i), &referrer, error) ||
        !registry_manifest_delete_left(registry, gone->repository, &referrer, &gone->digest,
                                       &deleted, error))
      return false;
    collected->referrers += deleted;
  }
  return true;
}

bool
collect_referrers(Registry *registry, uint32_t grace, const CollectWatch *watch,
                  Collected *collected, GError **error)
{
  for (;;) {
    /* Anew each time, for referrers that were deleted may have had some of their own. */
    int64_t before = g_get_real_time() - (int64_t)grace * G_USEC_PER_SEC;
    g_autoptr(GPtrArray) list = gone_before(registry->sql, before, error);
    if (list == NULL || list->len == 0)
      return list != NULL;
    for (guint i = 0; i < list->len; i++) {
      const Gone *gone = g_ptr_array_index(list, i);
      if (!watch->step(collected, 0, 0, watch->data) ||
          !delete_referrers(registry, gone, collected, error) ||
          !gone_forget(registry->sql, gone, before, error))
        return false;
    }
  }
}

/* --- empty repositories --- */

#define HOLDS_NOTHING                                                                              \
  "NOT EXISTS (SELECT 1 FROM manifests WHERE manifests.repository = repositories.name) AND "       \
  "NOT EXISTS (SELECT 1 FROM deleted_manifests "                                                   \
  "WHERE deleted_manifests.repository = repositories.name) AND "                                   \
  "NOT EXISTS (SELECT 1 FROM repository_blobs "                                                    \
  "WHERE repository_blobs.repository = repositories.name)"

typedef struct {
  const char *name;
  int64_t changed;
} Empty;

/* Who pushes to it locks it as well, and makes it anew where it is gone. */
static bool
delete_empty(SqlConnection *db, void *data, GError **error)
{
  Empty *empty = data;
  return registry_lock_repository(db, empty->name, error) &&
         sql_run(db, &empty->changed, error,
                 "DELETE FROM repositories WHERE name = $1 AND " HOLDS_NOTHING,
                 SQL_TEXT(empty->name), SQL_END) &&
         (empty->changed == 0 || event_tell(db, "repository.deleted", empty->name, NULL, error));
}

static GPtrArray *
empty_repositories(SqlPool *sql, GError **error)
{
  g_autoptr(SqlConnection) db = sql_acquire(sql, error);
  if (db == NULL)
    return NULL;
  g_autoptr(SqlRows) rows =
      sql_query(db, error, "SELECT name FROM repositories WHERE " HOLDS_NOTHING, SQL_END);
  return sql_texts(rows, error);
}

bool
collect_repositories(Registry *registry, const CollectWatch *watch, Collected *collected,
                     GError **error)
{
  g_autoptr(GPtrArray) names = empty_repositories(registry->sql, error);
  for (guint i = 0; names != NULL && i < names->len; i++) {
    Empty empty = {g_ptr_array_index(names, i), 0};
    if (!watch->step(collected, 0, 0, watch->data) ||
        !sql_transact(registry->sql, delete_empty, &empty, error))
      return false;
    collected->repositories += empty.changed > 0;
  }
  if (collected->repositories > 0)
    registry_changed(registry);
  return names != NULL;
}
