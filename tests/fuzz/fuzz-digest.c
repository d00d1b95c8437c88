/* Digests. */
#include <string.h>

#include "oci/digest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *text = g_strndup((const char *)data, size);
  Digest digest;
  bool parsed = digest_parse(text, &digest, &error);
  g_assert_cmpint(parsed, ==, digest_is_valid(text));
  g_assert_true(parsed == (error == NULL));
  if (!parsed)
    return 0;
  g_assert_cmpstr(digest.text, ==, text);
  g_assert_cmpuint(strlen(digest_hex(&digest)), ==,
                   digest_algorithm(&digest) == DIGEST_SHA256 ? 64 : 128);
  return 0;
}
