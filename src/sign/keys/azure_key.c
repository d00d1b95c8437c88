/* Keys of Azure Key Vault: azure-kms://VAULT.vault.azure.net/KEY or .../KEY/VERSION; with
 * ?endpoint= another address.
 *
 * The access token, for the audience https://vault.azure.net, is in the options' file, which is
 * read for each request, or in $AZURE_ACCESS_TOKEN. A key is one version: the current one when it
 * was opened, where the URI has none. ("Key Vault keys REST API" 7.4: get key, sign, which takes a
 * digest and gives both numbers of an elliptic signature as a JWS has them.) */
#include <string.h>

#include "base/error.h"
#include "base/gnutls_library.h"
#include "base/json.h"
#include "sign/keys/jwks.h"
#include "sign/keys/secret.h"
#include "sign/keys/service.h"
#include "text/base64url.h"

typedef struct {
  Service *service;
  char *name, *version;
} AzureKey;

static void
free_key(void *state)
{
  AzureKey *key = state;
  service_free(key->service);
  g_free(key->name);
  g_free(key->version);
  g_free(key);
}

/* (transfer full) */
static json_t *
ask(const AzureKey *key, const char *action, const json_t *body, Cancellable *cancellable,
    GError **error)
{
  static const char *const variables[] = {"AZURE_ACCESS_TOKEN", NULL};
  auto_secret_text *token = service_token(key->service, variables, error);
  if (token == NULL)
    return NULL;
  auto_secret_text *authorization = g_strconcat("Authorization: Bearer ", token, NULL);
  const char *headers[] = {authorization, "Content-Type: application/json", NULL};
  g_autofree char *path = g_strdup_printf("/keys/%s/%s%s?api-version=7.4", key->name,
                                          key->version == NULL ? "" : key->version, action);
  g_autofree char *text = body == NULL ? NULL : json_to_text(body);
  return service_ask(key->service, path, headers, text, cancellable, error);
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
fill(AzureKey *key, OpenedKey *opened, Cancellable *cancellable, GError **error)
{
  g_autoptr(json_t) answer = ask(key, "", NULL, cancellable, error);
  if (answer == NULL)
    return false;
  const json_t *shown = json_get_object(answer, "key");
  const char *kid = json_get_string(shown, "kid");
  const char *last = kid == NULL ? NULL : strrchr(kid, '/');
  if (last == NULL || last[1] == '\0')
    return error_set(error, ASSAY_ERROR_NETWORK, "its service answered without a kid");
  g_free(key->version);
  key->version = g_uri_escape_string(last + 1, NULL, FALSE);
  opened->public = read_public(shown, error);
  opened->version = opened->public == NULL ? NULL : g_strdup(key->version);
  return opened->public != NULL;
}

static bool
open_key(const char *rest, const KeyOptions *options, OpenedKey *opened, Cancellable *cancellable,
         GError **error)
{
  g_auto(ServicePlace) place = {NULL, NULL, NULL, NULL};
  if (!service_place_read(rest, "azure-kms://VAULT.vault.azure.net/KEY[/VERSION]", 2, 3, &place,
                          error))
    return false;
  g_autofree char *endpoint = place.endpoint != NULL
                                  ? g_strdup(place.endpoint)
                                  : g_strconcat("https://", place.parts[0], NULL);
  Service *service = service_new(endpoint, options, error);
  if (service == NULL)
    return false;
  AzureKey *key = g_new0(AzureKey, 1);
  *key = (AzureKey){service, g_strdup(place.parts[1]), g_strdup(place.parts[2])};
  opened->state = key;
  if (fill(key, opened, cancellable, error))
    return true;
  free_key(key);
  opened->state = NULL;
  return false;
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
  g_autoptr(json_t) answer = ask(state, "/sign", body, cancellable, error);
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

const KeyKind azure_key_kind = {
    .scheme = "azure-kms", .open = open_key, .sign = sign, .free = free_key};
