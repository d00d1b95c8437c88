/* Signed tokens, and sets of keys: what a stranger shows to log in, and what a provider publishes.
 */
#include "access/keys/jwt.h"
#include "sign/keys/jwks.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static GPtrArray *no_keys;
  if (no_keys == NULL)
    no_keys = g_ptr_array_new();
  Slice input = slice_new(data, size);
  g_autoptr(Jwt) jwt = jwt_parse(input, NULL);
  if (jwt != NULL) {
    g_autoptr(json_t) claims = jwt_claims(jwt, no_keys, NULL);
    g_assert_null(claims);
    g_autoptr(json_t) unverified = json_parse_bounded(slice_from_bytes(jwt->payload), 4096, NULL);
    jwt_check_times(unverified, 1000, NULL);
    jwt_is_for(unverified, "assay");
  }
  g_autoptr(GPtrArray) keys = jwks_read(input, NULL);
  if (keys != NULL) {
    g_autoptr(json_t) set = jwks_write(keys);
    for (guint i = 0; i < keys->len; i++)
      public_key_verify(g_ptr_array_index(keys, i), ALGORITHM_ES256, input, input);
  }
  return 0;
}
