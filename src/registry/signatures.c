/* What lies beside an image, without reading it, and what is put there; see the header. */
#include "registry/signatures.h"

#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "oci/media_type.h"
#include "oci/reference.h"
#include "registry/registry-private.h"
#include "sign/formats/cosign.h"
#include "sign/formats/dsse.h"

/* Several threads may read at the same time. */
#define BYTES_MAX ((uint64_t)16 * 1024 * 1024)

/* Tags are overwritten by each signer, referrers come and go: their digests, or, where there are
 * heaps of them, three numbers that no change leaves the same. */
static bool
look_at_referrers(SqlConnection *db, const char *repository, const Digest *manifest, GString *look,
                  GError **error)
{
  g_autoptr(SqlRows) rows =
      sql_query(db, error,
                "SELECT count(*), COALESCE(max(pushed), 0), CAST(COALESCE(sum(pushed % 1000003), "
                "0) AS BIGINT) "
                "FROM manifests WHERE repository = $1 AND subject = $2",
                SQL_TEXT(repository), SQL_TEXT(manifest->text), SQL_END);
  if (sql_next(rows, error) != FOUND)
    return false;
  g_string_append_printf(look, "%" PRId64 " %" PRId64 " %" PRId64, sql_rows_integer(rows, 0),
                         sql_rows_integer(rows, 1), sql_rows_integer(rows, 2));
  return true;
}

static bool
look_at_tags(SqlConnection *db, const char *repository, const Digest *manifest, GString *look,
             GError **error)
{
  g_autofree char *tag = tag_of_referrers(manifest);
  g_autofree char *signatures = cosign_tag(manifest, COSIGN_SIGNATURE_SUFFIX);
  g_autofree char *attestations = cosign_tag(manifest, DSSE_ATTESTATION_SUFFIX);
  g_autoptr(SqlRows) rows = sql_query(
      db, error,
      "SELECT name, digest FROM tags WHERE repository = $1 AND name IN ($2, $3, $4) "
      "ORDER BY name",
      SQL_TEXT(repository), SQL_TEXT(tag), SQL_TEXT(signatures), SQL_TEXT(attestations), SQL_END);
  Found found;
  while ((found = sql_next(rows, error)) == FOUND)
    g_string_append_printf(look, "\n%s %s", sql_rows_text(rows, 0), sql_rows_text(rows, 1));
  return found == ABSENT;
}

char *
registry_look_beside(Registry *registry, const char *repository, const Digest *manifest,
                     GError **error)
{
  g_autoptr(GString) look = g_string_new(NULL);
  g_autoptr(SqlConnection) db = sql_acquire_snapshot(registry->sql, error);
  return db != NULL && look_at_referrers(db, repository, manifest, look, error) &&
                 look_at_tags(db, repository, manifest, look, error)
             ? g_string_free(g_steal_pointer(&look), FALSE)
             : NULL;
}

GPtrArray *
registry_indexes_of(Registry *registry, const char *repository, const Digest *manifest,
                    unsigned most, bool *more, GError **error)
{
  *more = false;
  g_autoptr(SqlConnection) db = sql_acquire(registry->sql, error);
  if (db == NULL)
    return NULL;
  g_autoptr(SqlRows) rows = sql_query(
      db, error,
      "SELECT manifests.digest FROM manifest_references JOIN manifests ON manifests.repository = "
      "manifest_references.repository AND manifests.digest = manifest_references.manifest "
      "WHERE manifest_references.repository = $1 AND manifest_references.digest = $2 "
      "AND manifest_references.kind = 'member' AND (EXISTS (SELECT 1 FROM manifests AS beside "
      "WHERE beside.repository = $1 AND beside.subject = manifests.digest) OR EXISTS (SELECT 1 "
      "FROM tags WHERE tags.repository = $1 AND tags.name IN "
      "(replace(manifests.digest, ':', '-') || '.sig', "
      "replace(manifests.digest, ':', '-') || '.att'))) "
      "ORDER BY manifests.pushed, manifests.digest LIMIT $3",
      SQL_TEXT(repository), SQL_TEXT(manifest->text), SQL_INTEGER(most + 1), SQL_END);
  g_autoptr(GPtrArray) indexes = rows == NULL ? NULL : sql_texts(rows, error);
  if (indexes == NULL)
    return NULL;
  *more = indexes->len > most;
  if (*more)
    g_ptr_array_set_size(indexes, (int)most);
  return g_steal_pointer(&indexes);
}

/* --- as a client reads them --- */

/* What the formats call not there. False. */
static bool
translate(GError *failure, GError **error)
{
  bool absent = g_error_matches(failure, REGISTRY_ERROR, REGISTRY_MANIFEST_UNKNOWN) ||
                g_error_matches(failure, REGISTRY_ERROR, REGISTRY_BLOB_UNKNOWN) ||
                g_error_matches(failure, REGISTRY_ERROR, REGISTRY_NAME_UNKNOWN);
  if (!absent) {
    g_propagate_error(error, failure);
    return false;
  }
  error_set(error, ASSAY_ERROR_NOT_FOUND, "%s", failure->message);
  g_error_free(failure);
  return false;
}

static GBytes *
read_manifest(void *data, const char *reference, char **media_type, GError **error)
{
  const RegistrySignatures *place = data;
  GError *failure = NULL;
  g_autoptr(StoredManifest) stored =
      registry_manifest_get(place->registry, place->repository, reference, &failure);
  if (stored == NULL) {
    translate(failure, error);
    return NULL;
  }
  *media_type = g_steal_pointer(&stored->media_type);
  return g_steal_pointer(&stored->bytes);
}

static GBytes *
read_blob(void *data, const char *text, uint64_t most, GError **error)
{
  const RegistrySignatures *place = data;
  GError *failure = NULL;
  uint64_t size;
  Digest digest;
  if (!digest_parse(text, &digest, error))
    return NULL;
  if (!registry_blob_stat(place->registry, place->repository, &digest, &size, &failure)) {
    translate(failure, error);
    return NULL;
  }
  return blob_store_read(place->registry->blobs, &digest, most, error);
}

/* What may hold a signature, by its type: a heap of bills of materials hides none. */
static bool
may_be_signature(const char *artifact_type)
{
  static const char *const types[] = {"application/vnd.dev.sigstore.",
                                      "application/vnd.dev.cosign.", "application/vnd.cncf.notary.",
                                      "application/vnd.in-toto", "application/vnd.dsse."};
  for (size_t i = 0; artifact_type != NULL && i < G_N_ELEMENTS(types); i++)
    if (g_str_has_prefix(artifact_type, types[i]))
      return true;
  return false;
}

static void
append_descriptor(json_t *list, const Descriptor *descriptor)
{
  json_t *object = json_object();
  json_set_string(object, "mediaType", descriptor->media_type);
  json_set_string(object, "digest", descriptor->digest.text);
  json_set_number(object, "size", descriptor->size);
  json_set_string(object, "artifactType", descriptor->artifact_type);
  json_array_append_new(list, object);
}

static json_t *
read_referrers(void *data, const char *text, GError **error)
{
  const RegistrySignatures *place = data;
  g_autoptr(json_t) list = json_array();
  g_autofree char *last = NULL;
  Digest digest;
  bool more = true;
  if (!digest_parse(text, &digest, error))
    return NULL;
  /* By one more than it takes, the reader sees that there are more. */
  while (more && json_array_size(list) <= SIGNATURE_MANIFESTS_MAX) {
    g_autoptr(GPtrArray) page =
        registry_referrers(place->registry, place->repository, &digest, NULL, last, &more, error);
    if (page == NULL)
      return NULL;
    for (guint i = 0; i < page->len; i++) {
      const Descriptor *each = g_ptr_array_index(page, i);
      if (may_be_signature(each->artifact_type))
        append_descriptor(list, each);
      g_free(last);
      last = g_strdup(each->digest.text);
    }
    more = more && page->len > 0;
  }
  return g_steal_pointer(&list);
}

/* It was pushed then, whatever it says of itself. */
static int64_t
known_since(void *data, const Digest *manifest)
{
  const RegistrySignatures *place = data;
  g_autoptr(StoredManifest) stored =
      registry_manifest_get(place->registry, place->repository, manifest->text, NULL);
  return stored == NULL ? 0 : stored->pushed / G_USEC_PER_SEC;
}

SignatureSource
registry_signature_source(RegistrySignatures *place)
{
  return (SignatureSource){place, read_manifest, read_referrers, read_blob, known_since, BYTES_MAX};
}

bool
registry_signature_put(Registry *registry, const char *repository, const char *reference,
                       const GPtrArray *blobs, GBytes *manifest, const Digest *expected,
                       GError **error)
{
  for (guint i = 0; i < blobs->len; i++) {
    Slice bytes = slice_from_bytes(g_ptr_array_index(blobs, i));
    const Digest digest = digest_of(DIGEST_SHA256, bytes);
    if (!registry_put_blob(registry, repository, &digest, bytes, QUOTA_COUNTS, error))
      return false;
  }
  g_auto(PushedManifest) pushed = {0};
  return registry_put_manifest(registry, repository, reference, NULL, MEDIA_TYPE_OCI_MANIFEST,
                               manifest, QUOTA_COUNTS, expected, &pushed, error);
}
