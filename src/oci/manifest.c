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

/* NULL for null as well: Go writes it for a slice, map or pointer that was never filled, and takes
 * it for nothing when it reads. */
static json_t *
member_of(const json_t *object, const char *key)
{
  json_t *member = json_object_get(object, key);
  return json_is_null(member) ? NULL : member;
}

/* --- descriptors --- */

static json_t *
write_annotations(const JsonMember *member, const void *value)
{
  GHashTable *annotations = *(GHashTable *const *)value;
  GHashTableIter iter;
  void *key, *text;
  if (annotations == NULL)
    return NULL;
  json_t *object = json_object();
  g_hash_table_iter_init(&iter, annotations);
  while (g_hash_table_iter_next(&iter, &key, &text))
    json_set_string(object, key, text);
  return object;
}

static bool
read_annotations(const JsonMember *member, const json_t *json, void *value, GError **error)
{
  if (json == NULL)
    return true;
  if (!json_is_object(json))
    return json_member_refuse(member, error);
  GHashTable *annotations = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  *(GHashTable **)value = annotations;
  const char *key;
  json_t *text;
  /* The macro wants an object that it could change. */
  json_object_foreach((json_t *)(uintptr_t)json, key, text) {
    if (!json_is_string(text) && !json_is_null(text))
      return error_set(error, ASSAY_ERROR_INVALID, "\"annotations.%s\" is not a string", key);
    g_hash_table_insert(annotations, g_strdup(key),
                        g_strdup(json_is_null(text) ? "" : json_string_value(text)));
  }
  return true;
}

static void
clear_annotations(const JsonMember *member, void *value)
{
  g_clear_pointer((GHashTable **)value, g_hash_table_unref);
}

const JsonKind json_annotations = {"object", "an object", .write = write_annotations,
                                   .read = read_annotations, .clear = clear_annotations};

static bool
is_web_address(const char *url)
{
  return (g_ascii_strncasecmp(url, "http://", strlen("http://")) == 0 ||
          g_ascii_strncasecmp(url, "https://", strlen("https://")) == 0) &&
         strchr(url, '#') == NULL;
}

/* A layer that need not be stored is fetched from these by its clients: from the web, and from
 * nowhere else. What is no layer may name what it likes. @value: the descriptor so far. */
static bool
check_urls(const JsonMember *member, const json_t *urls, void *value, GError **error)
{
  bool is_layer = media_type_is_layer(((const Descriptor *)value)->media_type);
  size_t index;
  json_t *item;
  if (urls != NULL && !json_is_array(urls))
    return json_member_refuse(member, error);
  json_array_foreach(urls, index, item) {
    const char *url = json_is_null(item) ? "" : json_string_value(item);
    if (url == NULL)
      return error_set(error, ASSAY_ERROR_INVALID, "\"urls[%zu]\" is not a string", index);
    if (is_layer && !is_web_address(url))
      return error_set(error, ASSAY_ERROR_INVALID,
                       "\"urls[%zu]\": \"%.200s\" is no http:// or https:// address without a "
                       "fragment",
                       index, url);
  }
  return true;
}

static const JsonKind urls_kind = {"array", "a list of strings", .read = check_urls};

/* Clients leave it out where it is not what the digest names. @value: the descriptor so far. */
static bool
read_data(const JsonMember *member, const json_t *json, void *value, GError **error)
{
  Descriptor *descriptor = value;
  const char *data = json_string_value(json);
  if (json != NULL && data == NULL)
    return json_member_refuse(member, error);
  if (data == NULL || *data == '\0')
    return true;
  gsize size;
  g_autofree guchar *bytes = g_base64_decode(data, &size);
  Digest actual = digest_of(digest_algorithm(&descriptor->digest), slice_new(bytes, size));
  descriptor->has_data = digest_equal(&actual, &descriptor->digest);
  return true;
}

static const JsonKind data_kind = {"string", "a string", .read = read_data};

static const JsonMember platform_members[] = {
    {JSON_MEMBER(Descriptor, architecture), .kind = &json_text},
    {JSON_MEMBER(Descriptor, os), .kind = &json_text},
    {JSON_MEMBER(Descriptor, variant), .kind = &json_text},
    {JSON_MEMBER_AS("os.version", Descriptor, os_version), .kind = &json_text},
};
static const JsonTable platform_table = {.members = platform_members,
                                         .count = G_N_ELEMENTS(platform_members),
                                         .size = sizeof(Descriptor),
                                         .strange = true};

/* image-spec descriptor.md: mediaType, digest and size are REQUIRED, but only without its digest is
 * one refused: where clients leave out the others, Go reads nothing and zero. */
static const JsonMember descriptor_members[] = {
    {JSON_MEMBER_AS("mediaType", Descriptor, media_type), .kind = &json_text, .otherwise = ""},
    {JSON_MEMBER(Descriptor, digest), .kind = &json_digest, .required = true},
    {JSON_MEMBER(Descriptor, size), .kind = &json_number},
    {JSON_MEMBER_AS("artifactType", Descriptor, artifact_type), .kind = &json_text},
    {JSON_MEMBER(Descriptor, annotations), .kind = &json_annotations},
    {.name = "platform", .kind = &json_part, .table = &platform_table},
    {.name = "urls", .kind = &urls_kind},
    {.name = "data", .kind = &data_kind},
};
static const JsonTable descriptor_table = {.members = descriptor_members,
                                           .count = G_N_ELEMENTS(descriptor_members),
                                           .size = sizeof(Descriptor),
                                           .strange = true};

void
descriptor_free(Descriptor *descriptor)
{
  if (descriptor == NULL)
    return;
  json_table_clear(&descriptor_table, descriptor);
  g_free(descriptor);
}

/* --- manifests --- */

/* A list that is missing is empty, as null is. */
static const JsonMember manifest_members[] = {
    {JSON_MEMBER(Manifest, config), .kind = &json_child, .table = &descriptor_table},
    {JSON_MEMBER(Manifest, layers), .kind = &json_list, .table = &descriptor_table,
     .most = DESCRIPTORS_MAX},
    {JSON_MEMBER(Manifest, manifests), .kind = &json_list, .table = &descriptor_table,
     .most = DESCRIPTORS_MAX},
    {JSON_MEMBER(Manifest, subject), .kind = &json_child, .table = &descriptor_table},
    {JSON_MEMBER_AS("artifactType", Manifest, artifact_type), .kind = &json_text},
    {JSON_MEMBER(Manifest, annotations), .kind = &json_annotations},
};
static const JsonTable manifest_table = {.members = manifest_members,
                                         .count = G_N_ELEMENTS(manifest_members),
                                         .size = sizeof(Manifest),
                                         .strange = true};

/* What says how the rest is to be read. */
typedef struct {
  uint32_t version;
  char *media_type;
} Head;
static const JsonMember head_members[] = {
    {JSON_MEMBER_AS("schemaVersion", Head, version), .kind = &json_number},
    {JSON_MEMBER_AS("mediaType", Head, media_type), .kind = &json_text},
};
static const JsonTable head_table = {.members = head_members,
                                     .count = G_N_ELEMENTS(head_members),
                                     .size = sizeof(Head),
                                     .strange = true};

void
manifest_free(Manifest *manifest)
{
  if (manifest == NULL)
    return;
  g_free(manifest->media_type);
  json_table_clear(&manifest_table, manifest);
  g_free(manifest);
}

/* What is no manifest that we take, and why. */
static bool
refuse_unsupported(const Head *head, const char *given, GError **error)
{
  const char *own = head->media_type;
  if (media_type_is_schema1(given) || media_type_is_schema1(own) || head->version == 1)
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
choose_kind(const json_t *object, const Head *head, const char *given, Manifest *manifest,
            GError **error)
{
  const char *own = head->media_type;
  if (!refuse_unsupported(head, given, error))
    return false;
  if (head->version != 2)
    return error_set(error, ASSAY_ERROR_INVALID, "schemaVersion: must be 2");
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
read_manifest(const json_t *object, const char *media_type, Manifest *manifest, GError **error)
{
  Head head = {0};
  bool chosen = json_table_read(&head_table, object, &head, error) &&
                choose_kind(object, &head, media_type, manifest, error);
  json_table_clear(&head_table, &head);
  if (!chosen || !json_table_read(&manifest_table, object, manifest, error))
    return false;
  if (manifest->kind == MANIFEST_IMAGE && manifest->config == NULL)
    return error_set(error, ASSAY_ERROR_INVALID, "\"config\" is missing or not an object");
  /* distribution-spec, "Listing Referrers": the config's media type stands in for a missing one. */
  if ((manifest->artifact_type == NULL || *manifest->artifact_type == '\0') &&
      manifest->config != NULL) {
    g_free(manifest->artifact_type);
    manifest->artifact_type = g_strdup(manifest->config->media_type);
  }
  return true;
}

static Manifest *
manifest_new(void)
{
  Manifest *manifest = g_new0(Manifest, 1);
  manifest->layers = g_ptr_array_new_with_free_func((GDestroyNotify)descriptor_free);
  manifest->manifests = g_ptr_array_new_with_free_func((GDestroyNotify)descriptor_free);
  return manifest;
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
  g_autoptr(Manifest) manifest = manifest_new();
  return read_manifest(object, media_type, manifest, error) ? g_steal_pointer(&manifest) : NULL;
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
