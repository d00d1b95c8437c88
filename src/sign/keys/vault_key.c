/* Keys of Vault's and OpenBao's transit engine:
 * vault://KEY?endpoint=https://HOST:8200&mount=transit
 *
 * Without an endpoint, $VAULT_ADDR is asked. The token is in the options' file, which is read for
 * each request, for an agent renews it, or in $VAULT_TOKEN. A key is one version: the latest when
 * it was opened, or ?version=. ("Transit secrets engine (API)": read key, sign data.) */
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "sign/keys/secret.h"
#include "sign/keys/service.h"

typedef struct {
  Service *service;
  char *name, *mount;
  json_int_t version;
} VaultKey;

static void
free_key(void *state)
{
  VaultKey *key = state;
  service_free(key->service);
  g_free(key->name);
  g_free(key->mount);
  g_free(key);
}

/* (transfer full) NULL with *error. */
static VaultKey *
find_key(const char *rest, const KeyOptions *options, GError **error)
{
  g_auto(ServicePlace) place = {NULL, NULL, NULL, NULL};
  if (!service_place_read(rest, "vault://KEY?endpoint=https://HOST:8200", 1, 1, &place, error))
    return NULL;
  const char *endpoint = place.endpoint != NULL ? place.endpoint : g_getenv("VAULT_ADDR");
  uint64_t version = 0;
  if (endpoint == NULL ||
      (place.version != NULL && !slice_to_uint64(slice_from_string(place.version), &version))) {
    error_set(error, ASSAY_ERROR_INVALID,
              "it needs ?endpoint=https://HOST:8200 or $VAULT_ADDR, and a version is a number");
    return NULL;
  }
  Service *service = service_new(endpoint, options, error);
  if (service == NULL)
    return NULL;
  VaultKey *key = g_new0(VaultKey, 1);
  key->service = service;
  key->name = g_strdup(place.parts[0]);
  key->mount = g_strdup(place.mount == NULL ? "transit" : place.mount);
  key->version = (json_int_t)version;
  return key;
}

/* @action: "keys", "sign". (transfer full) The answer's data. */
static json_t *
ask(const VaultKey *key, const char *action, const json_t *body, Cancellable *cancellable,
    GError **error)
{
  static const char *const variables[] = {"VAULT_TOKEN", NULL};
  auto_secret_text *token = service_token(key->service, variables, error);
  if (token == NULL)
    return NULL;
  auto_secret_text *header = g_strconcat("X-Vault-Token: ", token, NULL);
  const char *namespace = g_getenv("VAULT_NAMESPACE");
  g_autofree char *scope =
      namespace == NULL ? NULL : g_strconcat("X-Vault-Namespace: ", namespace, NULL);
  const char *headers[] = {header, "X-Vault-Request: true", scope, NULL};
  g_autofree char *path = g_strdup_printf("/v1/%s/%s/%s", key->mount, action, key->name);
  g_autofree char *text = body == NULL ? NULL : json_to_text(body);
  g_autoptr(json_t) answer = service_ask(key->service, path, headers, text, cancellable, error);
  return json_incref(json_get_object(answer, "data"));
}

/* Ed25519 keys are shown as their 32 bytes, in base64. (transfer full) */
static PublicKey *
read_public(const char *text, GError **error)
{
  static const uint8_t head[] = {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03,
                                 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};
  if (text == NULL || strstr(text, "-----BEGIN ") != NULL)
    return public_key_read(slice_from_string(text), error);
  gsize size = 0;
  g_autofree guchar *bytes = g_base64_decode(text, &size);
  g_autoptr(GByteArray) der = g_byte_array_new();
  g_byte_array_append(der, head, sizeof head);
  g_byte_array_append(der, bytes, (guint)size);
  return public_key_read(slice_new(der->data, der->len), error);
}

static bool
open_key(const char *rest, const KeyOptions *options, OpenedKey *opened, Cancellable *cancellable,
         GError **error)
{
  VaultKey *key = find_key(rest, options, error);
  if (key == NULL)
    return false;
  g_autoptr(GError) failure = NULL;
  g_autoptr(json_t) data = ask(key, "keys", NULL, cancellable, &failure);
  if (data != NULL && key->version == 0)
    key->version = json_get_integer(data, "latest_version", 1);
  g_autofree char *version = g_strdup_printf("%" JSON_INTEGER_FORMAT, key->version);
  const json_t *one = json_get_object(json_get_object(data, "keys"), version);
  if (one != NULL)
    opened->public = read_public(json_get_string(one, "public_key"), &failure);
  if (opened->public != NULL) {
    opened->state = key;
    opened->version = g_steal_pointer(&version);
    return true;
  }
  free_key(key);
  if (failure == NULL)
    return error_set(error, ASSAY_ERROR_NOT_FOUND, "Vault has no public key of version %s",
                     version);
  g_propagate_error(error, g_steal_pointer(&failure));
  return false;
}

static bool
is_pss(SignatureAlgorithm algorithm)
{
  return algorithm == ALGORITHM_PS256 || algorithm == ALGORITHM_PS384 ||
         algorithm == ALGORITHM_PS512;
}

static json_t *
sign_request(const VaultKey *key, SignatureAlgorithm algorithm, Slice message)
{
  json_t *body = json_object();
  bool whole = algorithm == ALGORITHM_EDDSA;
  g_autofree char *input =
      whole ? g_base64_encode(message.data, message.size) : service_digest_text(algorithm, message);
  g_autoptr(GBytes) digest = service_digest(algorithm, message);
  g_autofree char *hash = g_strdup_printf("sha2-%zu", g_bytes_get_size(digest) * 8);
  json_set_string(body, "input", input);
  json_object_set_new(body, "key_version", json_integer(key->version));
  if (whole)
    return body;
  json_object_set_new(body, "prehashed", json_true());
  json_set_string(body, "hash_algorithm", hash);
  json_set_string(body, "signature_algorithm", is_pss(algorithm) ? "pss" : "pkcs1v15");
  json_set_string(body, "salt_length", "hash");
  json_set_string(body, "marshaling_algorithm", "asn1");
  return body;
}

static GBytes *
sign(void *state, SignatureAlgorithm algorithm, Slice message, Cancellable *cancellable,
     GError **error)
{
  const VaultKey *key = state;
  g_autoptr(json_t) body = sign_request(key, algorithm, message);
  g_autoptr(GError) failure = NULL;
  g_autoptr(json_t) data = ask(key, "sign", body, cancellable, &failure);
  if (failure != NULL) {
    g_propagate_error(error, g_steal_pointer(&failure));
    return NULL;
  }
  /* "vault:v3:BASE64" */
  const char *text = json_get_string(data, "signature");
  const char *last = text == NULL ? NULL : strrchr(text, ':');
  return service_signature(algorithm, last == NULL ? NULL : last + 1, error);
}

static bool
make(const char *rest, const char *algorithm, const KeyOptions *options, Cancellable *cancellable,
     GError **error)
{
  VaultKey *key = find_key(rest, options, error);
  if (key == NULL)
    return false;
  g_autoptr(GError) failure = NULL;
  g_autoptr(json_t) there = ask(key, "keys", NULL, cancellable, &failure);
  bool absent = g_error_matches(failure, ASSAY_ERROR, ASSAY_ERROR_NOT_FOUND);
  if (absent)
    g_clear_error(&failure);
  else if (failure == NULL)
    error_set(&failure, ASSAY_ERROR_EXISTS, "Vault has it already");
  g_autoptr(json_t) body = json_object();
  json_set_string(body, "type", algorithm);
  g_autoptr(json_t) made = failure != NULL ? NULL : ask(key, "keys", body, cancellable, &failure);
  free_key(key);
  bool done = failure == NULL;
  if (!done)
    g_propagate_error(error, g_steal_pointer(&failure));
  return done;
}

const KeyKind vault_key_kind = {
    .scheme = "vault", .open = open_key, .sign = sign, .make = make, .free = free_key};
