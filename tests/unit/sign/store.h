/* A registry's store in memory, for what reads signatures from one. */
#pragma once

#include <jansson.h>

#include "base/error.h"
#include "sign/formats/read.h"

typedef struct {
  GHashTable *manifests; /* tag or digest -> GBytes */
  GHashTable *blobs;     /* digest -> GBytes */
  json_t *referrers;     /* descriptors */
  const char *broken;    /* what it fails to give */
  int64_t known_since;
} Store;

static inline void
store_init(Store *store)
{
  *store = (Store){.manifests = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                                      (GDestroyNotify)g_bytes_unref),
                   .blobs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                                  (GDestroyNotify)g_bytes_unref),
                   .referrers = json_array()};
}

static inline void
store_clear(Store *store)
{
  g_hash_table_unref(store->manifests);
  g_hash_table_unref(store->blobs);
  json_decref(store->referrers);
}

static inline GBytes *
store_get(Store *store, GHashTable *table, const char *name, GError **error)
{
  if (g_strcmp0(store->broken, name) == 0) {
    error_set(error, ASSAY_ERROR_NETWORK, "it does not answer");
    return NULL;
  }
  GBytes *bytes = g_hash_table_lookup(table, name);
  if (bytes == NULL)
    error_set(error, ASSAY_ERROR_NOT_FOUND, "there is no %s", name);
  return bytes == NULL ? NULL : g_bytes_ref(bytes);
}

static inline GBytes *
store_manifest(void *data, const char *reference, char **media_type, GError **error)
{
  *media_type = g_strdup("application/vnd.oci.image.manifest.v1+json");
  return store_get(data, ((Store *)data)->manifests, reference, error);
}

static inline GBytes *
store_blob(void *data, const char *digest, uint64_t most, GError **error)
{
  return store_get(data, ((Store *)data)->blobs, digest, error);
}

static inline json_t *
store_referrers(void *data, const char *digest, GError **error)
{
  return json_incref(((Store *)data)->referrers);
}

static inline int64_t
store_known_since(void *data, const Digest *manifest)
{
  return ((Store *)data)->known_since;
}

static inline SignatureSource
store_source(Store *store)
{
  return (SignatureSource){.data = store,
                           .manifest = store_manifest,
                           .referrers = store_referrers,
                           .blob = store_blob,
                           .known_since = store_known_since};
}

static inline Digest
store_put_blob(Store *store, Slice bytes)
{
  Digest digest = digest_of(DIGEST_SHA256, bytes);
  g_hash_table_insert(store->blobs, g_strdup(digest.text), g_bytes_new(bytes.data, bytes.size));
  return digest;
}

/* @tag: NULL: it is a referrer. */
static inline Digest
store_put_manifest(Store *store, const char *tag, Slice bytes)
{
  Digest digest = digest_of(DIGEST_SHA256, bytes);
  g_hash_table_insert(store->manifests, g_strdup(tag != NULL ? tag : digest.text),
                      g_bytes_new(bytes.data, bytes.size));
  if (tag == NULL)
    json_array_append_new(store->referrers, json_pack("{s:s}", "digest", digest.text));
  return digest;
}
