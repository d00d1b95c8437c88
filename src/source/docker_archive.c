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
choose_image(const ImageSource *source, const json_t *images, const char *reference, GError **error)
{
  g_autoptr(GString) names = g_string_new(NULL);
  size_t index;
  json_t *image;
  json_array_foreach(images, index, image) {
    g_auto(GStrv) tags = json_get_strings(image, "RepoTags");
    for (char **tag = tags; tag != NULL && *tag != NULL; tag++) {
      if (reference != NULL && same_reference(*tag, reference))
        return image;
      g_string_append_printf(names, "%s%s", names->len > 0 ? ", " : "", *tag);
    }
  }
  if (reference == NULL && json_array_size(images) == 1)
    return json_array_get(images, 0);
  error_set(error, reference == NULL ? ASSAY_ERROR_INVALID : ASSAY_ERROR_NOT_FOUND, "%s: %s %s",
            source->target,
            reference == NULL ? "holds more than one image; add one of these references:"
                              : "no image with this reference; there are:",
            names->len > 0 ? names->str : "none with a name");
  return NULL;
}

static bool
take_image(ImageSource *source, const json_t *image, GError **error)
{
  const char *config_name = json_require_string(image, "Config", error);
  const json_t *layers = json_get_array(image, "Layers");
  if (config_name == NULL)
    return false;
  size_t index;
  json_t *name;
  json_array_foreach(layers, index, name) {
    if (!json_is_string(name))
      return error_set(error, ASSAY_ERROR_INVALID, "%s: manifest.json: Layers[%zu] is no name",
                       source->target, index);
    source_add_layer(source)->name = g_strdup(json_string_value(name));
  }
  g_autoptr(GBytes) config =
      image_files_read(source->state, config_name, source->limits.manifest_bytes, error);
  return config != NULL && source_take_config(source, config, error);
}

static bool
open_archive(ImageSource *source, const char *place, const SourceCall *call, GError **error)
{
  const char *colon = strchr(place, ':');
  g_autofree char *path =
      colon != NULL ? g_strndup(place, (size_t)(colon - place)) : g_strdup(place);
  source->state = image_files_open_archive(path, &source->limits, call, error);
  if (source->state == NULL)
    return false;
  g_autoptr(GBytes) bytes =
      image_files_read(source->state, "manifest.json", source->limits.manifest_bytes, error);
  g_autoptr(json_t) images = bytes == NULL ? NULL : json_parse(slice_from_bytes(bytes), error);
  if (images == NULL) {
    g_prefix_error(error, "%s: not an archive of `docker save`: ", source->target);
    return false;
  }
  const json_t *image = choose_image(source, images, colon != NULL ? colon + 1 : NULL, error);
  return image != NULL && take_image(source, image, error);
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
