/* What a repository holds: tags, the catalogue, referrers. */
#include <string.h>

#include "base/json.h"
#include "oci/media_type.h"
#include "oci/reference.h"
#include "registry/registry-private.h"

/* Up to @n names (negative: all) of a query that gives them in order. */
static GStrv
collect_names(SqlRows *rows, int64_t n, bool *more, GError **error)
{
  Found found;
  g_autoptr(GStrvBuilder) names = g_strv_builder_new();
  int64_t count = 0;
  *more = false;
  while ((found = sql_next(rows, error)) == FOUND) {
    if (n >= 0 && count++ == n) {
      *more = true;
      break;
    }
    g_strv_builder_add(names, sql_rows_text(rows, 0));
  }
  if (found == FAILED)
    return NULL;
  return g_strv_builder_end(names);
}

/* One more than asked for tells whether there are others. */
static int64_t
row_limit(int64_t n)
{
  return n < 0 || n == INT64_MAX ? INT64_MAX : n + 1;
}

GStrv
registry_tags(Registry *registry, const char *repository, const char *last, int64_t n, bool *more,
              GError **error)
{
  if (!registry_check_name(repository, error))
    return NULL;
  g_autoptr(SqlConnection) db = sql_acquire(registry->sql, error);
  if (db == NULL || !registry_check_known(db, repository, error))
    return NULL;
  g_autoptr(SqlRows) rows = sql_query(db, error,
                                      "SELECT name FROM tags WHERE repository = $1 AND name > $2 "
                                      "ORDER BY name LIMIT $3",
                                      SQL_TEXT(repository), SQL_TEXT(last != NULL ? last : ""),
                                      SQL_INTEGER(row_limit(n)), SQL_END);
  return collect_names(rows, n, more, error);
}

GStrv
registry_catalog(Registry *registry, const char *last, int64_t n, bool *more, GError **error)
{
  g_autoptr(SqlConnection) db = sql_acquire(registry->sql, error);
  if (db == NULL)
    return NULL;
  g_autoptr(SqlRows) rows =
      sql_query(db, error, "SELECT name FROM repositories WHERE name > $1 ORDER BY name LIMIT $2",
                SQL_TEXT(last != NULL ? last : ""), SQL_INTEGER(row_limit(n)), SQL_END);
  return collect_names(rows, n, more, error);
}

static GPtrArray *
names_by(Registry *registry, const char *query, const Digest *digest, GError **error)
{
  g_autoptr(SqlConnection) db = sql_acquire(registry->sql, error);
  if (db == NULL)
    return NULL;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
  g_autoptr(SqlRows) rows = sql_query(db, error, query, SQL_TEXT(digest->text), SQL_END);
#pragma GCC diagnostic pop
  return rows == NULL ? NULL : sql_texts(rows, error);
}

GPtrArray *
registry_repositories_of(Registry *registry, const Digest *manifest, GError **error)
{
  return names_by(registry, "SELECT repository FROM manifests WHERE digest = $1 LIMIT 1000",
                  manifest, error);
}

GPtrArray *
registry_repositories_with(Registry *registry, const Digest *blob, GError **error)
{
  return names_by(registry, "SELECT repository FROM repository_blobs WHERE digest = $1 LIMIT 1000",
                  blob, error);
}

GPtrArray *
registry_indexes_with(Registry *registry, const char *repository, const Digest *manifest,
                      GError **error)
{
  g_autoptr(SqlConnection) db = sql_acquire(registry->sql, error);
  if (db == NULL)
    return NULL;
  g_autoptr(SqlRows) rows =
      sql_query(db, error,
                "SELECT manifest FROM manifest_references WHERE repository = $1 AND digest = $2 "
                "AND kind = 'member' LIMIT 1000",
                SQL_TEXT(repository), SQL_TEXT(manifest->text), SQL_END);
  return rows == NULL ? NULL : sql_texts(rows, error);
}

static GHashTable *
annotations_from_text(const char *text)
{
  g_autoptr(json_t) object = text == NULL ? NULL : json_parse(slice_from_string(text), NULL);
  if (object == NULL)
    return NULL;
  GHashTable *annotations = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  const char *key;
  json_t *value;
  json_object_foreach(object, key, value) {
    g_hash_table_insert(annotations, g_strdup(key), g_strdup(json_string_value(value)));
  }
  return annotations;
}

/* What an index may hold, as its readers bound it. */
#define REFERRERS_BYTES_MAX ((size_t)4 * 1024 * 1024)
/* What a descriptor takes in an index beside its annotations. */
#define DESCRIPTOR_BYTES ((size_t)512)

/* Fills @referrers up to the bound; *more tells that others follow. */
static bool
add_stored_referrers(SqlConnection *db, const char *repository, const Digest *digest,
                     const char *artifact_type, const char *last, GPtrArray *referrers, bool *more,
                     GError **error)
{
  g_autoptr(SqlRows) rows = sql_query(
      db, error,
      "SELECT digest, media_type, artifact_type, annotations, length(content) "
      "FROM manifests WHERE repository = $1 AND subject = $2 AND digest > $3 "
      "ORDER BY digest",
      SQL_TEXT(repository), SQL_TEXT(digest->text), SQL_TEXT(last != NULL ? last : ""), SQL_END);
  size_t bytes = 0;
  Found found = ABSENT;
  while (!*more && (found = sql_next(rows, error)) == FOUND) {
    const char *type = sql_rows_text(rows, 2), *annotations = sql_rows_text(rows, 3);
    if (artifact_type != NULL && g_strcmp0(type, artifact_type) != 0)
      continue;
    bytes += DESCRIPTOR_BYTES + (annotations != NULL ? strlen(annotations) : 0);
    *more = referrers->len > 0 && bytes > REFERRERS_BYTES_MAX;
    if (*more)
      break;
    Descriptor *descriptor = g_new0(Descriptor, 1);
    g_strlcpy(descriptor->digest.text, sql_rows_text(rows, 0), sizeof descriptor->digest.text);
    descriptor->media_type = g_strdup(sql_rows_text(rows, 1));
    descriptor->artifact_type = g_strdup(type);
    descriptor->annotations = annotations_from_text(annotations);
    descriptor->size = (uint64_t)sql_rows_integer(rows, 4);
    g_ptr_array_add(referrers, descriptor);
  }
  return found != FAILED;
}

/* There, and not listed by its own subject anyway. */
static bool
is_listed_by_tag_alone(SqlConnection *db, const char *repository, const Digest *digest,
                       const Digest *subject)
{
  g_autoptr(SqlRows) rows = NULL;
  return sql_first(db, &rows, NULL,
                   "SELECT subject FROM manifests WHERE repository = $1 AND digest = $2",
                   SQL_TEXT(repository), SQL_TEXT(digest->text), SQL_END) == FOUND &&
         g_strcmp0(sql_rows_text(rows, 0), subject->text) != 0;
}

/* distribution-spec, "Referrers Tag Schema": clients of registries without the referrers API keep
 * an index under the tag "sha256-<hex>", of which the hex is cut to 64 digits. What they listed
 * there stays found. */
static void
add_fallback_referrers(Registry *registry, SqlConnection *db, const char *repository,
                       const Digest *digest, const char *artifact_type, GPtrArray *referrers)
{
  g_autofree char *tag = tag_of_referrers(digest);
  g_autoptr(StoredManifest) stored = registry_manifest_get(registry, repository, tag, NULL);
  g_autoptr(Manifest) index =
      stored == NULL ? NULL
                     : manifest_parse(slice_from_bytes(stored->bytes), stored->media_type, NULL);
  if (index == NULL || index->kind != MANIFEST_INDEX)
    return;
  while (index->manifests->len > 0) {
    Descriptor *descriptor = g_ptr_array_steal_index(index->manifests, 0);
    if ((artifact_type == NULL || g_strcmp0(descriptor->artifact_type, artifact_type) == 0) &&
        is_listed_by_tag_alone(db, repository, &descriptor->digest, digest))
      g_ptr_array_add(referrers, descriptor);
    else
      descriptor_free(descriptor);
  }
}

GPtrArray *
registry_referrers(Registry *registry, const char *repository, const Digest *digest,
                   const char *artifact_type, const char *last, bool *more, GError **error)
{
  *more = false;
  if (!registry_check_name(repository, error))
    return NULL;
  g_autoptr(GPtrArray) referrers = g_ptr_array_new_with_free_func((GDestroyNotify)descriptor_free);
  g_autoptr(SqlConnection) db = sql_acquire(registry->sql, error);
  if (db == NULL ||
      !add_stored_referrers(db, repository, digest, artifact_type, last, referrers, more, error))
    return NULL;
  if (!*more)
    add_fallback_referrers(registry, db, repository, digest, artifact_type, referrers);
  return g_steal_pointer(&referrers);
}

/* --- images --- */

static void
stored_image_free(void *data)
{
  StoredImage *image = data;
  g_free(image->media_type);
  g_free(image->artifact_type);
  g_strfreev(image->tags);
  g_free(image);
}

static int
compare_names(const void *a, const void *b)
{
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static GStrv
tags_of(SqlConnection *db, const char *repository, const char *digest, GError **error)
{
  bool more;
  g_autoptr(SqlRows) rows =
      sql_query(db, error, "SELECT name FROM tags WHERE repository = $1 AND digest = $2",
                SQL_TEXT(repository), SQL_TEXT(digest), SQL_END);
  GStrv names = collect_names(rows, -1, &more, error);
  /* Here, for SQLite would go through all tags of the repository in order of their names, rather
   * than by the index of digests. */
  if (names != NULL)
    qsort(names, g_strv_length(names), sizeof *names, compare_names);
  return names;
}

GPtrArray *
registry_tags_of(Registry *registry, const ImageName *images, size_t count, GError **error)
{
  g_autoptr(SqlConnection) db = sql_acquire_snapshot(registry->sql, error);
  g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev);
  GStrv tags = NULL;
  for (size_t i = 0; db != NULL && i < count; i++) {
    tags = tags_of(db, images[i].repository, images[i].digest, error);
    if (tags == NULL)
      return NULL;
    g_ptr_array_add(all, tags);
  }
  return db == NULL ? NULL : g_steal_pointer(&all);
}

static bool
count_manifests(SqlConnection *db, const char *repository, uint64_t *total, GError **error)
{
  g_autoptr(SqlRows) rows =
      sql_query(db, error, "SELECT count(*) FROM manifests WHERE repository = $1",
                SQL_TEXT(repository), SQL_END);
  if (sql_next(rows, error) != FOUND)
    return false;
  *total = (uint64_t)sql_rows_integer(rows, 0);
  return true;
}

#define IMAGE_COLUMNS                                                                              \
  "SELECT manifests.digest, media_type, artifact_type, manifests.pushed, pulled, pulls "           \
  "FROM manifests LEFT JOIN image_use ON image_use.repository = manifests.repository "             \
  "AND image_use.digest = manifests.digest "

static SqlRows *
query_images(SqlConnection *db, const char *repository, const char *reference, int64_t limit,
             int64_t offset, GError **error)
{
  /* At most one row. */
  if (reference != NULL)
    return sql_query(db, error,
                     IMAGE_COLUMNS "WHERE manifests.repository = $1 AND manifests.digest = "
                                   "COALESCE((SELECT tags.digest FROM tags "
                                   "WHERE tags.repository = $1 AND tags.name = $2), $2)",
                     SQL_TEXT(repository), SQL_TEXT(reference), SQL_END);
  return sql_query(db, error,
                   IMAGE_COLUMNS "WHERE manifests.repository = $1 ORDER BY manifests.pushed DESC, "
                                 "manifests.digest LIMIT $2 OFFSET $3",
                   SQL_TEXT(repository), SQL_INTEGER(limit), SQL_INTEGER(offset), SQL_END);
}

/* (transfer full): StoredImage; NULL: as sql_next() has failed */
static GPtrArray *
take_images(SqlConnection *db, const char *repository, SqlRows *rows, GError **error)
{
  Found found;
  g_autoptr(GPtrArray) images = g_ptr_array_new_with_free_func(stored_image_free);
  while ((found = sql_next(rows, error)) == FOUND) {
    StoredImage *image = g_new0(StoredImage, 1);
    g_ptr_array_add(images, image);
    g_strlcpy(image->digest.text, sql_rows_text(rows, 0), sizeof image->digest.text);
    image->media_type = g_strdup(sql_rows_text(rows, 1));
    image->artifact_type = g_strdup(sql_rows_text(rows, 2));
    image->pushed = sql_rows_integer(rows, 3);
    if (!sql_rows_is_null(rows, 4)) {
      image->pulled = sql_rows_integer(rows, 4);
      image->pulls = (uint64_t)sql_rows_integer(rows, 5);
    }
    image->tags = tags_of(db, repository, image->digest.text, error);
    if (image->tags == NULL)
      return NULL;
  }
  return found == FAILED ? NULL : g_steal_pointer(&images);
}

GPtrArray *
registry_images(Registry *registry, const char *repository, const char *reference, int64_t limit,
                int64_t offset, uint64_t *total, GError **error)
{
  if (!registry_check_name(repository, error))
    return NULL;
  g_autoptr(SqlConnection) db = sql_acquire(registry->sql, error);
  if (db == NULL || !registry_check_known(db, repository, error) ||
      !count_manifests(db, repository, total, error))
    return NULL;
  g_autoptr(SqlRows) rows = query_images(db, repository, reference, limit, offset, error);
  g_autoptr(GPtrArray) images = take_images(db, repository, rows, error);
  if (reference != NULL && images != NULL)
    *total = images->len;
  return g_steal_pointer(&images);
}

GPtrArray *
registry_images_after(Registry *registry, const char *repository, const char *last, int64_t limit,
                      GError **error)
{
  g_autoptr(SqlConnection) db = sql_acquire(registry->sql, error);
  if (db == NULL)
    return NULL;
  g_autoptr(SqlRows) rows =
      sql_query(db, error,
                IMAGE_COLUMNS "WHERE manifests.repository = $1 AND manifests.digest > $2 "
                              "ORDER BY manifests.digest LIMIT $3",
                SQL_TEXT(repository), SQL_TEXT(last), SQL_INTEGER(limit), SQL_END);
  return take_images(db, repository, rows, error);
}

bool
registry_totals(Registry *registry, RegistryTotals *totals, GError **error)
{
  g_autoptr(SqlConnection) db = sql_acquire(registry->sql, error);
  if (db == NULL)
    return false;
  g_autoptr(SqlRows) rows = sql_query(
      db, error,
      "SELECT (SELECT count(*) FROM repositories), (SELECT count(*) FROM manifests), count(*), "
      "CAST(COALESCE(sum(size), 0) AS BIGINT) FROM blobs",
      SQL_END);
  if (sql_next(rows, error) != FOUND)
    return false;
  *totals =
      (RegistryTotals){(uint64_t)sql_rows_integer(rows, 0), (uint64_t)sql_rows_integer(rows, 1),
                       (uint64_t)sql_rows_integer(rows, 2), (uint64_t)sql_rows_integer(rows, 3)};
  return true;
}
