/* What the server and the process that signs say to each other. */
#include "sign/signer_message-private.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  SignerRequest request;
  g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
  if (signer_request_read(slice_new(data, size), &request, texts)) {
    /* What is understood is said the same way again. */
    SignerRequest again;
    g_autoptr(GByteArray) bytes = signer_request_write(&request);
    g_assert_true(signer_request_read(slice_new(bytes->data, bytes->len), &again, texts));
    g_assert_cmpstr(again.texts[SIGNER_URI], ==, request.texts[SIGNER_URI]);
    g_assert_true(slice_equal(again.message, request.message));
  }
  g_autoptr(GBytes) result = NULL;
  g_autofree char *version = NULL;
  g_autoptr(GError) error = NULL;
  g_assert_true(signer_answer_read(slice_new(data, size), &result, &version, &error) ==
                (error == NULL));
  return 0;
}
