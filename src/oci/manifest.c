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

/* NULL for null as well: Go writes it for a slice, map or pointer that was never filled, and takes
 * it for nothing when it reads. */
static json_t *
member_of(const json_t *object, const char *key)
{
  json_t *member = json_object_get(object, key);
  return json_is_null(member) ? NULL : member;
}

/* A member that must be a string where it is there at all. */
static bool
read_optional_string(const json_t *object, const char *key, const char *path, char **value,
                     GError **error)
{
  const json_t *member = member_of(object, key);
  if (member == NULL)
    return true;
  if (!json_is_string(member))
    return error_set(error, ASSAY_ERROR_INVALID, "%s.%s: must be a string", path, key);
  *value = g_strdup(json_string_value(member));
  return true;
}

static bool
read_annotations(const json_t *object, const char *path, GHashTable **annotations, GError **error)
{
  json_t *member = member_of(object, "annotations");
  if (member == NULL)
    return true;
  if (!json_is_object(member))
    return error_set(error, ASSAY_ERROR_INVALID, "%s.annotations: must be an object", path);
  *annotations = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  const char *key;
  json_t *value;
  json_object_foreach(member, key, value) {
    if (!json_is_string(value) && !json_is_null(value))
      return error_set(error, ASSAY_ERROR_INVALID, "%s.annotations.%s: must be a string", path,
                       key);
    const char *text = json_is_null(value) ? "" : json_string_value(value);
    g_hash_table_insert(*annotations, g_strdup(key), g_strdup(text));
  }
  return true;
}

static bool
read_platform(const json_t *object, const char *path, Descriptor *descriptor, GError **error)
{
  const json_t *platform = member_of(object, "platform");
  if (platform == NULL)
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

static bool
is_web_address(const char *url)
{
  return (g_ascii_strncasecmp(url, "http://", strlen("http://")) == 0 ||
          g_ascii_strncasecmp(url, "https://", strlen("https://")) == 0) &&
         strchr(url, '#') == NULL;
}

/* A layer that need not be stored is fetched from these by its clients: from the web, and from
 * nowhere else. What is no layer may name what it likes. */
static bool
check_urls(const json_t *object, const char *path, const char *media_type, GError **error)
{
  const json_t *urls = member_of(object, "urls");
  size_t index;
  json_t *item;
  if (urls != NULL && !json_is_array(urls))
    return error_set(error, ASSAY_ERROR_INVALID, "%s.urls: must be an array", path);
  json_array_foreach(urls, index, item) {
    const char *url = json_is_null(item) ? "" : json_string_value(item);
    if (url == NULL)
      return error_set(error, ASSAY_ERROR_INVALID, "%s.urls[%zu]: must be a string", path, index);
    if (media_type_is_layer(media_type) && !is_web_address(url))
      return error_set(error, ASSAY_ERROR_INVALID,
                       "%s.urls[%zu]: \"%.200s\" is no http:// or https:// address without a "
                       "fragment",
                       path, index, url);
  }
  return true;
}

/* As clients do, which leave it out where it is not what the digest names. */
static bool
holds_data(const char *data, const Digest *digest)
{
  if (data == NULL || *data == '\0')
    return false;
  gsize size;
  g_autofree guchar *bytes = g_base64_decode(data, &size);
  Digest actual = digest_of(digest_algorithm(digest), slice_new(bytes, size));
  return digest_equal(&actual, digest);
}

/* image-spec descriptor.md: mediaType, digest and size are REQUIRED, but only without its digest is
 * one refused: where clients leave out the others, Go reads nothing and zero. */
static Descriptor *
read_descriptor(const json_t *object, const char *path, GError **error)
{
  if (!json_is_object(object)) {
    error_set(error, ASSAY_ERROR_INVALID, "%s: must be a descriptor (an object)", path);
    return NULL;
  }
  static const char *const names[] = {"mediaType",    "digest",      "size",
                                      "artifactType", "annotations", "platform",
                                      "urls",         "data",        NULL};
  if (!json_refuse_aliases(object, names, error)) {
    g_prefix_error(error, "%s: ", path);
    return NULL;
  }
  g_autoptr(Descriptor) descriptor = g_new0(Descriptor, 1);
  const char *digest = json_require_string(object, "digest", error);
  if (digest == NULL || !digest_parse(digest, &descriptor->digest, error)) {
    g_prefix_error(error, "%s: ", path);
    return NULL;
  }
  const json_t *size = member_of(object, "size");
  if (size != NULL && (!json_is_integer(size) || json_integer_value(size) < 0)) {
    error_set(error, ASSAY_ERROR_INVALID, "%s.size: must be a whole number of bytes", path);
    return NULL;
  }
  descriptor->size = (uint64_t)json_integer_value(size);
  g_autofree char *data = NULL;
  if (!read_optional_string(object, "mediaType", path, &descriptor->media_type, error) ||
      !read_optional_string(object, "artifactType", path, &descriptor->artifact_type, error) ||
      !read_optional_string(object, "data", path, &data, error) ||
      !read_annotations(object, path, &descriptor->annotations, error) ||
      !read_platform(object, path, descriptor, error))
    return NULL;
  if (descriptor->media_type == NULL)
    descriptor->media_type = g_strdup("");
  descriptor->has_data = holds_data(data, &descriptor->digest);
  if (!check_urls(object, path, descriptor->media_type, error))
    return NULL;
  return g_steal_pointer(&descriptor);
}

/* A list that is missing is empty, as null is. */
static GPtrArray *
read_descriptors(const json_t *object, const char *key, GError **error)
{
  const json_t *list = member_of(object, key);
  if (list != NULL && !json_is_array(list)) {
    error_set(error, ASSAY_ERROR_INVALID, "\"%s\" is not an array", key);
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

/* What is no manifest that we take, and why. */
static bool
refuse_unsupported(const json_t *object, const char *given, const char *own, GError **error)
{
  if (media_type_is_schema1(given) || media_type_is_schema1(own) ||
      json_get_integer(object, "schemaVersion", 0) == 1)
    return error_set(error, ASSAY_ERROR_UNSUPPORTED,
                     "Docker image manifest version 2, schema 1 is not supported: it cannot be "
                     "verified; push with a client that writes schema 2 or OCI (Docker 1.10 or "
                     "later, or `skopeo copy --format v2s2`)");
  if (g_strcmp0(own, MEDIA_TYPE_OCI_ARTIFACT) == 0 ||
      g_strcmp0(given, MEDIA_TYPE_OCI_ARTIFACT) == 0)
    return error_set(error, ASSAY_ERROR_UNSUPPORTED,
                     "the artifact manifest was taken out of the specification before its version "
                     "1.1; push with a client that wraps artifacts in an OCI image manifest with "
                     "artifactType (oras 1.2 or later, or `oras push --image-spec v1.1`)");
  return true;
}

/* One body that a client may read either way is how a scanned image and a run image differ. An
 * empty list of the other kind is refused too, as others do. */
static bool
check_one_kind(const json_t *object, ManifestKind kind, GError **error)
{
  bool is_image = member_of(object, "layers") != NULL || member_of(object, "config") != NULL;
  bool is_index = member_of(object, "manifests") != NULL;
  if (kind == MANIFEST_IMAGE ? !is_index : !is_image)
    return true;
  return error_set(error, ASSAY_ERROR_INVALID,
                   "an image manifest has \"config\" and \"layers\", an index has "
                   "\"manifests\"; this is %s and has members of both: it cannot be read in one "
                   "way only",
                   kind == MANIFEST_IMAGE ? "an image manifest" : "an index");
}

/* The kind from the media type, or, for a body without one (it is optional in OCI), from its
 * members. */
static bool
choose_kind(const json_t *object, const char *given, Manifest *manifest, GError **error)
{
  static const char *const names[] = {"schemaVersion", "mediaType",   "config",
                                      "layers",        "manifests",   "subject",
                                      "artifactType",  "annotations", NULL};
  if (!json_refuse_aliases(object, names, error))
    return false;
  const char *own = json_get_string(object, "mediaType");
  if (!refuse_unsupported(object, given, own, error))
    return false;
  if (json_get_integer(object, "schemaVersion", 0) != 2)
    return error_set(error, ASSAY_ERROR_INVALID, "schemaVersion: must be 2");
  if (member_of(object, "mediaType") != NULL && own == NULL)
    return error_set(error, ASSAY_ERROR_INVALID, "mediaType: must be a string");
  if (own != NULL && given != NULL && strcmp(own, given) != 0)
    return error_set(error, ASSAY_ERROR_INVALID,
                     "mediaType: the manifest says \"%.200s\", but it was sent as \"%.200s\"", own,
                     given);

  const char *type = own != NULL ? own : given;
  if (type == NULL)
    type = member_of(object, "manifests") != NULL ? MEDIA_TYPE_OCI_INDEX : MEDIA_TYPE_OCI_MANIFEST;
  if (!media_type_is_manifest(type) && !media_type_is_index(type))
    return error_set(error, ASSAY_ERROR_UNSUPPORTED,
                     "media type \"%.200s\" is no image manifest or index; wrap artifacts in an "
                     "OCI image manifest with artifactType",
                     type);
  manifest->media_type = g_strdup(type);
  manifest->kind = media_type_is_index(type) ? MANIFEST_INDEX : MANIFEST_IMAGE;
  return check_one_kind(object, manifest->kind, error);
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

  const json_t *subject = member_of(object, "subject");
  if (subject != NULL) {
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

static const char *
unreadable_words(const Descriptor *layer)
{
  static const struct {
    const char *annotation, *words;
  } marks[] = {
      {"containerd.io/snapshot/nydus-bootstrap", "a Nydus file system"},
      {"containerd.io/snapshot/nydus-blob", "a Nydus file system"},
      {"containerd.io/snapshot/overlaybd/blob-digest", "an overlaybd block device"},
      {"containerd.io/snapshot/overlaybd/version", "an overlaybd block device"},
  };
  const char *words;
  if (media_type_use(layer->media_type, &words) == MEDIA_TYPE_UNREADABLE)
    return words;
  for (size_t i = 0; layer->annotations != NULL && i < G_N_ELEMENTS(marks); i++)
    if (g_hash_table_contains(layer->annotations, marks[i].annotation))
      return marks[i].words;
  return NULL;
}

bool
layer_check_readable(const Descriptor *layer, GError **error)
{
  const char *words = unreadable_words(layer);
  return words == NULL ||
         error_set(error, ASSAY_ERROR_UNSUPPORTED,
                   "layer %s is %s (%s), which is not read; scan the image in the form that it was "
                   "made from",
                   layer->digest.text, words, layer->media_type);
}

char *
manifest_in_words(const Manifest *manifest)
{
  if (manifest->kind == MANIFEST_INDEX)
    return g_strdup("an index");
  if (manifest_is_container_image(manifest))
    return g_strdup("an image");
  return media_type_in_words(manifest->artifact_type);
}

/* Clients know a table by the digest that the manifest gives of it. containers/storage has renamed
 * its annotations once. */
static bool
names_table(const char *annotation)
{
  return g_str_has_suffix(annotation, ".zstd-chunked.manifest-checksum") ||
         strcmp(annotation, "containerd.io/snapshot/stargz/toc.digest") == 0;
}

bool
layer_check_tables(const Descriptor *layer, const GPtrArray *verified, GError **error)
{
  GHashTableIter iter;
  void *annotation, *digest;
  if (layer->annotations == NULL)
    return true;
  g_hash_table_iter_init(&iter, layer->annotations);
  while (g_hash_table_iter_next(&iter, &annotation, &digest)) {
    bool known = !names_table(annotation);
    for (guint i = 0; i < verified->len && !known; i++)
      known = strcmp(g_ptr_array_index(verified, i), digest) == 0;
    if (!known)
      return error_set(
          error, ASSAY_ERROR_INVALID,
          "layer %s: %s names a table of contents, by which lazy pulls unpack, that is "
          "not known to say what the layer's tar says; push the layer as its tool made "
          "it, or without this annotation",
          layer->digest.text, (const char *)annotation);
  }
  return true;
}
