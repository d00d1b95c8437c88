/* docker-archive:FILE[:REFERENCE]: what `docker save` and `podman save` write. manifest.json lists
 * images: {"Config": name, "RepoTags": [...], "Layers": [name, ...]}. The layers have no digest of
 * their own, only the diff_ids of the config. */
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "oci/reference.h"
#include "source/files.h"

/* "debian:11" and "docker.io/library/debian:11" name the same image. */
static bool
same_reference(const char *a, const char *b)
{
  g_autoptr(Reference) left = reference_parse(a, NULL), right = reference_parse(b, NULL);
  return left != NULL && right != NULL && strcmp(left->host, right->host) == 0 &&
         strcmp(left->repository, right->repository) == 0 && g_strcmp0(left->tag, right->tag) == 0;
}

static const json_t *
choose_image(const json_t *images, const char *reference, GError **error)
{
  g_autoptr(GString) names = g_string_new(NULL);
  unsigned count = 0;
  size_t index;
  json_t *image;
  json_array_foreach(images, index, image) {
    g_auto(GStrv) tags = json_get_strings(image, "RepoTags");
    for (char **tag = tags; tag != NULL && *tag != NULL; tag++) {
      if (reference != NULL && same_reference(*tag, reference))
        return image;
      source_list_name(names, &count, *tag);
    }
  }
  source_list_end(names, count);
  if (reference == NULL && json_array_size(images) == 1)
    return json_array_get(images, 0);
  error_set(error, reference == NULL ? ASSAY_ERROR_INVALID : ASSAY_ERROR_NOT_FOUND, "%s %s",
            reference == NULL ? "holds more than one image; add one of these references:"
                              : "no image with this reference; there are:",
            names->len > 0 ? names->str : "none with a name");
  return NULL;
}

void
docker_archive_image_clear(DockerArchiveImage *image)
{
  g_clear_pointer(&image->config, g_free);
  g_clear_pointer(&image->layers, g_ptr_array_unref);
}

bool
docker_archive_parse(Slice text, const char *reference, DockerArchiveImage *image, GError **error)
{
  g_autoptr(json_t) images = json_parse(text, error);
  if (images == NULL) {
    g_prefix_error(error, "not an archive of `docker save`: ");
    return false;
  }
  const json_t *chosen = choose_image(images, reference, error);
  const char *config = chosen == NULL ? NULL : json_require_string(chosen, "Config", error);
  if (config == NULL)
    return false;
  image->config = g_strdup(config);
  image->layers = g_ptr_array_new_with_free_func(g_free);
  size_t index;
  json_t *name;
  json_array_foreach(json_get_array(chosen, "Layers"), index, name) {
    if (!json_is_string(name))
      return error_set(error, ASSAY_ERROR_INVALID, "manifest.json: Layers[%zu] is no name", index);
    g_ptr_array_add(image->layers, g_strdup(json_string_value(name)));
  }
  return true;
}

static bool
take_image(ImageSource *source, GBytes *manifest, const char *reference, GError **error)
{
  DockerArchiveImage image = {0};
  bool parsed = docker_archive_parse(slice_from_bytes(manifest), reference, &image, error);
  if (!parsed)
    g_prefix_error(error, "%s: ", source->target);
  for (guint i = 0; parsed && i < image.layers->len; i++)
    source_add_layer(source)->name = g_strdup(image.layers->pdata[i]);
  g_autoptr(GBytes) config =
      parsed ? image_files_read(source->state, image.config, source->manifest_bytes, error) : NULL;
  docker_archive_image_clear(&image);
  return config != NULL && source_take_config(source, config, error);
}

static bool
open_archive(ImageSource *source, const char *place, const SourceCall *call, GError **error)
{
  const char *reference;
  g_autofree char *path = source_split_place(place, &reference);
  source->state = image_files_open_archive(path, &source->limits, call, error);
  g_autoptr(GBytes) manifest =
      source->state == NULL
          ? NULL
          : image_files_read(source->state, "manifest.json", source->manifest_bytes, error);
  return manifest != NULL && take_image(source, manifest, reference, error);
}

static bool
open_layer(ImageSource *source, SourceLayer *layer, const SourceCall *call, GError **error)
{
  layer->fd = image_files_open(source->state, layer->name, &layer->offset, &layer->size, error);
  return layer->fd >= 0;
}

static void
free_state(void *state)
{
  image_files_free(state);
}

const SourceTransport source_docker_archive = {"docker-archive:", open_archive, open_layer,
                                               free_state};
