/* A walk through all images; see the header. */
#include "pipeline/signing_walk.h"

#define AT_ONCE 500

typedef struct {
  Registry *registry;
  const SigningWalk *walk;
  void *data;
  Cancellable *cancellable;
} Walker;

static bool
walk_page(const Walker *walker, const char *repository, const GPtrArray *images, GError **error)
{
  for (guint i = 0; i < images->len; i++) {
    const StoredImage *image = g_ptr_array_index(images, i);
    if (cancellable_is_cancelled(walker->cancellable))
      return false;
    if (!walker->walk->image(walker->data, repository, image, error))
      return false;
  }
  return true;
}

static bool
walk_repository(const Walker *walker, const char *repository, const char *after, GError **error)
{
  g_autofree char *last = g_strdup(after);
  for (;;) {
    g_autoptr(GPtrArray) images =
        registry_images_after(walker->registry, repository, last, AT_ONCE, error);
    if (images == NULL || !walk_page(walker, repository, images, error))
      return false;
    if (images->len < AT_ONCE)
      return true;
    const StoredImage *end = g_ptr_array_index(images, images->len - 1);
    g_free(last);
    last = g_strdup(end->digest.text);
  }
}

static bool
walk_names(const Walker *walker, GStrv names, GError **error)
{
  for (size_t i = 0; names[i] != NULL; i++)
    if (walker->walk->covers(walker->data, names[i]) &&
        !walk_repository(walker, names[i], "", error))
      return false;
  return true;
}

bool
signing_walk(Registry *registry, const SigningWalk *walk, void *data, const char *repository,
             const char *digest, Cancellable *cancellable, GError **error)
{
  const Walker walker = {registry, walk, data, cancellable};
  g_autofree char *last = g_strdup(repository);
  bool more = true;
  if (last != NULL && walk->covers(data, last) && !walk_repository(&walker, last, digest, error))
    return false;
  while (more) {
    g_auto(GStrv) names = registry_catalog(registry, last, AT_ONCE, &more, error);
    if (names == NULL || !walk_names(&walker, names, error))
      return false;
    guint count = g_strv_length(names);
    if (count == 0)
      return true;
    g_free(last);
    last = g_strdup(names[count - 1]);
  }
  return true;
}
