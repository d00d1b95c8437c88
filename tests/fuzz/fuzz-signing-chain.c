/* Certificates that a person gives for a signing key. */
#include "sign/formats/signing_chain.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  Slice pem = slice_new(data, size);
  g_autoptr(PublicKey) key = public_key_read(pem, NULL); /* of the first certificate */
  g_autoptr(GPtrArray) chain = signing_chain_read(pem, NULL);
  if (key == NULL || chain == NULL || !signing_chain_check(chain, key, NULL))
    return 0;
  ChainTimes times = signing_chain_times(chain);
  g_assert_false(signing_chain_good(times, times.until + 1, NULL));
  return 0;
}
