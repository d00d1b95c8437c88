/* dir:DIR, as skopeo writes it: manifest.json, and each blob in a file that its hex digest names.
 */
#include "oci/digest.h"
#include "source/files.h"

static GBytes *
read_blob(ImageSource *source, const Descriptor *descriptor, const SourceCall *call, GError **error)
{
  return image_files_read(source->state, digest_hex(&descriptor->digest), source->manifest_bytes,
                          error);
}

/* The members of an index have their manifests in HEX.manifest.json. */
static GBytes *
read_manifest_or_blob(ImageSource *source, const Descriptor *descriptor, const SourceCall *call,
                      GError **error)
{
  g_autofree char *name = g_strconcat(digest_hex(&descriptor->digest), ".manifest.json", NULL);
  GBytes *manifest = image_files_read(source->state, name, source->manifest_bytes, NULL);
  return manifest != NULL ? manifest : read_blob(source, descriptor, call, error);
}

static bool
open_directory(ImageSource *source, const char *place, const SourceCall *call, GError **error)
{
  source->state = image_files_open_folder(place, error);
  g_autoptr(GBytes) manifest = source->state == NULL
                                   ? NULL
                                   : image_files_read_entrance(source->state, "manifest.json",
                                                               source->manifest_bytes, error);
  return manifest != NULL &&
         source_resolve(source, manifest, NULL, NULL, read_manifest_or_blob, call, error);
}

static bool
open_layer(ImageSource *source, SourceLayer *layer, const SourceCall *call, GError **error)
{
  layer->fd = image_files_open(source->state, digest_hex(&layer->digest), &layer->offset,
                               &layer->size, error);
  return layer->fd >= 0;
}

static void
free_state(void *state)
{
  image_files_free(state);
}

const SourceTransport source_dir = {"dir:", open_directory, open_layer, free_state};
