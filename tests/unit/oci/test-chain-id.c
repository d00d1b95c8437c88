/* Chain ids by the rule of image-spec, and platforms that are the same under several names. */
#include "oci/chain_id.h"

#include <string.h>

static void
add(GPtrArray *diff_ids, const char *text)
{
  Digest *digest = g_new(Digest, 1);
  *digest = digest_of(DIGEST_SHA256, slice_from_string(text));
  g_ptr_array_add(diff_ids, digest);
}

/* The expected ones are of sha256sum: printf 'sha256:A sha256:B' | sha256sum, and so on. */
static void
test_chain(void)
{
  static const char *const expected[] = {
      "sha256:ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb",
      "sha256:51c0c8ace48498d6f5fee6b0592cc06f2da0f3cbe09c5a34a97dce85c3889676",
      "sha256:2fce7f8ce91bcf0a1428b36e1024639fdbd9469eea762dba98aa749631885106",
  };
  g_autoptr(GPtrArray) diff_ids = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(GArray) none = chain_ids(diff_ids, 10);
  g_assert_cmpuint(none->len, ==, 0);
  add(diff_ids, "a");
  add(diff_ids, "b");
  add(diff_ids, "c");
  g_autoptr(GArray) chains = chain_ids(diff_ids, 10);
  g_assert_cmpuint(chains->len, ==, 3);
  for (guint i = 0; i < chains->len; i++)
    g_assert_cmpstr(g_array_index(chains, Digest, i).text, ==, expected[i]);
  g_autoptr(GArray) two = chain_ids(diff_ids, 2);
  g_assert_cmpuint(two->len, ==, 2);
}

static void
test_nothing(void)
{
  static const char zeros[20480];
  static const struct {
    size_t size;
    bool nothing;
  } cases[] = {{0, false}, {512, false}, {1024, true}, {10240, true}, {20480, false}};
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_test_message("%zu zero bytes", cases[i].size);
    for (int algorithm = DIGEST_SHA256; algorithm <= DIGEST_SHA512; algorithm++) {
      Digest digest = digest_of((DigestAlgorithm)algorithm, slice_new(zeros, cases[i].size));
      g_assert_cmpint(diff_id_is_of_nothing(&digest), ==, cases[i].nothing);
    }
  }
}

static void
test_platforms(void)
{
  static const struct {
    const char *members, *expected;
  } cases[] = {
      {"\"os\":\"linux\",\"architecture\":\"amd64\"", "linux/amd64"},
      {"\"os\":\"linux\",\"architecture\":\"x86_64\"", "linux/amd64"},
      {"\"os\":\"linux\",\"architecture\":\"amd64\",\"variant\":\"v1\"", "linux/amd64"},
      {"\"os\":\"linux\",\"architecture\":\"amd64\",\"variant\":\"v3\"", "linux/amd64/v3"},
      {"\"os\":\"Linux\",\"architecture\":\"aarch64\",\"variant\":\"v8\"", "linux/arm64"},
      {"\"os\":\"linux\",\"architecture\":\"arm64\"", "linux/arm64"},
      {"\"os\":\"linux\",\"architecture\":\"arm\"", "linux/arm/v7"},
      {"\"os\":\"linux\",\"architecture\":\"armhf\"", "linux/arm/v7"},
      {"\"os\":\"linux\",\"architecture\":\"arm\",\"variant\":\"v6\"", "linux/arm/v6"},
      {"\"os\":\"windows\",\"architecture\":\"amd64\"", "windows/amd64"},
      {"\"os\":\"l\\u00e9 x\\n\",\"architecture\":\"a\"", "l???x?/a"},
      {"", "/"},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GError) error = NULL;
    g_autofree char *text =
        g_strdup_printf("{\"rootfs\": {\"diff_ids\": []}, \"config\": {}%s%s}",
                        *cases[i].members != '\0' ? ", " : "", cases[i].members);
    g_autoptr(ImageConfig) config = image_config_parse(slice_from_string(text), &error);
    g_assert_no_error(error);
    g_autofree char *platform = image_config_platform(config);
    g_test_message("case %s", cases[i].members);
    g_assert_cmpstr(platform, ==, cases[i].expected);
  }
}

static void
test_long_platform(void)
{
  g_autofree char *name = g_strnfill(5000, 'x');
  g_autofree char *text = g_strdup_printf("{\"os\":\"%s\",\"rootfs\":{\"diff_ids\":[]}}", name);
  g_autoptr(ImageConfig) config = image_config_parse(slice_from_string(text), NULL);
  g_autofree char *platform = image_config_platform(config);
  g_assert_cmpuint(strlen(platform), ==, 100);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/oci/chain-id/chain", test_chain);
  g_test_add_func("/oci/chain-id/nothing", test_nothing);
  g_test_add_func("/oci/chain-id/platforms", test_platforms);
  g_test_add_func("/oci/chain-id/long-platform", test_long_platform);
  return g_test_run();
}
