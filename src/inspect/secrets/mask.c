/* What may leave the worker of a secret; see the header. */
#include "inspect/secrets/mask.h"

#include <nettle/hmac.h>
#include <string.h>

#define STARS_MOST 16u
#define SAME_BYTES 16u

static uint8_t same_key[SECRET_KEY_BYTES];
static bool has_key;

char *
secret_masked(Slice secret, const char *prefix)
{
  size_t shown = 0;
  if (prefix != NULL && slice_has_prefix(secret, slice_from_string(prefix)))
    shown = MIN(MIN(strlen(prefix), SECRET_SHOWN_MOST), secret.size / 4);
  size_t stars = MIN(secret.size - shown, STARS_MOST);
  GString *text = g_string_new_len((const char *)secret.data, (gssize)shown);
  for (size_t i = 0; i < stars; i++)
    g_string_append_c(text, '*');
  g_string_append_printf(text, "(%zu)", secret.size);
  return g_string_free(text, FALSE);
}

void
secret_set_key(Slice key)
{
  has_key = key.size == SECRET_KEY_BYTES;
  if (has_key)
    memcpy(same_key, key.data, SECRET_KEY_BYTES);
}

char *
secret_same(Slice secret)
{
  if (!has_key)
    return NULL;
  struct hmac_sha256_ctx hmac;
  uint8_t digest[SAME_BYTES];
  hmac_sha256_set_key(&hmac, sizeof same_key, same_key);
  hmac_sha256_update(&hmac, secret.size, secret.data);
  hmac_sha256_digest(&hmac, sizeof digest, digest);
  GString *text = g_string_new(NULL);
  for (size_t i = 0; i < sizeof digest; i++)
    g_string_append_printf(text, "%02x", digest[i]);
  return g_string_free(text, FALSE);
}
