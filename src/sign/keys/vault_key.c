/* Keys of Vault's and OpenBao's transit engine:
 * vault://KEY?endpoint=https://HOST:8200&mount=transit
 *
 * Without an endpoint, $VAULT_ADDR is asked. The token is in the options' file, which is read for
 * each request, for an agent renews it, or in $VAULT_TOKEN. A key is one version: the latest when
 * it was opened, or ?version=. ("Transit secrets engine (API)": read key, sign data.) */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "sign/keys/service_key.h"

static char *
find_endpoint(const ServicePlace *place, GError **error)
{
  const char *named = g_getenv("VAULT_ADDR");
  if (named == NULL)
    error_set(error, ASSAY_ERROR_INVALID, "it needs ?endpoint=https://HOST:8200 or $VAULT_ADDR");
  return g_strdup(named);
}

/* The token may allow more than signing: what comes by a URI leads to keys alone. */
static bool
prepare(ServiceKey *key, GError **error)
{
  uint64_t version;
  if (key->place.mount != NULL && !service_path_is_plain(key->place.mount))
    return error_set(error, ASSAY_ERROR_INVALID, "%s is no mount", key->place.mount);
  if (key->place.version != NULL &&
      !slice_to_uint64(slice_from_string(key->place.version), &version))
    return error_set(error, ASSAY_ERROR_INVALID, "a version is a number");
  key->version = g_strdup(key->place.version);
  return true;
}

/* @action: "keys", "sign". */
static void
write_request(const ServiceKey *key, const char *action, json_t *body, const KeyCredentials *mine,
              ServiceMessage *message)
{
  const char *mount = key->place.mount == NULL ? "transit" : key->place.mount;
  message->path = g_strdup_printf("/v1/%s/%s/%s", mount, action, key->place.parts[0]);
  message->body = body == NULL ? NULL : json_to_text(body);
  service_message_add(message, "X-Vault-Token", mine->token);
  service_message_add(message, "X-Vault-Request", "true");
  service_message_add(message, "X-Vault-Namespace", g_getenv("VAULT_NAMESPACE"));
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
fill(ServiceKey *key, OpenedKey *opened, Cancellable *cancellable, GError **error)
{
  g_autoptr(json_t) answer = service_key_ask(key, "keys", NULL, cancellable, error);
  const json_t *data = json_get_object(answer, "data");
  if (answer == NULL)
    return false;
  if (key->version == NULL)
    key->version =
        g_strdup_printf("%" JSON_INTEGER_FORMAT, json_get_integer(data, "latest_version", 1));
  const json_t *one = json_get_object(json_get_object(data, "keys"), key->version);
  if (one == NULL)
    return error_set(error, ASSAY_ERROR_NOT_FOUND, "Vault has no public key of version %s",
                     key->version);
  opened->public = read_public(json_get_string(one, "public_key"), error);
  return opened->public != NULL;
}

static bool
is_pss(SignatureAlgorithm algorithm)
{
  return algorithm == ALGORITHM_PS256 || algorithm == ALGORITHM_PS384 ||
         algorithm == ALGORITHM_PS512;
}

static json_t *
sign_request(const ServiceKey *key, SignatureAlgorithm algorithm, Slice message)
{
  json_t *body = json_object();
  bool whole = algorithm == ALGORITHM_EDDSA;
  g_autofree char *input =
      whole ? g_base64_encode(message.data, message.size) : service_digest_text(algorithm, message);
  g_autoptr(GBytes) digest = service_digest(algorithm, message);
  g_autofree char *hash = g_strdup_printf("sha2-%zu", g_bytes_get_size(digest) * 8);
  json_set_string(body, "input", input);
  json_object_set_new(body, "key_version", json_integer(strtoll(key->version, NULL, 10)));
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
  g_autoptr(json_t) body = sign_request(state, algorithm, message);
  g_autoptr(json_t) answer = service_key_ask(state, "sign", body, cancellable, error);
  if (answer == NULL)
    return NULL;
  /* "vault:v3:BASE64" */
  const char *text = json_get_string(json_get_object(answer, "data"), "signature");
  const char *last = text == NULL ? NULL : strrchr(text, ':');
  return service_signature(algorithm, last == NULL ? NULL : last + 1, error);
}

static const ServiceVendor vendor = {.scheme = "vault",
                                     .shape = "vault://KEY?endpoint=https://HOST:8200",
                                     .least = 1,
                                     .most = 1,
                                     .endpoint = find_endpoint,
                                     .prepare = prepare,
                                     .write = write_request,
                                     .fill = fill};

static bool
open_key(const char *rest, const KeyOptions *options, OpenedKey *opened, Cancellable *cancellable,
         GError **error)
{
  return service_key_open(&vendor, rest, options, opened, cancellable, error);
}

/* Vault answers a key that is made with nothing, or with the key. */
static bool
make_one(const ServiceKey *key, const char *algorithm, Cancellable *cancellable, GError **error)
{
  g_autoptr(GError) failure = NULL;
  g_autoptr(json_t) there = service_key_ask(key, "keys", NULL, cancellable, &failure);
  if (there != NULL)
    return error_set(error, ASSAY_ERROR_EXISTS, "Vault has it already");
  if (!g_error_matches(failure, ASSAY_ERROR, ASSAY_ERROR_NOT_FOUND)) {
    g_propagate_error(error, g_steal_pointer(&failure));
    return false;
  }
  g_autoptr(json_t) body = json_object();
  json_set_string(body, "type", algorithm);
  g_autoptr(json_t) made = service_key_ask(key, "keys", body, cancellable, error);
  return made != NULL;
}

static bool
make(const char *rest, const char *algorithm, const KeyOptions *options, Cancellable *cancellable,
     GError **error)
{
  ServiceKey *key = service_key_new(&vendor, rest, options, error);
  if (key == NULL)
    return false;
  bool done = make_one(key, algorithm, cancellable, error);
  service_key_free(key);
  return done;
}

const KeyKind vault_key_kind = {
    .scheme = "vault", .open = open_key, .sign = sign, .make = make, .free = service_key_free};
