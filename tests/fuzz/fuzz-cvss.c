/* CVSS vectors: a score is always 0 to 10. */
#include <glib.h>
#include <stdint.h>

#include "base/slice.h"
#include "inventory/cvss.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  double score = 0;
  g_autofree char *vector = slice_to_string(slice_new(data, size));
  if (cvss_base_score(vector, &score))
    g_assert_true(score >= 0 && score <= 10);
  return 0;
}
