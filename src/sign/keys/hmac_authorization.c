/* Authorization by HMAC-SHA256; see the header. */
#include "sign/keys/hmac_authorization.h"

#include <string.h>

#define DIGEST_BYTES 32

static char *
hex_digest(Slice bytes)
{
  return g_compute_checksum_for_data(G_CHECKSUM_SHA256, bytes.data, bytes.size);
}

/* The next key of the chain, in the place of the former. */
static void
derive(uint8_t key[DIGEST_BYTES], const char *text)
{
  gsize size = DIGEST_BYTES;
  GHmac *hmac = g_hmac_new(G_CHECKSUM_SHA256, key, DIGEST_BYTES);
  g_hmac_update(hmac, (const guchar *)text, (gssize)strlen(text));
  g_hmac_get_digest(hmac, key, &size);
  g_hmac_unref(hmac);
}

static void
make_key(const HmacScope *scope, uint8_t key[DIGEST_BYTES])
{
  gsize size = DIGEST_BYTES;
  g_autofree char *secret = g_strconcat(scope->prefix, scope->secret, NULL);
  GHmac *hmac = g_hmac_new(G_CHECKSUM_SHA256, (const guchar *)secret, strlen(secret));
  g_hmac_update(hmac, (const guchar *)scope->day, (gssize)strlen(scope->day));
  g_hmac_get_digest(hmac, key, &size);
  g_hmac_unref(hmac);
  if (scope->region != NULL)
    derive(key, scope->region);
  derive(key, scope->service);
  derive(key, scope->end);
}

char *
hmac_authorization(const HmacScope *scope, const char *const *headers, Slice body)
{
  g_autoptr(GString) request = g_string_new("POST\n/\n\n"), names = g_string_new(NULL);
  for (size_t i = 0; headers[i] != NULL; i++) {
    g_string_append_printf(request, "%s\n", headers[i]);
    g_string_append_printf(names, "%s%.*s", i == 0 ? "" : ";", (int)strcspn(headers[i], ":"),
                           headers[i]);
  }
  g_autofree char *body_digest = hex_digest(body);
  g_string_append_printf(request, "\n%s\n%s", names->str, body_digest);
  g_autofree char *request_digest = hex_digest(slice_new(request->str, request->len));
  g_autofree char *place =
      g_strdup_printf("%s/%s%s%s/%s", scope->day, scope->region == NULL ? "" : scope->region,
                      scope->region == NULL ? "" : "/", scope->service, scope->end);
  g_autofree char *text =
      g_strdup_printf("%s\n%s\n%s\n%s", scope->scheme, scope->when, place, request_digest);
  uint8_t key[DIGEST_BYTES];
  make_key(scope, key);
  g_autofree char *signature = g_compute_hmac_for_data(G_CHECKSUM_SHA256, key, sizeof key,
                                                       (const guchar *)text, strlen(text));
  return g_strdup_printf("%s Credential=%s/%s, SignedHeaders=%s, Signature=%s", scope->scheme,
                         scope->id, place, names->str, signature);
}
