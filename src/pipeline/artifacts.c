/* Signatures themselves, attestations, charts: what nobody runs; see the header. By a media type
 * alone it would be said by who pushes it, and docker unpacks layers of any type: their bytes
 * decide. */
#include "pipeline/artifacts.h"

#include "base/fd.h"
#include "inspect/inspection.h"
#include "oci/media_type.h"
#include "pipeline/pipeline-private.h"

/* Lists of referrers have some; more are read for nobody. */
#define MEMBERS_MAX 100u

static bool
is_data(Pipeline *pipeline, const Descriptor *layer)
{
  const char *words;
  if (media_type_use(layer->media_type, &words) != MEDIA_TYPE_DATA)
    return false;
  auto_fd int fd = blob_store_open_blob(pipeline->blobs, &layer->digest, NULL, NULL);
  return fd >= 0 && !inspect_may_unpack(fd);
}

static bool
is_artifact(Pipeline *pipeline, const Manifest *manifest)
{
  if (manifest->kind != MANIFEST_IMAGE || images_runs_elsewhere(manifest))
    return false;
  bool data = manifest->layers->len > 0;
  for (guint i = 0; data && i < manifest->layers->len; i++)
    data = is_data(pipeline, g_ptr_array_index(manifest->layers, i));
  return data || !images_is_image(pipeline->blobs, manifest);
}

static bool
is_member_artifact(Pipeline *pipeline, const char *repository, const Descriptor *member)
{
  g_autoptr(StoredManifest) stored =
      registry_manifest_get(pipeline->registry, repository, member->digest.text, NULL);
  g_autoptr(Manifest) manifest =
      stored == NULL ? NULL
                     : manifest_parse(slice_from_bytes(stored->bytes), stored->media_type, NULL);
  return manifest != NULL && is_artifact(pipeline, manifest);
}

bool
artifacts_run_nothing(Pipeline *pipeline, const char *repository, const Manifest *manifest)
{
  if (manifest->kind == MANIFEST_IMAGE)
    return is_artifact(pipeline, manifest);
  bool data = manifest->manifests->len <= MEMBERS_MAX;
  for (guint i = 0; data && i < manifest->manifests->len; i++)
    data = is_member_artifact(pipeline, repository, g_ptr_array_index(manifest->manifests, i));
  return data;
}
