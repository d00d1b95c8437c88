/* Rows of chain ids; see the header. */
#include "pipeline/chains-private.h"

/* Images, each once for each repository: who may see few of them gets those, however many others
 * came later. */
#define LOOKED_AT_MAX 100000

void
image_chain_clear(ImageChain *chain)
{
  g_free(chain->manifest);
  g_free(chain->platform);
  *chain = (ImageChain){0};
}

bool
chains_note(SqlConnection *db, const ImageChain *chain, GError **error)
{
  return sql_run(db, NULL, error,
                 "INSERT INTO image_chains (manifest, chain, platform, noted) "
                 "SELECT manifest, $2, $3, $4 FROM images WHERE manifest = $1 "
                 "ON CONFLICT (manifest) DO UPDATE SET chain = excluded.chain, "
                 "platform = excluded.platform",
                 SQL_TEXT(chain->manifest), SQL_TEXT(chain->chain.text), SQL_TEXT(chain->platform),
                 SQL_INTEGER(g_get_real_time()), SQL_END);
}

/* CROSS JOIN: in the order of the first table, which its index gives. */
GPtrArray *
chains_find(SqlPool *sql, const Digest *chain, const char *platform, NameSeen seen, void *data,
            unsigned limit, GError **error)
{
  g_autoptr(SqlConnection) db = sql_acquire(sql, error);
  if (db == NULL)
    return NULL;
  g_autoptr(GPtrArray) images = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(GHashTable) taken = g_hash_table_new(g_str_hash, g_str_equal);
  g_autoptr(SqlRows) rows =
      sql_query(db, error,
                "SELECT image_chains.manifest, manifests.repository "
                "FROM image_chains CROSS JOIN manifests "
                "WHERE chain = $1 AND platform = $2 AND manifests.digest = image_chains.manifest "
                "ORDER BY noted DESC LIMIT $3",
                SQL_TEXT(chain->text), SQL_TEXT(platform), SQL_INTEGER(LOOKED_AT_MAX), SQL_END);
  Found found = ABSENT;
  while (images->len < limit && (found = sql_next(rows, error)) == FOUND) {
    const char *manifest = sql_rows_text(rows, 0);
    if (g_hash_table_contains(taken, manifest) || !seen(sql_rows_text(rows, 1), data))
      continue;
    g_ptr_array_add(images, g_strdup(manifest));
    g_hash_table_add(taken, g_ptr_array_index(images, images->len - 1));
  }
  return found == FAILED ? NULL : g_steal_pointer(&images);
}

Found
chains_load(SqlPool *sql, const Digest *manifest, ImageChain *chain, GError **error)
{
  g_autoptr(SqlConnection) db = sql_acquire(sql, error);
  if (db == NULL)
    return FAILED;
  g_autoptr(SqlRows) rows = NULL;
  Found found = sql_first(db, &rows, error,
                          "SELECT chain, platform FROM image_chains WHERE manifest = $1 "
                          "AND chain <> ''",
                          SQL_TEXT(manifest->text), SQL_END);
  if (found != FOUND)
    return found;
  g_strlcpy(chain->chain.text, sql_rows_text(rows, 0), sizeof chain->chain.text);
  chain->platform = g_strdup(sql_rows_text(rows, 1));
  return FOUND;
}

Found
chains_are_of(SqlPool *sql, const char *repository, const Digest *manifest, const char *platform,
              GError **error)
{
  g_autoptr(SqlConnection) db = sql_acquire(sql, error);
  if (db == NULL)
    return FAILED;
  g_autoptr(SqlRows) rows =
      sql_query(db, error,
                "SELECT 1 FROM image_chains WHERE manifest = $1 AND platform = $2 AND EXISTS "
                "(SELECT 1 FROM manifests WHERE repository = $3 AND digest = $1)",
                SQL_TEXT(manifest->text), SQL_TEXT(platform), SQL_TEXT(repository), SQL_END);
  return sql_next(rows, error);
}
