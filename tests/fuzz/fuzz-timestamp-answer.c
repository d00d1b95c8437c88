/* What an authority of time stamps answers: hostile, as all that comes by the network. */
#include "sign/formats/timestamp.h"
#include "sign/formats/timestamp_request.h"
#include "text/der.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What the seeds are about, when, and by which nonce they were asked for. */
#define NOW INT64_C(1795885111)

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static const uint8_t nonce[TIMESTAMP_NONCE_SIZE] = {1, 2,  3,  4,  5,  6,  7,  8,
                                                      9, 10, 11, 12, 13, 14, 15, 16};
  Slice answer = slice_new(data, size);
  g_autoptr(GPtrArray) anybody = g_ptr_array_new();
  bool taken =
      timestamp_answer_check(answer, SLICE_LITERAL("a signature"), nonce, anybody, NOW, NULL);
  Slice token = timestamp_token(answer);
  g_assert_true(token.size <= size);
  g_assert_true(!taken || token.size < size);
  g_assert_false(
      timestamp_answer_check(answer, SLICE_LITERAL("another"), nonce, anybody, NOW, NULL));
  g_assert_cmpint(timestamp_verify(answer, SLICE_LITERAL("a signature"), NULL, anybody, NULL), ==,
                  0);
  return 0;
}
