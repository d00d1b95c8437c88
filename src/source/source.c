/* Opening an image to scan: the table of transports, and what they share. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/error.h"
#include "base/fd.h"
#include "oci/media_type.h"
#include "source/source-private.h"

#define INDEX_DEPTH_MAX 4 /* an index of indexes of ... */

static const SourceTransport *const transports[] = {
    &source_oci,    &source_oci_archive, &source_docker_archive, &source_dir,
    &source_docker, &source_rootfs,      &source_sbom,
};

/* --- layers --- */

static void
source_layer_free(void *data)
{
  SourceLayer *layer = data;
  fd_clear(&layer->fd);
  g_free(layer->name);
  g_clear_pointer(&layer->annotations, g_hash_table_unref);
  g_free(layer);
}

SourceLayer *
source_add_layer(ImageSource *source)
{
  SourceLayer *layer = g_new0(SourceLayer, 1);
  layer->fd = -1;
  g_ptr_array_add(source->layers, layer);
  return layer;
}

/* --- messages --- */

#define NAMES_SHOWN 20u
#define NAME_SHOWN  200 /* bytes of each */

void
source_list_name(GString *list, unsigned *count, const char *name)
{
  if ((*count)++ < NAMES_SHOWN)
    g_string_append_printf(list, "%s%.*s", list->len > 0 ? ", " : "", NAME_SHOWN, name);
}

void
source_list_end(GString *list, unsigned count)
{
  if (count > NAMES_SHOWN)
    g_string_append_printf(list, " and %u more", count - NAMES_SHOWN);
}

/* --- platforms --- */

/* This machine's processor, by its name in image indexes (GOARCH). */
static const char *
machine_architecture(void)
{
  static const struct {
    const char *machine, *architecture;
  } names[] = {
      {"x86_64", "amd64"},        {"aarch64", "arm64"},   {"armv7l", "arm"},
      {"armv6l", "arm"},          {"i686", "386"},        {"ppc64le", "ppc64le"},
      {"s390x", "s390x"},         {"riscv64", "riscv64"}, {"mips64", "mips64le"},
      {"loongarch64", "loong64"},
  };
  static struct utsname system;
  if (uname(&system) < 0)
    return "amd64";
  for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
    if (strcmp(names[i].machine, system.machine) == 0)
      return names[i].architecture;
  return system.machine;
}

static char *
platform_of(const Descriptor *descriptor)
{
  return g_strdup_printf("%s/%s%s%s", descriptor->os != NULL ? descriptor->os : "unknown",
                         descriptor->architecture != NULL ? descriptor->architecture : "unknown",
                         descriptor->variant != NULL ? "/" : "",
                         descriptor->variant != NULL ? descriptor->variant : "");
}

/* "linux/arm64" takes "linux/arm64/v8" too. */
static bool
platform_fits(const char *wanted, const char *offered)
{
  size_t size = strlen(wanted);
  return strncmp(wanted, offered, size) == 0 && (offered[size] == '\0' || offered[size] == '/');
}

static const Descriptor *
choose_member(const ImageSource *source, const Manifest *index, GError **error)
{
  g_autofree char *machine = g_strconcat("linux/", machine_architecture(), NULL);
  const char *wanted = source->platform != NULL ? source->platform : machine;
  g_autoptr(GString) offered = g_string_new(NULL);
  unsigned count = 0;
  const Descriptor *member = NULL;
  for (guint i = 0; i < index->manifests->len; i++) {
    member = g_ptr_array_index(index->manifests, i);
    g_autofree char *platform = platform_of(member);
    if (platform_fits(wanted, platform))
      return member;
    source_list_name(offered, &count, platform);
  }
  source_list_end(offered, count);
  /* A lone member without a platform is an index around one image. */
  if (index->manifests->len == 1 && member->architecture == NULL && source->platform == NULL)
    return member;
  error_set(error, ASSAY_ERROR_NOT_FOUND,
            "%s: no image for %s in the index, only for: %s (choose with --platform)",
            source->target, wanted, offered->len > 0 ? offered->str : "none");
  return NULL;
}

/* An image that is in no index is for one platform, which its config tells. */
static bool
check_platform(const ImageSource *source, GError **error)
{
  const ImageConfig *config = source->config;
  if (source->platform == NULL || config->os == NULL || config->architecture == NULL)
    return true;
  g_autofree char *offered = g_strdup_printf("%s/%s", config->os, config->architecture);
  if (platform_fits(offered, source->platform))
    return true;
  return error_set(error, ASSAY_ERROR_NOT_FOUND, "%s: the image is for %s, not for %s",
                   source->target, offered, source->platform);
}

/* --- from a manifest to layers --- */

static bool
check_digest(const ImageSource *source, GBytes *bytes, const Digest *expected, GError **error)
{
  Digest actual = digest_of(digest_algorithm(expected), slice_from_bytes(bytes));
  if (digest_equal(&actual, expected))
    return true;
  return error_set(error, ASSAY_ERROR_MISMATCH, "%s: %s holds other bytes, of digest %s",
                   source->target, expected->text, actual.text);
}

bool
source_take_config(ImageSource *source, GBytes *config, GError **error)
{
  source->config_bytes = g_bytes_ref(config);
  source->config = image_config_parse(slice_from_bytes(config), error);
  if (source->config == NULL) {
    g_prefix_error(error, "%s: image config: ", source->target);
    return false;
  }
  if (!check_platform(source, error))
    return false;
  const GPtrArray *diff_ids = source->config->diff_ids;
  if (diff_ids->len != source->layers->len)
    return error_set(error, ASSAY_ERROR_MISMATCH,
                     "%s: the image config names %u layers, the manifest %u", source->target,
                     diff_ids->len, source->layers->len);
  for (guint i = 0; i < diff_ids->len; i++)
    ((SourceLayer *)g_ptr_array_index(source->layers, i))->diff_id = g_ptr_array_index(diff_ids, i);
  return true;
}

/* The type of its layers when none is of a kind that is unpacked: a signature in the dress of an
 * image. */
static const char *
data_type_of(const Manifest *manifest)
{
  const char *type = NULL, *words;
  for (guint i = 0; i < manifest->layers->len; i++) {
    type = ((const Descriptor *)g_ptr_array_index(manifest->layers, i))->media_type;
    if (media_type_use(type, &words) != MEDIA_TYPE_DATA)
      return NULL;
  }
  return type;
}

static bool
refuse_artifact(const ImageSource *source, const char *type, GError **error)
{
  g_autofree char *words = media_type_in_words(type);
  return error_set(error, ASSAY_ERROR_UNSUPPORTED,
                   "%s is %s and no container image: it has no packages to scan", source->target,
                   words);
}

/* As the server has it: an image is also what containerd unpacks, which looks at the config alone.
 */
static bool
take_image(ImageSource *source, const Manifest *manifest, SourceBlobReader read,
           const SourceCall *call, GError **error)
{
  bool by_type = manifest_is_container_image(manifest);
  bool may_be_one = by_type || manifest->layers->len > 0;
  g_autoptr(GBytes) config = may_be_one ? read(source, manifest->config, call, error) : NULL;
  if (may_be_one &&
      (config == NULL || !check_digest(source, config, &manifest->config->digest, error)))
    return false;
  if (!by_type && (config == NULL || !image_config_may_name_layers(slice_from_bytes(config))))
    return refuse_artifact(source, manifest->artifact_type, error);
  if (data_type_of(manifest) != NULL)
    return refuse_artifact(source, data_type_of(manifest), error);
  for (guint i = 0; i < manifest->layers->len; i++) {
    const Descriptor *descriptor = g_ptr_array_index(manifest->layers, i);
    if (!layer_check_readable(descriptor, error)) {
      g_prefix_error(error, "%s: ", source->target);
      return false;
    }
    SourceLayer *layer = source_add_layer(source);
    layer->digest = descriptor->digest;
    layer->annotations =
        descriptor->annotations == NULL ? NULL : g_hash_table_ref(descriptor->annotations);
    layer->size = descriptor->size;
  }
  return source_take_config(source, config, error);
}

bool
source_resolve(ImageSource *source, GBytes *bytes, const char *media_type, const Digest *expected,
               SourceBlobReader read, const SourceCall *call, GError **error)
{
  if (expected != NULL && !check_digest(source, bytes, expected, error))
    return false;
  source->digest = digest_of(expected != NULL ? digest_algorithm(expected) : DIGEST_SHA256,
                             slice_from_bytes(bytes));
  g_autoptr(Manifest) manifest = manifest_parse(slice_from_bytes(bytes), media_type, error);
  for (int depth = 0; manifest != NULL && manifest->kind == MANIFEST_INDEX; depth++) {
    if (depth == INDEX_DEPTH_MAX)
      return error_set(error, ASSAY_ERROR_LIMIT, "%s: more than %d indexes in one another",
                       source->target, INDEX_DEPTH_MAX);
    const Descriptor *member = choose_member(source, manifest, error);
    g_autoptr(GBytes) inner = member == NULL ? NULL : read(source, member, call, error);
    if (inner == NULL || !check_digest(source, inner, &member->digest, error))
      return false;
    source->digest = member->digest;
    Manifest *next = manifest_parse(slice_from_bytes(inner), member->media_type, error);
    manifest_free(manifest);
    manifest = next;
  }
  if (manifest == NULL) {
    g_prefix_error(error, "%s: ", source->target);
    return false;
  }
  return take_image(source, manifest, read, call, error);
}

/* --- the door --- */

static const SourceTransport *
find_transport(const char *target)
{
  for (size_t i = 0; i < G_N_ELEMENTS(transports); i++)
    if (g_str_has_prefix(target, transports[i]->prefix))
      return transports[i];
  return NULL;
}

ImageSource *
image_source_open(const char *target, const ImageSourceOptions *options,
                  const InspectionLimits *limits, const Progress *progress,
                  Cancellable *cancellable, GError **error)
{
  SourceCall call = {progress, cancellable, options->allow_uncaged};
  const SourceTransport *transport = find_transport(target);
  g_autofree char *guessed =
      transport == NULL ? source_guess_target(target, limits, &call, error) : NULL;
  if (transport == NULL && guessed == NULL)
    return NULL;
  if (guessed != NULL) {
    target = guessed;
    transport = find_transport(target);
    g_assert(transport != NULL);
  }
  g_autoptr(ImageSource) source = g_new0(ImageSource, 1);
  source->transport = transport;
  source->target = g_strdup(target);
  source->platform = g_strdup(options->platform);
  source->authfile = g_strdup(options->authfile);
  source->credentials = g_strdup(options->credentials);
  source->authorization = g_strdup(options->authorization);
  source->ca_file = g_strdup(options->ca_file);
  source->cert_dir = g_strdup(options->cert_dir);
  source->insecure = options->insecure;
  source->allow_uncaged = options->allow_uncaged;
  source->limits = *limits;
  source->manifest_bytes = options->manifest_bytes;
  source->layers = g_ptr_array_new_with_free_func(source_layer_free);
  if (!transport->open(source, target + strlen(transport->prefix), &call, error))
    return NULL;
  return g_steal_pointer(&source);
}

void
image_source_free(ImageSource *source)
{
  if (source == NULL)
    return;
  if (source->state != NULL)
    source->transport->free_state(source->state);
  g_ptr_array_unref(source->layers);
  image_config_free(source->config);
  g_clear_pointer(&source->config_bytes, g_bytes_unref);
  g_free(source->target);
  g_free(source->platform);
  g_free(source->authfile);
  g_free(source->credentials);
  if (source->authorization != NULL)
    explicit_bzero(source->authorization, strlen(source->authorization));
  g_free(source->authorization);
  g_free(source->ca_file);
  g_free(source->cert_dir);
  g_free(source);
}

const char *
image_source_target(const ImageSource *source)
{
  return source->target;
}

const Digest *
image_source_manifest_digest(const ImageSource *source)
{
  return source->digest.text[0] == '\0' ? NULL : &source->digest;
}

const ImageConfig *
image_source_config(const ImageSource *source)
{
  return source->config;
}

bool
image_source_inspect_config(const ImageSource *source, const WorkerLimits *limits,
                            Cancellable *cancellable, ImageInventory *image, GError **error)
{
  if (source->config_bytes == NULL)
    return true;
  const ConfigurationInput input = {.bytes = slice_from_bytes(source->config_bytes),
                                    .allow_uncaged = source->allow_uncaged};
  return inspect_config_of_image(&input, limits, cancellable, image, error);
}

unsigned
image_source_layer_count(const ImageSource *source)
{
  return source->layers->len;
}

const Digest *
image_source_layer_digest(const ImageSource *source, unsigned index)
{
  const SourceLayer *layer = g_ptr_array_index(source->layers, index);
  return layer->digest.text[0] == '\0' ? NULL : &layer->digest;
}

bool
image_source_layer(ImageSource *source, unsigned index, InspectionInput *input,
                   const Progress *progress, Cancellable *cancellable, GError **error)
{
  SourceLayer *layer = g_ptr_array_index(source->layers, index);
  SourceCall call = {progress, cancellable, source->allow_uncaged};
  if (layer->fd < 0 && !source->transport->open_layer(source, layer, &call, error))
    return false;
  input->fd = layer->fd;
  input->offset = layer->offset;
  input->size = layer->size;
  input->layer = image_source_layer_digest(source, index);
  input->expected_diff_id = layer->diff_id;
  input->allow_uncaged = source->allow_uncaged;
  return true;
}

bool
image_source_has_layer(const ImageSource *source, unsigned index, Cancellable *cancellable)
{
  const SourceTransport *transport = source->transport;
  return transport->has_layer == NULL ||
         transport->has_layer(source, g_ptr_array_index(source->layers, index), cancellable);
}

bool
image_source_check_tables(const ImageSource *source, unsigned index, const GPtrArray *tables,
                          GError **error)
{
  const SourceLayer *layer = g_ptr_array_index(source->layers, index);
  Descriptor descriptor = {.digest = layer->digest, .annotations = layer->annotations};
  return layer_check_tables(&descriptor, tables, error);
}

void
image_source_drop_layer(ImageSource *source, unsigned index)
{
  fd_clear(&((SourceLayer *)g_ptr_array_index(source->layers, index))->fd);
}
