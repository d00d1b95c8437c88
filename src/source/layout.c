/* oci:DIR[:TAG] and oci-archive:FILE[:TAG]: the image layout of the OCI image-spec
 * (image-layout.md), in a folder or in a tar. */
#include <string.h>

#include "base/error.h"
#include "oci/media_type.h"
#include "source/files.h"

#define REFERENCE_NAME "org.opencontainers.image.ref.name"

static char *
blob_name(const Digest *digest)
{
  const char *hex = digest_hex(digest);
  return g_strdup_printf("blobs/%.*s/%s", (int)(hex - digest->text) - 1, digest->text, hex);
}

static GBytes *
read_blob(ImageSource *source, const Descriptor *descriptor, const SourceCall *call, GError **error)
{
  g_autofree char *name = blob_name(&descriptor->digest);
  return image_files_read(source->state, name, source->manifest_bytes, error);
}

static const char *
tag_of(const Descriptor *entry)
{
  return entry->annotations == NULL ? NULL
                                    : g_hash_table_lookup(entry->annotations, REFERENCE_NAME);
}

/* The entry of index.json that @tag names; without a tag, the only one. */
static const Descriptor *
choose_entry(const ImageSource *source, const Manifest *index, const char *tag, GError **error)
{
  g_autoptr(GString) tags = g_string_new(NULL);
  unsigned count = 0;
  for (guint i = 0; i < index->manifests->len; i++) {
    const Descriptor *entry = g_ptr_array_index(index->manifests, i);
    const char *name = tag_of(entry);
    if (tag != NULL && (g_strcmp0(name, tag) == 0 || strcmp(entry->digest.text, tag) == 0))
      return entry;
    source_list_name(tags, &count, name != NULL ? name : entry->digest.text);
  }
  source_list_end(tags, count);
  if (tag == NULL && index->manifests->len == 1)
    return g_ptr_array_index(index->manifests, 0);
  if (tag == NULL)
    error_set(error, ASSAY_ERROR_INVALID, "%s holds %u images: add :TAG to choose one of %s",
              source->target, index->manifests->len, tags->str);
  else
    error_set(error, ASSAY_ERROR_NOT_FOUND, "%s: no image with the tag \"%s\", but: %s",
              source->target, tag, tags->len > 0 ? tags->str : "none");
  return NULL;
}

static bool
open_files(ImageSource *source, const char *tag, const SourceCall *call, GError **error)
{
  g_autoptr(GBytes) bytes =
      image_files_read_entrance(source->state, "index.json", source->manifest_bytes, error);
  g_autoptr(Manifest) index =
      bytes == NULL ? NULL : manifest_parse(slice_from_bytes(bytes), MEDIA_TYPE_OCI_INDEX, error);
  if (index == NULL) {
    g_prefix_error(error, "%s: not an OCI image layout: ", source->target);
    return false;
  }
  const Descriptor *entry = choose_entry(source, index, tag, error);
  g_autoptr(GBytes) manifest = entry == NULL ? NULL : read_blob(source, entry, call, error);
  return manifest != NULL && source_resolve(source, manifest, entry->media_type, &entry->digest,
                                            read_blob, call, error);
}

static bool
open_folder(ImageSource *source, const char *place, const SourceCall *call, GError **error)
{
  const char *tag;
  g_autofree char *path = source_split_place(place, &tag);
  source->state = image_files_open_folder(path, error);
  return source->state != NULL && open_files(source, tag, call, error);
}

static bool
open_archive(ImageSource *source, const char *place, const SourceCall *call, GError **error)
{
  const char *tag;
  g_autofree char *path = source_split_place(place, &tag);
  source->state = image_files_open_archive(path, &source->limits, call, error);
  return source->state != NULL && open_files(source, tag, call, error);
}

static bool
open_layer(ImageSource *source, SourceLayer *layer, const SourceCall *call, GError **error)
{
  g_autofree char *name = blob_name(&layer->digest);
  layer->fd = image_files_open(source->state, name, &layer->offset, &layer->size, error);
  return layer->fd >= 0;
}

static void
free_state(void *state)
{
  image_files_free(state);
}

const SourceTransport source_oci = {"oci:", open_folder, open_layer, free_state};
const SourceTransport source_oci_archive = {"oci-archive:", open_archive, open_layer, free_state};
