/* The cache: what is kept, given out and let go of. */
#include "base/cache.h"

#include <stdbool.h>

#define THREADS 4
#define MOST    8u

/* A value counts its references; the test holds one of each. */
typedef struct {
  gint references;
} Value;

static void *
value_ref(void *data)
{
  g_atomic_int_inc(&((Value *)data)->references);
  return data;
}

static void
value_unref(void *data)
{
  g_assert_cmpint(g_atomic_int_add(&((Value *)data)->references, -1), >, 0);
}

static bool
has(Cache *cache, const char *key, uint64_t generation, const Value *expected)
{
  Value *value = cache_get(cache, key, generation);
  if (value == NULL)
    return false;
  value_unref(value);
  return value == expected;
}

static void
test_generations(void)
{
  Value first = {1}, second = {1};
  g_autoptr(Cache) cache = cache_new(MOST, 100, value_ref, value_unref);
  g_assert_false(has(cache, "a", 1, &first));
  cache_put(cache, "a", 1, &first, 1);
  g_assert_true(has(cache, "a", 1, &first));
  g_assert_false(has(cache, "a", 2, &first) || has(cache, "a", 0, &first));
  g_assert_false(has(cache, "b", 1, &first));
  /* What was worked out anew takes the place. */
  cache_put(cache, "a", 2, &second, 1);
  g_assert_true(has(cache, "a", 2, &second));
  g_assert_false(has(cache, "a", 1, &first));
  g_assert_cmpint(first.references, ==, 1);
  /* Who got a value keeps it. */
  Value *held = cache_get(cache, "a", 2);
  cache_free(g_steal_pointer(&cache));
  g_assert_cmpint(second.references, ==, 2);
  value_unref(held);
}

static void
test_bounds(void)
{
  static const struct {
    const char *name;
    size_t weight;
    unsigned most; /* of these are ever kept */
  } cases[] = {
      {"light", 1, MOST}, {"nothing", 0, MOST}, {"heavy", 40, 2}, {"all", 100, 1}, {"more", 101, 0},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    Value value = {1};
    gint most = 0;
    g_autoptr(Cache) cache = cache_new(MOST, 100, value_ref, value_unref);
    for (int round = 0; round < 50; round++) {
      g_autofree char *key = g_strdup_printf("%d", round % 20);
      cache_put(cache, key, 1, &value, cases[i].weight);
      g_assert_cmpint(has(cache, key, 1, &value), ==, cases[i].most > 0);
      most = MAX(most, value.references - 1);
    }
    if (most != (gint)cases[i].most)
      g_error("%s: %d are kept", cases[i].name, most);
    cache_free(g_steal_pointer(&cache));
    g_assert_cmpint(value.references, ==, 1);
  }
}

/* An entry that another replaces weighs nothing any more. */
static void
test_replaced(void)
{
  Value value = {1}, other = {1};
  g_autoptr(Cache) cache = cache_new(MOST, 100, value_ref, value_unref);
  cache_put(cache, "other", 1, &other, 10);
  for (int i = 0; i < 1000; i++)
    cache_put(cache, "same", 1, &value, i % 2 == 0 ? 90 : 1);
  g_assert_true(has(cache, "other", 1, &other) && has(cache, "same", 1, &value));
  g_assert_cmpint(value.references, ==, 2);
}

typedef struct {
  Cache *cache;
  Value values[20];
} Shared;

static void *
use(void *data)
{
  Shared *shared = data;
  for (int i = 0; i < 20000; i++) {
    Value *value = &shared->values[i % G_N_ELEMENTS(shared->values)];
    g_autofree char *key = g_strdup_printf("%d", (int)(i % G_N_ELEMENTS(shared->values)));
    if (i % 3 == 0)
      cache_put(shared->cache, key, 1, value, 20);
    Value *found = cache_get(shared->cache, key, 1);
    g_assert_true(found == NULL || found == value);
    if (found != NULL)
      value_unref(found);
  }
  return NULL;
}

static void
test_threads(void)
{
  GThread *threads[THREADS];
  Shared shared = {.cache = cache_new(MOST, 100, value_ref, value_unref)};
  for (size_t i = 0; i < G_N_ELEMENTS(shared.values); i++)
    shared.values[i].references = 1;
  for (int i = 0; i < THREADS; i++)
    threads[i] = g_thread_new("cache", use, &shared);
  for (int i = 0; i < THREADS; i++)
    g_thread_join(threads[i]);
  cache_free(shared.cache);
  for (size_t i = 0; i < G_N_ELEMENTS(shared.values); i++)
    g_assert_cmpint(shared.values[i].references, ==, 1);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/cache/generations", test_generations);
  g_test_add_func("/cache/bounds", test_bounds);
  g_test_add_func("/cache/replaced", test_replaced);
  g_test_add_func("/cache/threads", test_threads);
  return g_test_run();
}
