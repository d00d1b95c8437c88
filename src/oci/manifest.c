/* Manifests and indexes: strict JSON into small structs; see the header. */
#include "oci/manifest.h"

#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "oci/media_type.h"

/* A manifest is bounded in bytes by its reader; this bounds what one may refer to. */
#define DESCRIPTORS_MAX 10000
/* Of JSON, ten for each of them. */
#define VALUES_MAX ((size_t)100 * 1000)

void
descriptor_free(Descriptor *descriptor)
{
  if (descriptor == NULL)
    return;
  g_free(descriptor->media_type);
  g_free(descriptor->artifact_type);
  g_clear_pointer(&descriptor->annotations, g_hash_table_unref);
  g_free(descriptor->architecture);
  g_free(descriptor->os);
  g_free(descriptor->variant);
  g_free(descriptor->os_version);
  g_free(descriptor);
}

void
manifest_free(Manifest *manifest)
{
  if (manifest == NULL)
    return;
  g_free(manifest->media_type);
  g_free(manifest->artifact_type);
  descriptor_free(manifest->config);
  g_clear_pointer(&manifest->layers, g_ptr_array_unref);
  g_clear_pointer(&manifest->manifests, g_ptr_array_unref);
  descriptor_free(manifest->subject);
  g_clear_pointer(&manifest->annotations, g_hash_table_unref);
  g_free(manifest);
}

/* A member that must be a string where it is there at all. */
static bool
read_optional_string(const json_t *object, const char *key, const char *path, char **value,
                     GError **error)
{
  const json_t *member = json_object_get(object, key);
  if (member == NULL || json_is_null(member))
    return true;
  if (!json_is_string(member))
    return error_set(error, ASSAY_ERROR_INVALID, "%s.%s: must be a string", path, key);
  *value = g_strdup(json_string_value(member));
  return true;
}

static bool
read_annotations(const json_t *object, const char *path, GHashTable **annotations, GError **error)
{
  json_t *member = json_object_get(object, "annotations");
  if (member == NULL || json_is_null(member))
    return true;
  if (!json_is_object(member))
    return error_set(error, ASSAY_ERROR_INVALID, "%s.annotations: must be an object", path);
  *annotations = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  const char *key;
  json_t *value;
  json_object_foreach(member, key, value) {
    if (!json_is_string(value))
      return error_set(error, ASSAY_ERROR_INVALID, "%s.annotations.%s: must be a string", path,
                       key);
    g_hash_table_insert(*annotations, g_strdup(key), g_strdup(json_string_value(value)));
  }
  return true;
}

static bool
read_platform(const json_t *object, const char *path, Descriptor *descriptor, GError **error)
{
  const json_t *platform = json_object_get(object, "platform");
  if (platform == NULL || json_is_null(platform))
    return true;
  static const char *const names[] = {"architecture", "os", "variant", "os.version", NULL};
  if (!json_is_object(platform))
    return error_set(error, ASSAY_ERROR_INVALID, "%s.platform: must be an object", path);
  if (!json_refuse_aliases(platform, names, error))
    return false;
  return read_optional_string(platform, "architecture", path, &descriptor->architecture, error) &&
         read_optional_string(platform, "os", path, &descriptor->os, error) &&
         read_optional_string(platform, "variant", path, &descriptor->variant, error) &&
         read_optional_string(platform, "os.version", path, &descriptor->os_version, error);
}

/* image-spec descriptor.md: mediaType, digest and size are REQUIRED. */
static Descriptor *
read_descriptor(const json_t *object, const char *path, GError **error)
{
  if (!json_is_object(object)) {
    error_set(error, ASSAY_ERROR_INVALID, "%s: must be a descriptor (an object)", path);
    return NULL;
  }
  static const char *const names[] = {"mediaType",   "digest",   "size", "artifactType",
                                      "annotations", "platform", NULL};
  if (!json_refuse_aliases(object, names, error)) {
    g_prefix_error(error, "%s: ", path);
    return NULL;
  }
  g_autoptr(Descriptor) descriptor = g_new0(Descriptor, 1);
  const char *media_type = json_require_string(object, "mediaType", error);
  const char *digest = media_type == NULL ? NULL : json_require_string(object, "digest", error);
  if (digest == NULL || !digest_parse(digest, &descriptor->digest, error)) {
    g_prefix_error(error, "%s: ", path);
    return NULL;
  }
  const json_t *size = json_object_get(object, "size");
  if (!json_is_integer(size) || json_integer_value(size) < 0) {
    error_set(error, ASSAY_ERROR_INVALID, "%s.size: must be a whole number of bytes", path);
    return NULL;
  }
  descriptor->media_type = g_strdup(media_type);
  descriptor->size = (uint64_t)json_integer_value(size);
  if (!read_optional_string(object, "artifactType", path, &descriptor->artifact_type, error) ||
      !read_annotations(object, path, &descriptor->annotations, error) ||
      !read_platform(object, path, descriptor, error))
    return NULL;
  return g_steal_pointer(&descriptor);
}

static GPtrArray *
read_descriptors(const json_t *object, const char *key, GError **error)
{
  const json_t *list = json_object_get(object, key);
  if (!json_is_array(list)) {
    error_set(error, ASSAY_ERROR_INVALID, "\"%s\" is missing or not an array", key);
    return NULL;
  }
  if (json_array_size(list) > DESCRIPTORS_MAX) {
    error_set(error, ASSAY_ERROR_LIMIT, "\"%s\" has more than %d entries", key, DESCRIPTORS_MAX);
    return NULL;
  }
  g_autoptr(GPtrArray) descriptors =
      g_ptr_array_new_with_free_func((GDestroyNotify)descriptor_free);
  size_t index;
  json_t *item;
  json_array_foreach(list, index, item) {
    g_autofree char *path = g_strdup_printf("%s[%zu]", key, index);
    Descriptor *descriptor = read_descriptor(item, path, error);
    if (descriptor == NULL)
      return NULL;
    g_ptr_array_add(descriptors, descriptor);
  }
  return g_steal_pointer(&descriptors);
}

/* The kind from the media type, or, for a body without one (it is optional in OCI), from its
 * members. */
static bool
choose_kind(const json_t *object, const char *given, Manifest *manifest, GError **error)
{
  static const char *const names[] = {"schemaVersion", "mediaType",   "config",
                                      "layers",        "manifests",   "subject",
                                      "artifactType",  "annotations", NULL};
  /* One body that a client may read either way is how a scanned image and a run image differ. */
  if (!json_refuse_aliases(object, names, error))
    return false;
  const char *own = json_get_string(object, "mediaType");
  if (media_type_is_schema1(given) || media_type_is_schema1(own) ||
      json_get_integer(object, "schemaVersion", 0) == 1)
    return error_set(error, ASSAY_ERROR_UNSUPPORTED,
                     "Docker image manifest version 2, schema 1 is not supported: it cannot be "
                     "verified; push with a client that writes schema 2 or OCI (Docker 1.10 or "
                     "later, or `skopeo copy --format v2s2`)");
  if (json_get_integer(object, "schemaVersion", 0) != 2)
    return error_set(error, ASSAY_ERROR_INVALID, "schemaVersion: must be 2");
  if (json_object_get(object, "mediaType") != NULL && own == NULL)
    return error_set(error, ASSAY_ERROR_INVALID, "mediaType: must be a string");
  if (own != NULL && given != NULL && strcmp(own, given) != 0)
    return error_set(error, ASSAY_ERROR_INVALID,
                     "mediaType: the manifest says \"%.200s\", but it was sent as \"%.200s\"", own,
                     given);

  const char *type = own != NULL ? own : given;
  bool has_layers = json_object_get(object, "layers") != NULL;
  bool has_manifests = json_object_get(object, "manifests") != NULL;
  if (type == NULL)
    type = has_manifests && !has_layers ? MEDIA_TYPE_OCI_INDEX : MEDIA_TYPE_OCI_MANIFEST;
  if (!media_type_is_manifest(type) && !media_type_is_index(type))
    return error_set(error, ASSAY_ERROR_UNSUPPORTED,
                     "media type \"%.200s\" is no image manifest or index; wrap artifacts in an "
                     "OCI image manifest with artifactType",
                     type);
  manifest->media_type = g_strdup(type);
  manifest->kind = media_type_is_index(type) ? MANIFEST_INDEX : MANIFEST_IMAGE;
  if (has_layers && has_manifests)
    return error_set(error, ASSAY_ERROR_INVALID,
                     "has both \"layers\" and \"manifests\": cannot be read in one way only");
  return true;
}

static bool
read_members(const json_t *object, Manifest *manifest, GError **error)
{
  if (manifest->kind == MANIFEST_IMAGE) {
    manifest->config = read_descriptor(json_object_get(object, "config"), "config", error);
    if (manifest->config == NULL)
      return false;
    manifest->layers = read_descriptors(object, "layers", error);
    manifest->manifests = g_ptr_array_new();
  } else {
    manifest->layers = g_ptr_array_new();
    manifest->manifests = read_descriptors(object, "manifests", error);
  }
  if (manifest->layers == NULL || manifest->manifests == NULL)
    return false;

  const json_t *subject = json_object_get(object, "subject");
  if (subject != NULL && !json_is_null(subject)) {
    manifest->subject = read_descriptor(subject, "subject", error);
    if (manifest->subject == NULL)
      return false;
  }
  if (!read_optional_string(object, "artifactType", "manifest", &manifest->artifact_type, error) ||
      !read_annotations(object, "manifest", &manifest->annotations, error))
    return false;
  /* distribution-spec, "Listing Referrers": the config's media type stands in for a missing one. */
  if ((manifest->artifact_type == NULL || *manifest->artifact_type == '\0') &&
      manifest->config != NULL) {
    g_free(manifest->artifact_type);
    manifest->artifact_type = g_strdup(manifest->config->media_type);
  }
  return true;
}

Manifest *
manifest_parse(Slice text, const char *media_type, GError **error)
{
  g_autoptr(json_t) object = json_parse_bounded(text, VALUES_MAX, error);
  if (object == NULL)
    return NULL;
  if (!json_is_object(object)) {
    error_set(error, ASSAY_ERROR_INVALID, "a manifest must be a JSON object");
    return NULL;
  }
  g_autoptr(Manifest) manifest = g_new0(Manifest, 1);
  if (!choose_kind(object, media_type, manifest, error) || !read_members(object, manifest, error))
    return NULL;
  return g_steal_pointer(&manifest);
}

/* What docker takes for an image's config besides those that are one: old registries served configs
 * as such. */
static bool
passes_for_image_config(const char *type)
{
  static const char *const types[] = {"application/octet-stream", "application/json", "text/html",
                                      "", NULL};
  return g_strv_contains(types, type);
}

/* podman unpacks Docker's schema 2 without a look at the config's type. */
bool
manifest_is_container_image(const Manifest *manifest)
{
  return manifest->kind == MANIFEST_IMAGE &&
         (strcmp(manifest->media_type, MEDIA_TYPE_DOCKER_MANIFEST) == 0 ||
          media_type_is_image_config(manifest->config->media_type) ||
          passes_for_image_config(manifest->config->media_type));
}
