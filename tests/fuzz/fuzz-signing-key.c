/* Files of keys, private ones and public ones, and what services show of theirs: the first byte
 * says which. */
#include <unistd.h>

#include "base/fd.h"
#include "base/json.h"
#include "sign/keys/jwks.h"
#include "sign/keys/key.h"
#include "sign/keys/service_place.h"
#include "sign/keys/service_sign.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
read_private(Slice file)
{
  auto_fd int memory = memory_file_new("key", NULL);
  g_autofree char *uri = g_strdup_printf("file:/proc/self/fd/%d", memory);
  if (memory < 0 || !fd_write_all(memory, file, NULL))
    return;
  g_autoptr(Key) key = key_open(uri, NULL, NULL, NULL);
  if (key == NULL)
    return;
  g_autoptr(GBytes) signature =
      key_sign(key, public_key_cosign_algorithm(key_public(key)), SLICE_LITERAL("x"), NULL, NULL);
}

static void
read_public(Slice file)
{
  g_autoptr(PublicKey) key = public_key_read(file, NULL);
  if (key == NULL)
    return;
  g_autofree char *pem = public_key_to_pem(key);
  g_autoptr(PublicKey) again = public_key_read(slice_from_string(pem), NULL);
  g_assert_nonnull(again);
  for (unsigned i = 0; i < ALGORITHM_COUNT; i++)
    g_assert_false(public_key_verify(key, (SignatureAlgorithm)i, SLICE_LITERAL("x"), file));
}

static void
read_answer(Slice bytes)
{
  g_autofree char *text = slice_to_string(bytes);
  for (unsigned i = 0; i < ALGORITHM_COUNT; i++) {
    g_autoptr(GBytes) signature = service_signature((SignatureAlgorithm)i, text, NULL);
  }
  g_auto(ServicePlace) place = {NULL};
  service_place_read(text, "KIND://PART", 1, 3, &place, NULL);
  g_autoptr(json_t) jwk = json_parse_bounded(bytes, 1000, NULL);
  g_autoptr(PublicKey) key = jwk == NULL ? NULL : jwk_read(jwk, NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  if (size == 0 || size > PUBLIC_KEY_FILE_MAX)
    return 0;
  const Slice rest = slice_new(data + 1, size - 1);
  if (data[0] == 'f')
    read_private(rest);
  else if (data[0] == 'p')
    read_public(rest);
  else
    read_answer(rest);
  return 0;
}
