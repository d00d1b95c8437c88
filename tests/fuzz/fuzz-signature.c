/* Signatures of all formats, as a registry has them: whoever may push wrote them. The first byte of
 * the input says which format the rest is read as. */
#include <string.h>

#include "base/json.h"
#include "sign/formats/bundle.h"
#include "sign/formats/certificates.h"
#include "sign/formats/cosign.h"
#include "sign/formats/dsse.h"
#include "sign/formats/notation.h"
#include "sign/formats/timestamp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is read has all that verifying it looks at. */
static void
check(const Signature *signature)
{
  SignatureClaim claim = {.repository = "team/app"};
  if (signature == NULL)
    return;
  g_assert_cmpuint(signature->subjects->len, >, 0);
  g_assert_nonnull(signature->message);
  g_assert_nonnull(signature->bytes);
  g_assert_true((signature->format == SIGNATURE_COSIGN) == (signature->reference != NULL));
  g_assert_true(digest_parse(g_ptr_array_index(signature->subjects, 0), &claim.digest, NULL));
  signature_check_claim(signature, &claim, NULL);
  for (guint i = 0; signature->chain != NULL && i < signature->chain->len; i++)
    g_assert_cmpuint(g_bytes_get_size(g_ptr_array_index(signature->chain, i)), >, 0);
}

static void
check_envelope(Slice input)
{
  g_autoptr(json_t) envelope = json_parse_bounded(input, DSSE_VALUES_MAX, NULL);
  g_autoptr(GPtrArray) signatures = envelope == NULL ? NULL : dsse_read(envelope, NULL);
  for (guint i = 0; signatures != NULL && i < signatures->len; i++)
    check(g_ptr_array_index(signatures, i));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  if (size == 0)
    return 0;
  Slice input = slice_new(data + 1, size - 1);
  g_autoptr(GHashTable) annotations = g_hash_table_new(g_str_hash, g_str_equal);
  g_hash_table_insert(annotations, (char *)(uintptr_t)COSIGN_SIGNATURE,
                      (char *)(uintptr_t) "MEQCIDG7");
  g_autoptr(Signature) signature = NULL;
  switch (*data) {
  case 'c':
    signature = cosign_read(input, annotations, NULL);
    break;
  case 'd':
    check_envelope(input);
    break;
  case 'b':
    signature = bundle_read(input, NULL);
    break;
  case 'j':
    signature = notation_read_jws(input, NULL);
    break;
  case 't': {
    /* There is no root that it could lead to. */
    g_autoptr(GPtrArray) roots = g_ptr_array_new();
    g_assert_cmpint(timestamp_verify(input, SLICE_LITERAL("stamped"), NULL, roots, NULL), ==, 0);
    break;
  }
  case 'n':
    signature = notation_read_cose(input, NULL);
    break;
  default:
    break;
  }
  check(signature);
  return 0;
}
