/* Taking a published database: what its manifest says is checked before anything is fetched, and
 * what is fetched before it takes the place of another. */
#include <string.h>

#include "advisory/feeds/unpack.h"
#include "artifact/advisories.h"
#include "artifact/artifact.h"
#include "base/error.h"
#include "base/fd.h"
#include "oci/manifest.h"
#include "oci/media_type.h"
#include "remote/download.h"

static const char *
annotation(const Manifest *manifest, const char *name)
{
  return manifest->annotations == NULL ? NULL : g_hash_table_lookup(manifest->annotations, name);
}

/* The one layer that is an advisory database; NULL with *error. */
static const Descriptor *
find_layer(const Manifest *manifest, GError **error)
{
  const char *type =
      manifest->artifact_type != NULL ? manifest->artifact_type : manifest->media_type;
  const char *format = annotation(manifest, ADVISORIES_FORMAT);
  if (manifest->kind != MANIFEST_IMAGE || strcmp(type, MEDIA_TYPE_ADVISORIES) != 0) {
    error_set(error, ASSAY_ERROR_INVALID,
              "is no advisory database, but %s; `assay db push` publishes one", type);
    return NULL;
  }
  const Descriptor *layer = manifest->layers->len == 1 ? manifest->layers->pdata[0] : NULL;
  if (layer == NULL || strcmp(layer->media_type, MEDIA_TYPE_ADVISORIES_LAYER) != 0) {
    error_set(error, ASSAY_ERROR_INVALID,
              "is an advisory database without its one layer of type " MEDIA_TYPE_ADVISORIES_LAYER);
    return NULL;
  }
  if (!advisory_format_is_known(format)) {
    error_set(error, ASSAY_ERROR_UNSUPPORTED,
              "the advisory database has the format \"%s\", which this version of assay does not "
              "read",
              format != NULL ? format : "");
    return NULL;
  }
  return layer;
}

/* What is offered, by its manifest's word. */
static bool
read_offer(const Manifest *manifest, PublishedAdvisories *published, GError **error)
{
  const Descriptor *layer = find_layer(manifest, error);
  const char *size = annotation(manifest, ADVISORIES_SIZE);
  if (layer == NULL)
    return false;
  if (size == NULL || !slice_to_uint64(slice_from_string(size), &published->size))
    return error_set(error, ASSAY_ERROR_INVALID, "does not say how large the advisory database is");
  published->packed = layer->size;
  if (MAX(published->size, published->packed) > ADVISORIES_SIZE_MAX)
    return error_set(error, ASSAY_ERROR_LIMIT,
                     "the advisory database has %" G_GUINT64_FORMAT " bytes, %" G_GUINT64_FORMAT
                     " when it is packed: more than 2 GiB are not taken",
                     published->size, published->packed);
  published->generation = g_strdup(annotation(manifest, ADVISORIES_GENERATION));
  published->created = g_strdup(annotation(manifest, ADVISORIES_CREATED));
  return true;
}

typedef struct {
  Remote *remote;
  const char *data_folder;
  const Descriptor *layer;
  uint64_t size;
  const Progress *progress;
  Cancellable *cancellable;
} Fetch;

/* The file that is asked for holds the packed bytes nowhere: those go to one without a name. */
static bool
fetch(int fd, void *data, GError **error)
{
  const Fetch *what = data;
  auto_fd int packed = temporary_file_new(what->data_folder, error);
  if (packed < 0 || !remote_download(what->remote, &what->layer->digest, what->layer->size, packed,
                                     what->progress, what->cancellable, error))
    return false;
  progress_tell(what->progress, "unpacking the database", 0, 0);
  return unpack_file(packed, fd, what->size, error);
}

/* (transfer full) */
static Manifest *
get_manifest(Remote *remote, Digest *digest, const Progress *progress, Cancellable *cancellable,
             GError **error)
{
  progress_tell(progress, "asking the registry", 0, 0);
  g_autoptr(HttpResponse) response =
      remote_get_first(remote, ARTIFACT_MANIFEST_MAX, progress, cancellable, error);
  if (response == NULL)
    return NULL;
  Slice bytes = slice_from_bytes(response->body);
  const char *asked = remote_reference(remote)->digest;
  Digest expected = {0};
  if (asked != NULL && !digest_parse(asked, &expected, error))
    return NULL;
  *digest = digest_of(asked != NULL ? digest_algorithm(&expected) : DIGEST_SHA256, bytes);
  if (asked != NULL && !digest_equal(digest, &expected)) {
    error_set(error, ASSAY_ERROR_MISMATCH, "the registry sends other bytes, of digest %s",
              digest->text);
    return NULL;
  }
  const char *type = g_hash_table_lookup(response->headers, "content-type");
  g_autofree char *media_type = type == NULL ? NULL : g_strndup(type, strcspn(type, "; "));
  return manifest_parse(bytes, media_type, error);
}

bool
advisories_pull(Remote *remote, const AdvisorySettings *settings, const char *data_folder,
                bool force, PublishedAdvisories *published, const Progress *progress,
                Cancellable *cancellable, UpdateOutcome **outcome, GError **error)
{
  g_autoptr(Manifest) manifest =
      get_manifest(remote, &published->digest, progress, cancellable, error);
  if (manifest == NULL)
    return false;
  if (!read_offer(manifest, published, error)) {
    g_prefix_error(error, "%s: ", remote_name(remote));
    return false;
  }
  Fetch what = {.remote = remote,
                .data_folder = data_folder,
                .layer = manifest->layers->pdata[0],
                .size = published->size,
                .progress = progress,
                .cancellable = cancellable};
  const AdvisoryOffer offer = {.name = remote_name(remote),
                               .generation = published->generation,
                               .force = force,
                               .fetch = fetch,
                               .data = &what};
  return advisory_take_database(settings, data_folder, &offer, progress, cancellable, outcome,
                                error);
}
