/* What is worked out once for many: who works, who gets it, who comes again, and what is kept. */
#include "pipeline/share.h"

static unsigned freed;

static void
count_free(void *value)
{
  freed++;
}

static SharedItem *
item_of(const char *text)
{
  return shared_item_new((void *)(uintptr_t)text, count_free);
}

static void
work_out(SharedWork *share, const char *key, uint64_t generation, unsigned weight)
{
  SharedItem *item = NULL;
  g_assert_cmpint(share_begin(share, key, generation, &item), ==, SHARE_MINE);
  item = item_of(key);
  share_end(share, key, item, weight);
  shared_item_unref(item);
}

static bool
is_kept(SharedWork *share, const char *key, uint64_t generation)
{
  g_autoptr(SharedItem) item = NULL;
  ShareAnswer answer = share_begin(share, key, generation, &item);
  if (answer == SHARE_MINE)
    share_end(share, key, NULL, 0);
  else
    g_assert_cmpstr(shared_item_value(item), ==, key);
  return answer == SHARE_READY;
}

static void
test_once(void)
{
  SharedWork *share = share_new(2);
  SharedItem *item = NULL;
  freed = 0;
  g_assert_cmpint(share_begin(share, "a", 1, &item), ==, SHARE_MINE);
  g_assert_cmpint(share_begin(share, "a", 1, &item), ==, SHARE_LATER);
  g_assert_cmpint(share_begin(share, "b", 1, &item), ==, SHARE_MINE);
  g_assert_cmpint(share_begin(share, "c", 1, &item), ==, SHARE_LATER); /* two are at work */
  g_autoptr(SharedItem) mine = item_of("a");
  share_end(share, "a", mine, 1);
  g_assert_true(is_kept(share, "a", 1));
  g_assert_false(is_kept(share, "c", 1));
  share_end(share, "b", NULL, 0); /* it failed: the next may try */
  work_out(share, "b", 1, 1);
  share_free(share);
  g_assert_cmpuint(freed, ==, 1); /* "a" has still one that holds it */
}

static void
test_generations(void)
{
  SharedWork *share = share_new(1);
  work_out(share, "a", 1, 1);
  g_assert_true(is_kept(share, "a", 1));
  work_out(share, "a", 2, 1);
  g_assert_true(is_kept(share, "a", 2));
  share_free(share);
}

static void
test_weights(void)
{
  SharedWork *share = share_new(1);
  work_out(share, "a", 1, 90000);
  g_usleep(1000);
  work_out(share, "b", 1, 90000);
  g_usleep(1000);
  g_assert_true(is_kept(share, "a", 1));
  g_usleep(1000);
  work_out(share, "c", 1, 90000); /* "b" was not asked for for the longest time */
  g_assert_true(is_kept(share, "a", 1));
  g_assert_true(is_kept(share, "c", 1));
  g_assert_false(is_kept(share, "b", 1));
  work_out(share, "huge", 1, 1000000);
  g_assert_true(is_kept(share, "huge", 1));
  g_assert_false(is_kept(share, "a", 1));
  share_tidy(share);
  g_assert_true(is_kept(share, "huge", 1)); /* it is recent */
  share_free(share);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/share/once", test_once);
  g_test_add_func("/share/generations", test_generations);
  g_test_add_func("/share/weights", test_weights);
  return g_test_run();
}
