/* What a manifest needs and its repository or the disk lacks. */
#include <string.h>

#include "registry/registry-private.h"

typedef struct {
  Registry *registry;
  SqlConnection *db;
  const char *repository, *manifest;
  GPtrArray *missing;
  GHashTable *seen; /* digests that were looked up */
} Search;

/* Whoever gets a list of so many has to push again anyhow. */
#define MISSING_MAX 20

static bool
is_listed_only(const Search *search, const Descriptor *member, GError **error)
{
  g_autoptr(SqlRows) rows =
      sql_query(search->db, error,
                "SELECT 1 FROM manifest_references WHERE repository = $1 AND digest = $2 "
                "AND manifest = $3 AND kind = 'listed'",
                SQL_TEXT(search->repository), SQL_TEXT(member->digest.text),
                SQL_TEXT(search->manifest), SQL_END);
  return registry_row_exists(rows, error);
}

static bool
is_had(const Search *search, const Descriptor *descriptor, bool member, GError **error)
{
  g_autoptr(GError) failure = NULL;
  const Digest *digest = &descriptor->digest;
  bool had =
      (member && references_has_manifest(search->db, search->repository, digest, &failure)) ||
      (failure == NULL && blob_store_has(search->registry->blobs, digest, NULL) &&
       references_has_blob(search->db, search->repository, digest, &failure)) ||
      (failure == NULL && member && is_listed_only(search, descriptor, &failure));
  if (failure != NULL)
    g_propagate_error(error, g_steal_pointer(&failure));
  return had;
}

static bool
note_missing(const Descriptor *descriptor, const char *kind, void *data, GError **error)
{
  const Search *search = data;
  g_autoptr(GError) failure = NULL;
  /* A manifest may name one blob ten thousand times. */
  if (strcmp(kind, "foreign") == 0 || search->missing->len >= MISSING_MAX ||
      !g_hash_table_add(search->seen, g_strdup(descriptor->digest.text)))
    return true;
  bool had = is_had(search, descriptor, strcmp(kind, "member") == 0, &failure);
  if (failure != NULL) {
    g_propagate_error(error, g_steal_pointer(&failure));
    return false;
  }
  if (!had)
    g_ptr_array_add(search->missing, g_strdup(descriptor->digest.text));
  return true;
}

GPtrArray *
registry_missing(Registry *registry, const char *repository, const Digest *manifest, GError **error)
{
  g_autoptr(GError) failure = NULL;
  g_autoptr(SqlConnection) db = sql_acquire(registry->sql, SQL_READ, error);
  if (db == NULL)
    return NULL;
  g_autoptr(GPtrArray) missing = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(Manifest) parsed = references_load(db, repository, manifest, &failure);
  g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  Search search = {registry, db, repository, manifest->text, missing, seen};
  if (parsed != NULL)
    references_visit(parsed, note_missing, &search, &failure);
  if (failure == NULL)
    return g_steal_pointer(&missing);
  g_propagate_error(error, g_steal_pointer(&failure));
  return NULL;
}
