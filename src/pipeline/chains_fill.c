/* The chain id of an image, made at its scan, and in the background of those that a version before
 * scanned. */
#include "base/log.h"
#include "oci/chain_id.h"
#include "oci/media_type.h"
#include "pipeline/pipeline-private.h"

#define FILLED_AT_ONCE 100

/* Of a scanned image the layers are what the config says, except where one that promises no archive
 * by its type held none. */
static bool
has_layers_alone(const Manifest *manifest)
{
  for (guint i = 0; i < manifest->layers->len; i++)
    if (!media_type_is_layer(
            ((const Descriptor *)g_ptr_array_index(manifest->layers, i))->media_type))
      return false;
  return manifest->kind == MANIFEST_IMAGE && manifest->layers->len > 0;
}

static bool
changes_something(const GPtrArray *diff_ids)
{
  for (guint i = 0; i < diff_ids->len; i++)
    if (!diff_id_is_of_nothing(g_ptr_array_index(diff_ids, i)))
      return true;
  return false;
}

bool
chains_of(Pipeline *pipeline, const char *digest, ImageChain *chain, GError **error)
{
  g_autoptr(Manifest) manifest = images_load_manifest(pipeline->sql, digest, error);
  if (manifest == NULL)
    return false;
  bool tells = has_layers_alone(manifest);
  g_autoptr(ImageConfig) config =
      tells ? images_load_config(pipeline->blobs, manifest, error) : NULL;
  if (tells && config == NULL)
    return false;
  chain->manifest = g_strdup(digest);
  chain->platform = tells ? image_config_platform(config) : g_strdup("");
  if (!tells || config->diff_ids->len != manifest->layers->len ||
      !changes_something(config->diff_ids))
    return true;
  g_autoptr(GArray) chains = chain_ids(config->diff_ids, config->diff_ids->len);
  chain->chain = g_array_index(chains, Digest, chains->len - 1);
  return true;
}

/* --- of images that a version before scanned --- */

/* From the one after *last on, which is the last of them then. (transfer full): char * */
static GPtrArray *
images_without(SqlPool *sql, int64_t *last, GError **error)
{
  g_autoptr(SqlConnection) db = sql_acquire(sql, error);
  if (db == NULL)
    return NULL;
  g_autoptr(SqlRows) rows =
      sql_query(db, error,
                "SELECT id, manifest FROM images WHERE id > $1 AND state + 0 = $2 AND NOT EXISTS "
                "(SELECT 1 FROM image_chains WHERE image_chains.manifest = images.manifest) "
                "ORDER BY id LIMIT $3",
                SQL_INTEGER(*last), SQL_INTEGER(SCAN_DONE), SQL_INTEGER(FILLED_AT_ONCE), SQL_END);
  return images_take_page(rows, last, error);
}

static bool
note_all(SqlConnection *db, void *data, GError **error)
{
  const GArray *chains = data;
  for (guint i = 0; i < chains->len; i++)
    if (!chains_note(db, &g_array_index(chains, ImageChain, i), error))
      return false;
  return true;
}

static bool
fill(Pipeline *pipeline, const GPtrArray *images, GError **error)
{
  g_autoptr(GArray) chains = g_array_new(FALSE, TRUE, sizeof(ImageChain));
  g_array_set_clear_func(chains, (GDestroyNotify)image_chain_clear);
  for (guint i = 0; i < images->len; i++) {
    const char *manifest = g_ptr_array_index(images, i);
    g_autoptr(GError) failure = NULL;
    ImageChain chain = {0};
    if (chains_of(pipeline, manifest, &chain, &failure))
      g_array_append_val(chains, chain);
    else
      log_warning("whether other images are built on an image that was scanned before is not known",
                  "digest", manifest, "error", failure->message, NULL);
  }
  return sql_transact_later(pipeline->sql, note_all, chains, error);
}

bool
chains_fill(Pipeline *pipeline, Job *job, GError **error)
{
  int64_t last = -1;
  for (;;) {
    g_autoptr(GPtrArray) images = images_without(pipeline->sql, &last, error);
    if (images == NULL || !fill(pipeline, images, error))
      return false;
    if (images->len < FILLED_AT_ONCE || job_cancelled(job))
      return true;
  }
}
