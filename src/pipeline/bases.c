/* On which image another was built; see the header.
 *
 * A stored image has one row, by the chain id of all of its layers (chains.c). The chain ids of the
 * first n layers of an image, from many to few, are looked up there: each is one question to an
 * index, however many images there are. */
#include "pipeline/bases.h"

#include <string.h>

#include "oci/chain_id.h"
#include "oci/reference.h"
#include "pipeline/pipeline-private.h"

/* Of stored images of the same layers that may be seen, so many are looked at, those first that
 * came last. */
#define CANDIDATES_MAX 200
/* Of an index. */
#define MEMBERS_MAX 100u
/* Those whose configs are read; and the bytes of one, and of all. What is larger is passed over:
 * whoever may push could make each question of others read much. */
#define CONFIGS_MAX            50u
#define BASE_CONFIG_BYTES_MAX  (256 * 1024)
#define BASE_CONFIGS_BYTES_MAX (1024 * 1024)
/* Of what annotations say. */
#define ANNOTATION_BYTES_MAX 1000

typedef struct {
  Pipeline *pipeline;
  const Digest *manifest; /* whose base it is */
  NameSeen seen;
  void *data;
  BaseImage *base;
} Search;

void
base_image_free(BaseImage *base)
{
  if (base == NULL)
    return;
  g_free(base->repository);
  g_free(base->tag);
  g_free(base->moved_to);
  g_free(base->platform);
  g_free(base->named);
  g_free(base->named_digest);
  g_ptr_array_unref(base->layers);
  g_ptr_array_unref(base->own);
  g_free(base);
}

bool
base_image_has(const BaseImage *base, const char *layer)
{
  return base != NULL && layer != NULL &&
         g_ptr_array_find_with_equal_func(base->layers, layer, g_str_equal, NULL) &&
         !g_ptr_array_find_with_equal_func(base->own, layer, g_str_equal, NULL);
}

/* --- what its annotations say --- */

/* image-spec, annotations.md: "org.opencontainers.image.base.digest" and ".name". */
static char *
annotation(const Manifest *manifest, const char *key)
{
  const char *value =
      manifest->annotations == NULL ? NULL : g_hash_table_lookup(manifest->annotations, key);
  return value == NULL || *value == '\0' || strlen(value) > ANNOTATION_BYTES_MAX ? NULL
                                                                                 : g_strdup(value);
}

static void
read_annotations(const Manifest *manifest, BaseImage *base)
{
  base->named = annotation(manifest, "org.opencontainers.image.base.name");
  /* What is no name of an image is not shown: it may be an address with a password. */
  g_autoptr(Reference) reference = base->named == NULL ? NULL : reference_parse(base->named, NULL);
  if (reference == NULL)
    g_clear_pointer(&base->named, g_free);
  base->named_digest = annotation(manifest, "org.opencontainers.image.base.digest");
  if (base->named_digest != NULL && !digest_is_valid(base->named_digest))
    g_clear_pointer(&base->named_digest, g_free);
}

/* --- by which name --- */

/* Whether the annotations give the digest of the image, or of an index by which it has the name. */
static bool
is_meant(const BaseImage *base, const KnownName *name, const char *digest)
{
  return base->named_digest != NULL && (strcmp(base->named_digest, digest) == 0 ||
                                        g_strcmp0(base->named_digest, name->named) == 0);
}

static void
take_name(BaseImage *base, const KnownName *name, const char *digest)
{
  g_free(base->repository);
  g_free(base->tag);
  g_free(base->moved_to);
  base->repository = g_strdup(name->repository);
  base->tag = g_strdup(name->tag);
  base->moved_to = g_strdup(name->now);
  base->moved = name->until;
  g_strlcpy(base->digest.text, digest, sizeof base->digest.text);
}

/* The best name of @digests (char *) that may be seen, if there is one; @meant: of those that the
 * annotations mean. */
static bool
name_best(Search *search, const GPtrArray *digests, bool meant, GError **error)
{
  g_autoptr(GPtrArray) kept = g_ptr_array_new_with_free_func((GDestroyNotify)g_ptr_array_unref);
  const KnownName *best = NULL;
  const char *best_digest = NULL;
  for (guint i = 0; i < digests->len; i++) {
    Digest digest;
    if (!digest_parse(g_ptr_array_index(digests, i), &digest, error))
      return false;
    GPtrArray *names = registry_known_names(search->pipeline->registry, &digest, search->seen,
                                            search->data, error);
    if (names == NULL)
      return false;
    g_ptr_array_add(kept, names);
    for (guint j = 0; j < names->len; j++) {
      const KnownName *name = g_ptr_array_index(names, j);
      const char *text = g_ptr_array_index(digests, i);
      if ((!meant || is_meant(search->base, name, text)) &&
          (best == NULL || known_name_compare(name, best) < 0)) {
        best = name;
        best_digest = text;
      }
    }
  }
  if (best != NULL)
    take_name(search->base, best, best_digest);
  return true;
}

/* --- by its layers --- */

static void
take_layers(BaseImage *base, const Manifest *manifest, guint count)
{
  for (guint i = 0; i < manifest->layers->len; i++) {
    const Descriptor *layer = g_ptr_array_index(manifest->layers, i);
    g_ptr_array_add(i < count ? base->layers : base->own, g_strdup(layer->digest.text));
  }
}

static bool
begins_with(const ImageConfig *own, const ImageConfig *base)
{
  if (base->history->len == 0 || base->history->len >= own->history->len)
    return false;
  for (guint i = 0; i < base->history->len; i++)
    if (strcmp(g_ptr_array_index(base->history, i), g_ptr_array_index(own->history, i)) != 0 ||
        g_array_index(base->history_empty, bool, i) != g_array_index(own->history_empty, bool, i))
      return false;
  return true;
}

/* How long the history of @image is, where that of @own goes on from there; else 0. What is read of
 * its config is taken from @left. */
static guint
length_of_beginning(Pipeline *pipeline, const char *image, const ImageConfig *own, size_t *left)
{
  g_autoptr(Manifest) manifest = images_load_manifest(pipeline->sql, image, NULL);
  g_autoptr(GBytes) bytes = manifest == NULL || manifest->config == NULL
                                ? NULL
                                : blob_store_read(pipeline->blobs, &manifest->config->digest,
                                                  MIN(*left, BASE_CONFIG_BYTES_MAX), NULL);
  if (bytes == NULL)
    return 0;
  *left -= g_bytes_get_size(bytes);
  g_autoptr(ImageConfig) config = image_config_parse(slice_from_bytes(bytes), NULL);
  return config != NULL && begins_with(own, config) ? config->history->len : 0;
}

/* By image: of those that came last. (transfer full): guint */
static GArray *
lengths_of(Pipeline *pipeline, const GPtrArray *images, const ImageConfig *own)
{
  size_t left = BASE_CONFIGS_BYTES_MAX;
  GArray *lengths = g_array_new(FALSE, TRUE, sizeof(guint));
  g_array_set_size(lengths, images->len);
  for (guint i = 0; i < MIN(images->len, CONFIGS_MAX); i++)
    g_array_index(lengths, guint, i) =
        length_of_beginning(pipeline, g_ptr_array_index(images, i), own, &left);
  return lengths;
}

/* Of images of the same layers one that the annotations mean, else the one whose history is the
 * longest that the image's own goes on from; where there is none, any of them, if its layers are
 * not @all of the image's. */
static bool
choose(Search *search, const GPtrArray *images, const ImageConfig *own, bool all, GError **error)
{
  g_autoptr(GArray) lengths = lengths_of(search->pipeline, images, own);
  guint longest = 0;
  for (guint i = 0; i < lengths->len; i++)
    longest = MAX(longest, g_array_index(lengths, guint, i));
  if (search->base->named_digest != NULL && !name_best(search, images, true, error))
    return false;
  for (guint length = longest; search->base->repository == NULL; length--) {
    g_autoptr(GPtrArray) some = g_ptr_array_new();
    for (guint i = 0; i < images->len; i++)
      if (g_array_index(lengths, guint, i) == length)
        g_ptr_array_add(some, g_ptr_array_index(images, i));
    if ((length > 0 || !all) && !name_best(search, some, false, error))
      return false;
    if (length == 0)
      break;
  }
  return true;
}

/* The images of these layers that may be seen, but the image itself. (transfer full): char * */
static GPtrArray *
candidates_of(Search *search, const Digest *chain, GError **error)
{
  GPtrArray *images = chains_find(search->pipeline->sql, chain, search->base->platform,
                                  search->seen, search->data, CANDIDATES_MAX + 1, error);
  for (guint i = images == NULL ? 0 : images->len; i > 0; i--)
    if (strcmp(g_ptr_array_index(images, i - 1), search->manifest->text) == 0)
      g_ptr_array_remove_index(images, i - 1);
  return images;
}

static bool
find_by_layers(Search *search, const Manifest *manifest, GError **error)
{
  g_autoptr(ImageConfig) config = images_load_config(search->pipeline->blobs, manifest, error);
  if (config == NULL)
    return false;
  g_autoptr(GArray) chains = chain_ids(config->diff_ids, BASE_LAYERS_MAX);
  for (guint count = chains->len; count > 0 && search->base->repository == NULL; count--) {
    g_autoptr(GPtrArray) images =
        candidates_of(search, &g_array_index(chains, Digest, count - 1), error);
    if (images == NULL)
      return false;
    if (!choose(search, images, config, count == config->diff_ids->len, error))
      return false;
    if (search->base->repository != NULL)
      take_layers(search->base, manifest, MIN(count, manifest->layers->len));
  }
  return true;
}

/* --- by its annotations --- */

static bool
find_by_annotations(Search *search, GError **error)
{
  if (search->base->named_digest == NULL)
    return true;
  g_autoptr(GPtrArray) digests = g_ptr_array_new();
  g_ptr_array_add(digests, search->base->named_digest);
  return name_best(search, digests, false, error);
}

bool
pipeline_image_base(Pipeline *pipeline, const Digest *manifest, NameSeen seen, void *data,
                    BaseImage **base, GError **error)
{
  g_autoptr(BaseImage) made = g_new0(BaseImage, 1);
  g_auto(ImageChain) chain = {0};
  *base = NULL;
  made->layers = g_ptr_array_new_with_free_func(g_free);
  made->own = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(Manifest) parsed = images_load_manifest(pipeline->sql, manifest->text, error);
  if (parsed == NULL)
    return false;
  Search search = {pipeline, manifest, seen, data, made};
  read_annotations(parsed, made);
  /* The row of the image itself says that its layers tell. */
  Found found = chains_load(pipeline->sql, manifest, &chain, error);
  if (found == FAILED)
    return false;
  made->platform = g_steal_pointer(&chain.platform);
  if (found == FOUND && !find_by_layers(&search, parsed, error))
    return false;
  if (made->repository == NULL && !find_by_annotations(&search, error))
    return false;
  if (made->repository != NULL || made->named != NULL || made->named_digest != NULL)
    *base = g_steal_pointer(&made);
  return true;
}

/* --- what its tag names now --- */

Found
pipeline_newer_base(Pipeline *pipeline, const BaseImage *base, Digest *image, GError **error)
{
  if (base->moved_to == NULL || base->platform == NULL)
    return ABSENT;
  g_autoptr(Manifest) manifest = images_load_manifest(pipeline->sql, base->moved_to, error);
  if (manifest == NULL || !digest_parse(base->moved_to, image, error))
    return FAILED;
  /* An index may name members that only other repositories hold, which not all may see who see this
   * one. */
  Found found = chains_are_of(pipeline->sql, base->repository, image, base->platform, error);
  for (guint i = 0; found == ABSENT && i < MIN(manifest->manifests->len, MEMBERS_MAX); i++) {
    const Descriptor *member = g_ptr_array_index(manifest->manifests, i);
    *image = member->digest;
    found = chains_are_of(pipeline->sql, base->repository, image, base->platform, error);
  }
  return found;
}
