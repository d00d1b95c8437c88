/* References, names, tags and digests as they come in URLs and on the command line. */
#include <stdint.h>

#include "oci/digest.h"
#include "oci/reference.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  g_autofree char *text = slice_to_string(slice_new(data, size));
  g_autoptr(GError) error = NULL;
  g_autoptr(Reference) reference = reference_parse(text, &error);
  g_assert((reference == NULL) == (error != NULL));
  if (reference != NULL) {
    g_assert_true(repository_name_is_valid(reference->repository));
    g_assert_true(reference->tag == NULL || tag_is_valid(reference->tag));
    g_assert_true(reference->digest == NULL || digest_is_valid(reference->digest));
  }
  return 0;
}
