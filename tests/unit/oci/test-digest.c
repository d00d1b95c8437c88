/* Digests: what is taken, what is refused, and that the answer is the known one. */
#include <string.h>

#include "base/error.h"
#include "oci/digest.h"

#define HEX64 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static void
test_parse(void)
{
  static const struct {
    const char *text;
    int code; /* -1: taken */
  } cases[] = {
      {"sha256:" HEX64, -1},
      {"sha512:" HEX64 HEX64, -1},
      {"sha256:" HEX64 "0", ASSAY_ERROR_INVALID},
      {"sha256:E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855",
       ASSAY_ERROR_INVALID},
      {"sha256:", ASSAY_ERROR_INVALID},
      {"sha512:" HEX64, ASSAY_ERROR_INVALID},
      {"md5:d41d8cd98f00b204e9800998ecf8427e", ASSAY_ERROR_UNSUPPORTED},
      {"latest", ASSAY_ERROR_INVALID},
      {"", ASSAY_ERROR_INVALID},
      {"sha256:../../etc/passwd", ASSAY_ERROR_INVALID},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GError) error = NULL;
    Digest digest;
    g_test_message("case \"%s\"", cases[i].text);
    g_assert_cmpint(digest_parse(cases[i].text, &digest, &error), ==, cases[i].code < 0);
    g_assert_cmpint(digest_is_valid(cases[i].text), ==, cases[i].code < 0);
    if (cases[i].code < 0)
      g_assert_cmpstr(digest.text, ==, cases[i].text);
    else
      g_assert_error(error, ASSAY_ERROR, cases[i].code);
  }
}

static void
test_known_answers(void)
{
  Digest empty = digest_of(DIGEST_SHA256, SLICE_EMPTY);
  g_assert_cmpstr(empty.text, ==, "sha256:" HEX64);
  g_assert_cmpstr(digest_hex(&empty), ==, HEX64);
  Digest abc = digest_of(DIGEST_SHA512, SLICE_LITERAL("abc"));
  g_assert_true(g_str_has_prefix(abc.text, "sha512:ddaf35a193617abacc417349ae204131"));
  g_assert_cmpint(digest_algorithm(&abc), ==, DIGEST_SHA512);
}

static void
test_stream_goes_on(void)
{
  g_autoptr(DigestStream) stream = digest_stream_new(DIGEST_SHA256);
  Digest none = digest_stream_current(stream);
  g_assert_cmpstr(digest_hex(&none), ==, HEX64);
  digest_stream_update(stream, SLICE_LITERAL("a"));
  digest_stream_current(stream);
  digest_stream_update(stream, SLICE_LITERAL("bc"));
  Digest parts = digest_stream_current(stream),
         whole = digest_of(DIGEST_SHA256, SLICE_LITERAL("abc"));
  g_assert_true(digest_equal(&parts, &whole));
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/digest/parse", test_parse);
  g_test_add_func("/digest/known-answers", test_known_answers);
  g_test_add_func("/digest/stream-goes-on", test_stream_goes_on);
  return g_test_run();
}
