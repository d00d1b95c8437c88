/* The cache of manifests: found as long as nothing changed, and bounded also where one entry takes
 * the place of another. */
#include "oci/media_type.h"
#include "server/manifest_cache.h"

#define CACHE_BYTES_MAX ((gsize)16 * 1024 * 1024)

/* Bytes of all manifests that somebody still holds. */
static gsize held;

static void
release(void *size)
{
  held -= GPOINTER_TO_SIZE(size);
}

static void
put(Cache *cache, const char *reference, uint64_t generation, gsize size, int64_t expires)
{
  g_autoptr(StoredManifest) manifest = g_new0(StoredManifest, 1);
  static const char text[1024 * 1024];
  held += size;
  manifest->bytes = g_bytes_new_with_free_func(text, size, release, GSIZE_TO_POINTER(size));
  manifest->media_type = g_strdup(MEDIA_TYPE_OCI_MANIFEST);
  g_autoptr(GPtrArray) warnings = g_ptr_array_new_with_free_func(g_free);
  g_ptr_array_add(warnings, g_strdup(reference));
  manifest_cache_put(cache, "library/app", reference, generation, generation, manifest, warnings,
                     expires);
}

static bool
has(Cache *cache, const char *reference, uint64_t registry, uint64_t verdict)
{
  g_autoptr(CachedManifest) found =
      manifest_cache_get(cache, "library/app", reference, registry, verdict);
  if (found == NULL)
    return false;
  g_assert_cmpuint(found->warnings->len, ==, 1);
  g_assert_cmpstr(g_ptr_array_index(found->warnings, 0), ==, reference);
  return true;
}

static void
test_generations(void)
{
  g_autoptr(Cache) cache = manifest_cache_new();
  put(cache, "latest", 7, 100, 0);
  g_assert_true(has(cache, "latest", 7, 7));
  g_assert_false(has(cache, "latest", 8, 7));
  g_assert_false(has(cache, "latest", 7, 8));
  g_assert_false(has(cache, "v1", 7, 7));
  /* An answer whose time has passed is none. */
  put(cache, "v1", 7, 100, g_get_real_time() + G_TIME_SPAN_HOUR);
  g_assert_true(has(cache, "v1", 7, 7));
  put(cache, "v1", 7, 100, g_get_real_time() - 1);
  g_assert_false(has(cache, "v1", 7, 7));
}

static void
test_bounded(void)
{
  g_autoptr(Cache) cache = manifest_cache_new();
  for (int round = 0; round < 2; round++)
    for (int i = 0; i < 100; i++) {
      g_autofree char *reference = g_strdup_printf("v%d", i);
      put(cache, reference, (uint64_t)round, round == 0 ? 1 : (gsize)1024 * 1024, 0);
      g_assert_true(has(cache, reference, (uint64_t)round, (uint64_t)round));
      g_assert_cmpuint(held, <=, CACHE_BYTES_MAX);
    }
  cache_free(g_steal_pointer(&cache));
  g_assert_cmpuint(held, ==, 0);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/manifest-cache/generations", test_generations);
  g_test_add_func("/manifest-cache/bounded", test_bounded);
  return g_test_run();
}
