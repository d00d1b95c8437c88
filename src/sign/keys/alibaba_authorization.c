/* Signing requests to Alibaba Cloud; see the header. */
#include "sign/keys/alibaba_authorization.h"

#include <string.h>

#include "base/slice.h"

/* RFC 3986's unreserved characters stay. (transfer full) */
static char *
encode(const char *text)
{
  return g_uri_escape_string(text, NULL, FALSE);
}

/* In the order of the names. (transfer full) */
static GString *
make_query(GHashTable *parameters)
{
  guint count = 0;
  g_autofree void **names = text_sorted_keys(parameters, &count);
  GString *query = g_string_new(NULL);
  for (guint i = 0; i < count; i++) {
    g_autofree char *name = encode(names[i]);
    g_autofree char *value = encode(g_hash_table_lookup(parameters, names[i]));
    g_string_append_printf(query, "%s%s=%s", i == 0 ? "" : "&", name, value);
  }
  return query;
}

char *
alibaba_signature(const char *method, GHashTable *parameters, const char *secret)
{
  g_autoptr(GString) query = make_query(parameters);
  g_autofree char *encoded = encode(query->str);
  g_autofree char *text = g_strdup_printf("%s&%%2F&%s", method, encoded);
  g_autofree char *key = g_strconcat(secret, "&", NULL);
  uint8_t digest[20];
  gsize size = sizeof digest;
  GHmac *hmac = g_hmac_new(G_CHECKSUM_SHA1, (const guchar *)key, strlen(key));
  g_hmac_update(hmac, (const guchar *)text, (gssize)strlen(text));
  g_hmac_get_digest(hmac, digest, &size);
  g_hmac_unref(hmac);
  return g_base64_encode(digest, size);
}

char *
alibaba_authorization(const char *method, GHashTable *parameters, const char *secret)
{
  g_autofree char *signature = alibaba_signature(method, parameters, secret);
  g_autofree char *encoded = encode(signature);
  g_autoptr(GString) query = make_query(parameters);
  return g_strdup_printf("%s&Signature=%s", query->str, encoded);
}
