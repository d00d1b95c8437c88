/* Rows of chain ids; see the header. */
#include "pipeline/chains-private.h"

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

static void
chain_holder_free(void *data)
{
  ChainHolder *holder = data;
  g_free(holder->manifest);
  g_free(holder->repository);
  g_free(holder);
}

/* CROSS JOIN: in the order of the first table, which its index gives. */
GPtrArray *
chains_find(SqlPool *sql, const Digest *chain, const char *platform, unsigned limit, GError **error)
{
  g_autoptr(SqlConnection) db = sql_acquire(sql, error);
  if (db == NULL)
    return NULL;
  g_autoptr(GPtrArray) holders = g_ptr_array_new_with_free_func(chain_holder_free);
  g_autoptr(SqlRows) rows =
      sql_query(db, error,
                "SELECT image_chains.manifest, manifests.repository "
                "FROM image_chains CROSS JOIN manifests "
                "WHERE chain = $1 AND platform = $2 AND manifests.digest = image_chains.manifest "
                "ORDER BY noted DESC LIMIT $3",
                SQL_TEXT(chain->text), SQL_TEXT(platform), SQL_INTEGER(limit), SQL_END);
  Found found;
  while ((found = sql_next(rows, error)) == FOUND) {
    ChainHolder *holder = g_new0(ChainHolder, 1);
    holder->manifest = g_strdup(sql_rows_text(rows, 0));
    holder->repository = g_strdup(sql_rows_text(rows, 1));
    g_ptr_array_add(holders, holder);
  }
  return found == FAILED ? NULL : g_steal_pointer(&holders);
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
