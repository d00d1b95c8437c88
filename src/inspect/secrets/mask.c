/* What may leave the worker of a secret; see the header. */
#include "inspect/secrets/mask.h"

#include <nettle/hmac.h>
#include <string.h>

#define STARS_MOST 16u
#define SAME_BYTES 16u

#define KEY_MEMBER "secret_key"

static char *same_key; /* for good, or NULL */

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
secret_set_key(const char *key)
{
  g_free(same_key);
  same_key = g_strdup(key);
}

void
secret_key_tell(json_t *job)
{
  if (same_key != NULL)
    json_set_string(job, KEY_MEMBER, same_key);
}

void
secret_key_take(const json_t *job)
{
  secret_set_key(json_string_value(json_object_get(job, KEY_MEMBER)));
}

char *
secret_same(Slice secret)
{
  if (same_key == NULL)
    return NULL;
  struct hmac_sha256_ctx hmac;
  uint8_t digest[SAME_BYTES];
  hmac_sha256_set_key(&hmac, strlen(same_key), (const uint8_t *)same_key);
  hmac_sha256_update(&hmac, secret.size, secret.data);
  hmac_sha256_digest(&hmac, sizeof digest, digest);
  GString *text = g_string_new(NULL);
  for (size_t i = 0; i < sizeof digest; i++)
    g_string_append_printf(text, "%02x", digest[i]);
  return g_string_free(text, FALSE);
}
