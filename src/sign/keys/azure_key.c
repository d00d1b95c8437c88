/* Keys of Azure Key Vault: azure-kms://VAULT.vault.azure.net/KEY or .../KEY/VERSION; with
 * ?endpoint= another address.
 *
 * The access token is for the audience https://vault.azure.net (key_credentials.h). A key is one
 * version: the current one when it was opened, where the URI has none. ("Key Vault keys REST
 * API" 7.4: get key, sign, which takes a digest and gives both numbers of an elliptic signature as
 * a JWS has them.) */
#include <string.h>

#include "base/error.h"
#include "base/gnutls_library.h"
#include "base/json.h"
#include "sign/keys/credentials/azure_clouds.h"
#include "sign/keys/jwks.h"
#include "sign/keys/secret.h"
#include "sign/keys/service_key.h"
#include "text/base64url.h"

/* A token is shown to nobody who may be called anything. */
static char *
find_endpoint(const ServicePlace *place, GError **error)
{
  const char *host = place->parts[0];
  if (azure_cloud_has(host))
    return g_strconcat("https://", host, NULL);
  error_set(error, ASSAY_ERROR_INVALID,
            "%s is no vault of Azure's (VAULT.vault.azure.net); another needs ?endpoint=", host);
  return NULL;
}

static void
write_request(const ServiceKey *key, const char *action, json_t *body, const KeyCredentials *mine,
              ServiceMessage *message)
{
  const char *version = key->version != NULL ? key->version : key->place.parts[2];
  auto_secret_text *bearer = g_strconcat("Bearer ", mine->token, NULL);
  message->path = g_strdup_printf("/keys/%s/%s%s?api-version=7.4", key->place.parts[1],
                                  version == NULL ? "" : version, action);
  message->body = body == NULL ? NULL : json_to_text(body);
  service_message_add(message, "Authorization", bearer);
  service_message_add(message, "Content-Type", "application/json");
}

/* A key in an HSM has a type of its own, and is else the same. (transfer full) */
static PublicKey *
read_public(const json_t *shown, GError **error)
{
  static const char *const members[] = {"n", "e", "crv", "x", "y", NULL};
  g_autoptr(json_t) jwk = json_object();
  const char *type = json_get_string(shown, "kty");
  g_autofree char *plain =
      g_strndup(type == NULL ? "" : type, strcspn(type == NULL ? "" : type, "-"));
  json_set_string(jwk, "kty", plain);
  for (size_t i = 0; members[i] != NULL; i++)
    json_set_string(jwk, members[i], json_get_string(shown, members[i]));
  return jwk_read(jwk, error);
}

static bool
fill(ServiceKey *key, OpenedKey *opened, Cancellable *cancellable, GError **error)
{
  g_autoptr(json_t) answer = service_key_ask(key, "", NULL, cancellable, error);
  if (answer == NULL)
    return false;
  const json_t *shown = json_get_object(answer, "key");
  const char *kid = json_get_string(shown, "kid");
  const char *last = kid == NULL ? NULL : strrchr(kid, '/');
  if (last == NULL || last[1] == '\0')
    return error_set(error, ASSAY_ERROR_NETWORK, "its service answered without a kid");
  const char *named = key->place.parts[2];
  if (named != NULL && strcmp(last + 1, named) != 0)
    return error_set(error, ASSAY_ERROR_MISMATCH, "its service answered with another version");
  key->version = g_uri_escape_string(last + 1, NULL, FALSE);
  opened->public = read_public(shown, error);
  return opened->public != NULL;
}

/* Both numbers as ASN.1 has them. (transfer full) NULL: they are none. */
static GBytes *
to_der(Slice numbers)
{
  unsigned half = (unsigned)numbers.size / 2;
  const gnutls_datum_t r = {(unsigned char *)(uintptr_t)numbers.data, half},
                       s = {(unsigned char *)(uintptr_t)numbers.data + half, half};
  gnutls_datum_t der = {NULL, 0};
  if (half == 0 || numbers.size % 2 != 0 || gnutls()->encode_rs_value(&der, &r, &s) < 0)
    return NULL;
  GBytes *bytes = g_bytes_new(der.data, der.size);
  (*gnutls()->free)(der.data);
  return bytes;
}

static GBytes *
sign(void *state, SignatureAlgorithm algorithm, Slice message, Cancellable *cancellable,
     GError **error)
{
  static const ServiceAlgorithm names[] = {
      {ALGORITHM_ECDSA_SHA256, "ES256"}, {ALGORITHM_ES256, "ES256"}, {ALGORITHM_ES384, "ES384"},
      {ALGORITHM_ES512, "ES512"},        {ALGORITHM_RS256, "RS256"}, {ALGORITHM_RS384, "RS384"},
      {ALGORITHM_RS512, "RS512"},        {ALGORITHM_PS256, "PS256"}, {ALGORITHM_PS384, "PS384"},
      {ALGORITHM_PS512, "PS512"},
  };
  const char *name = service_algorithm(names, G_N_ELEMENTS(names), algorithm, error);
  if (name == NULL)
    return NULL;
  g_autoptr(json_t) body = json_object();
  g_autoptr(GBytes) digest = service_digest(algorithm, message);
  g_autofree char *value = base64url_encode(slice_from_bytes(digest));
  json_set_string(body, "alg", name);
  json_set_string(body, "value", value);
  g_autoptr(json_t) answer = service_key_ask(state, "/sign", body, cancellable, error);
  if (answer == NULL)
    return NULL;
  g_autoptr(GBytes) given = base64url_decode(slice_from_string(json_get_string(answer, "value")));
  GBytes *signature = given == NULL                         ? NULL
                      : algorithm == ALGORITHM_ECDSA_SHA256 ? to_der(slice_from_bytes(given))
                                                            : g_bytes_ref(given);
  if (signature == NULL)
    error_set(error, ASSAY_ERROR_NETWORK, "its service answered without a signature");
  return signature;
}

static const ServiceVendor vendor = {.scheme = "azure-kms",
                                     .shape = "azure-kms://VAULT.vault.azure.net/KEY[/VERSION]",
                                     .least = 2,
                                     .most = 3,
                                     .endpoint = find_endpoint,
                                     .write = write_request,
                                     .fill = fill};

static bool
open_key(const char *rest, const KeyOptions *options, OpenedKey *opened, Cancellable *cancellable,
         GError **error)
{
  return service_key_open(&vendor, rest, options, opened, cancellable, error);
}

const KeyKind azure_key_kind = {
    .scheme = "azure-kms", .open = open_key, .sign = sign, .free = service_key_free};
