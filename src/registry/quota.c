/* What a namespace holds, counted in the transactions that change it, and what it may hold.
 *
 * A blob counts once in a namespace, however many of its repositories have it, and from its first
 * link there to its last one. Manifests and tags count each. What a namespace holds is a row of
 * `namespace_usage`; one without a row was filled by an older version and is counted in the
 * background, or when a quota is set. The row is locked before it is decided whether a blob is
 * new, so that two that bring the same blob count it once. */
#include <string.h>

#include "registry/namespaces.h"
#include "registry/registry-private.h"

/* --- charging --- */

static bool
refuse(const char *space, const char *what, const char *unit, uint64_t used, uint64_t limit,
       uint64_t needed, GError **error)
{
  return registry_error_set(
      error, REGISTRY_DENIED,
      "namespace %s is full: its quota of %s is %" G_GUINT64_FORMAT ", %" G_GUINT64_FORMAT
      " are used, and this needs %" G_GUINT64_FORMAT
      " more; delete what is not needed, or raise the quota (assay namespace set --quota-%s)",
      space, unit, limit, used, needed, what);
}

/* @after: what is used with @more of it; a quota that was passed before keeps nobody from making
 * less. */
static bool
check(const Namespace *space, const NamespaceUsage *after, int64_t bytes, int64_t images,
      int64_t tags, GError **error)
{
  if (bytes > 0 && space->quota_bytes > 0 && after->bytes > space->quota_bytes)
    return refuse(space->name, "bytes", "bytes", after->bytes - (uint64_t)bytes, space->quota_bytes,
                  (uint64_t)bytes, error);
  if (images > 0 && space->quota_images > 0 && after->images > space->quota_images)
    return refuse(space->name, "images", "images", after->images - (uint64_t)images,
                  space->quota_images, (uint64_t)images, error);
  if (tags > 0 && space->quota_tags > 0 && after->tags > space->quota_tags)
    return refuse(space->name, "tags", "tags", after->tags - (uint64_t)tags, space->quota_tags,
                  (uint64_t)tags, error);
  return true;
}

static bool
has_quota(const Namespace *space)
{
  return space->quota_bytes > 0 || space->quota_images > 0 || space->quota_tags > 0;
}

static bool
charge(SqlConnection *db, const char *repository, int64_t bytes, int64_t images, int64_t tags,
       QuotaRule rule, GError **error)
{
  int64_t changed = 0;
  NamespaceUsage after;
  g_autofree char *name = namespace_of(repository);
  if ((bytes == 0 && images == 0 && tags == 0) ||
      !sql_run(db, &changed, error,
               "UPDATE namespace_usage SET bytes = bytes + $2, images = images + $3, "
               "tags = tags + $4 WHERE namespace = $1",
               SQL_TEXT(name), SQL_INTEGER(bytes), SQL_INTEGER(images), SQL_INTEGER(tags), SQL_END))
    return bytes == 0 && images == 0 && tags == 0;
  /* Uncounted, it has no quota: that is counted when one is set. */
  if (changed == 0 || rule == QUOTA_COUNTS || (bytes <= 0 && images <= 0 && tags <= 0))
    return true;
  g_autoptr(Namespace) space = namespace_load(db, name, error);
  return space != NULL && (!has_quota(space) || (quota_usage(db, name, &after, error) == FOUND &&
                                                 check(space, &after, bytes, images, tags, error)));
}

bool
quota_charge(SqlConnection *db, const char *repository, int64_t images, int64_t tags,
             QuotaRule rule, GError **error)
{
  return charge(db, repository, 0, images, tags, rule, error);
}

bool
quota_refuse_passed(SqlConnection *db, const char *name, GError **error)
{
  NamespaceUsage usage;
  g_autoptr(Namespace) space = namespace_load(db, name, error);
  return space != NULL && (!has_quota(space) || (quota_usage(db, name, &usage, error) == FOUND &&
                                                 check(space, &usage, 1, 1, 1, error)));
}

/* Whether another repository of the namespace has the blob. */
static Found
is_elsewhere(SqlConnection *db, const char *space, const char *repository, const Digest *digest,
             GError **error)
{
  g_autoptr(SqlRows) rows = NULL;
  g_autofree char *below = g_strconcat(space, "/", NULL), *end = namespace_end(space);
  return sql_first(db, &rows, error,
                   "SELECT 1 FROM repository_blobs WHERE digest = $1 AND repository <> $4 AND "
                   "((repository > $2 AND repository < $3) OR repository = $5) LIMIT 1",
                   SQL_TEXT(digest->text), SQL_TEXT(below), SQL_TEXT(end), SQL_TEXT(repository),
                   SQL_TEXT(space), SQL_END);
}

Found
quota_has_elsewhere(SqlConnection *db, const char *repository, const Digest *digest, GError **error)
{
  g_autofree char *name = namespace_of(repository);
  return is_elsewhere(db, name, repository, digest, error);
}

bool
quota_freed(SqlConnection *db, const char *repository, int64_t bytes, GError **error)
{
  return charge(db, repository, -bytes, 0, 0, QUOTA_COUNTS, error);
}

static bool
size_of(SqlConnection *db, const Digest *digest, int64_t *size, GError **error)
{
  g_autoptr(SqlRows) rows = sql_query(db, error, "SELECT size FROM blobs WHERE digest = $1",
                                      SQL_TEXT(digest->text), SQL_END);
  return sql_number(rows, size, error);
}

static bool
charge_blob(SqlConnection *db, const char *repository, const Digest *digest, bool linked,
            QuotaRule rule, GError **error)
{
  int64_t size = 0;
  g_autofree char *name = namespace_of(repository);
  Found elsewhere = is_elsewhere(db, name, repository, digest, error);
  if (elsewhere != ABSENT)
    return elsewhere == FOUND;
  return size_of(db, digest, &size, error) &&
         charge(db, repository, linked ? size : -size, 0, 0, rule, error);
}

bool
quota_linked(SqlConnection *db, const char *repository, const Digest *digest, QuotaRule rule,
             GError **error)
{
  return charge_blob(db, repository, digest, true, rule, error);
}

bool
quota_unlinked(SqlConnection *db, const char *repository, const Digest *digest, GError **error)
{
  return charge_blob(db, repository, digest, false, QUOTA_COUNTS, error);
}

bool
quota_begin(SqlConnection *db, const char *repository, GError **error)
{
  g_autoptr(SqlRows) rows = NULL;
  g_autofree char *name = namespace_of(repository);
  g_autofree char *below = g_strconcat(name, "/", NULL), *end = namespace_end(name);
  Found others =
      sql_first(db, &rows, error,
                "SELECT 1 FROM repositories WHERE (name = $1 OR (name > $2 AND name < $3)) "
                "AND name <> $4 LIMIT 1",
                SQL_TEXT(name), SQL_TEXT(below), SQL_TEXT(end), SQL_TEXT(repository), SQL_END);
  return others == FOUND ||
         (others == ABSENT && sql_run(db, NULL, error,
                                      "INSERT INTO namespace_usage (namespace, bytes, images, "
                                      "tags) VALUES ($1, 0, 0, 0) "
                                      "ON CONFLICT (namespace) DO NOTHING",
                                      SQL_TEXT(name), SQL_END));
}

bool
quota_refuse_blob(SqlConnection *db, const char *repository, const Digest *digest, uint64_t size,
                  GError **error)
{
  NamespaceUsage usage;
  g_autofree char *name = namespace_of(repository);
  g_autoptr(Namespace) space = namespace_load(db, name, error);
  if (space == NULL || space->quota_bytes == 0)
    return space != NULL;
  Found known = quota_usage(db, name, &usage, error);
  Found has = known == FOUND ? is_elsewhere(db, name, "", digest, error) : FOUND;
  if (known == FAILED || has != ABSENT)
    return known != FAILED && has == FOUND;
  usage.bytes += size;
  return check(space, &usage, (int64_t)size, 0, 0, error);
}
