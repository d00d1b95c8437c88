/* MD5 in lanes is compared with nettle's, over texts of all sizes around a block and the pool, and
 * asked for in any order. */
#include <nettle/md5.h>
#include <string.h>

#include "inspect/integrity/md5_lanes.h"

static uint8_t text[2 * MD5_POOL_BYTES];

static void
assert_digest(Md5Lanes *lanes, uint32_t number, size_t size)
{
  struct md5_ctx context;
  uint8_t wanted[MD5_DIGEST_SIZE];
  md5_init(&context);
  md5_update(&context, size, text);
  md5_digest(&context, sizeof wanted, wanted);
  g_assert_cmpmem(md5_lanes_digest(lanes, number), MD5_BYTES, wanted, sizeof wanted);
}

static void
add(Md5Lanes *lanes, size_t size, size_t piece)
{
  md5_lanes_begin(lanes);
  for (size_t at = 0; at < size; at += piece)
    md5_lanes_add(lanes, slice_new(text + at, MIN(piece, size - at)));
  md5_lanes_end(lanes);
}

/* Each size that pads otherwise. */
static void
test_padding(void)
{
  g_autoptr(Md5Lanes) lanes = md5_lanes_new();
  for (size_t size = 0; size < 200; size++)
    add(lanes, size, 7);
  for (uint32_t size = 0; size < 200; size++)
    assert_digest(lanes, size, size);
}

/* Few texts, of which some fill the pool more than once. */
static void
test_long(void)
{
  g_autoptr(Md5Lanes) lanes = md5_lanes_new();
  static const size_t sizes[] = {
      1, 2 * MD5_POOL_BYTES, 100, MD5_POOL_BYTES, MD5_POOL_BYTES - 1, MD5_POOL_BYTES + 1};
  for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++)
    add(lanes, sizes[i], 65521);
  for (size_t i = G_N_ELEMENTS(sizes); i-- > 0;)
    assert_digest(lanes, (uint32_t)i, sizes[i]);
}

static void
test_random(void)
{
  g_autoptr(Md5Lanes) lanes = md5_lanes_new();
  size_t sizes[300];
  for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
    int most = g_random_int_range(0, 10) == 0 ? 1000000 : 10000;
    sizes[i] = (size_t)g_random_int_range(0, most);
    add(lanes, sizes[i], (size_t)g_random_int_range(1, 40000));
    size_t asked = (size_t)g_random_int_range(0, (gint32)i + 1);
    if (g_random_boolean())
      assert_digest(lanes, (uint32_t)asked, sizes[asked]);
  }
  for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++)
    assert_digest(lanes, (uint32_t)i, sizes[i]);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  for (size_t i = 0; i < sizeof text; i++)
    text[i] = (uint8_t)(i * 2654435761u >> 13);
  g_test_add_func("/md5-lanes/padding", test_padding);
  g_test_add_func("/md5-lanes/long", test_long);
  g_test_add_func("/md5-lanes/random", test_random);
  return g_test_run();
}
