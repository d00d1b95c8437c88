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

static Found
is_listed_only(const Search *search, const Descriptor *member, GError **error)
{
  g_autoptr(SqlRows) rows = NULL;
  return sql_first(search->db, &rows, error,
                   "SELECT 1 FROM manifest_references WHERE repository = $1 AND digest = $2 "
                   "AND manifest = $3 AND kind = 'listed'",
                   SQL_TEXT(search->repository), SQL_TEXT(member->digest.text),
                   SQL_TEXT(search->manifest), SQL_END);
}

static Found
is_had(const Search *search, const Descriptor *descriptor, bool member, GError **error)
{
  const Digest *digest = &descriptor->digest;
  Found had =
      member ? references_has_manifest(search->db, search->repository, digest, error) : ABSENT;
  if (had == ABSENT && blob_store_has(search->registry->blobs, digest, NULL))
    had = references_has_blob(search->db, search->repository, digest, error);
  if (had == ABSENT && member)
    had = is_listed_only(search, descriptor, error);
  return had;
}

static bool
note_missing(const Descriptor *descriptor, const char *kind, void *data, GError **error)
{
  const Search *search = data;
  /* A manifest may name one blob ten thousand times. */
  if (strcmp(kind, "foreign") == 0 || search->missing->len >= MISSING_MAX ||
      !g_hash_table_add(search->seen, g_strdup(descriptor->digest.text)))
    return true;
  Found had = is_had(search, descriptor, strcmp(kind, "member") == 0, error);
  if (had == ABSENT)
    g_ptr_array_add(search->missing, g_strdup(descriptor->digest.text));
  return had != FAILED;
}

GPtrArray *
registry_missing(Registry *registry, const char *repository, const Digest *manifest, GError **error)
{
  g_autoptr(Manifest) parsed = NULL;
  g_autoptr(SqlConnection) db = sql_acquire(registry->sql, error);
  if (db == NULL)
    return NULL;
  g_autoptr(GPtrArray) missing = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  Search search = {registry, db, repository, manifest->text, missing, seen};
  Found found = references_load(db, repository, manifest, &parsed, error);
  if (found == FAILED ||
      (found == FOUND && !references_visit(parsed, note_missing, &search, error)))
    return NULL;
  return g_steal_pointer(&missing);
}
