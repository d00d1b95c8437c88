/* Keys of Alibaba Cloud's KMS: alibaba-kms://REGION/KEY or alibaba-kms://REGION/KEY/VERSION; with
 * ?endpoint= another address, as of a dedicated gateway.
 *
 * Credentials are in a file (access_key_id, access_key_secret, security_token in [default]), or in
 * $ALIBABA_CLOUD_ACCESS_KEY_ID and so on. A key is one version: the newest when it was opened,
 * where the URI has none. ("KMS API" 2016-01-20: ListKeyVersions, GetPublicKey, AsymmetricSign,
 * which takes a digest.) */
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "sign/keys/alibaba_authorization.h"
#include "sign/keys/service_key.h"

static char *
find_endpoint(const ServicePlace *place, GError **error)
{
  if (service_host_is_plain(place->parts[0]))
    return g_strdup_printf("https://kms.%s.aliyuncs.com", place->parts[0]);
  error_set(error, ASSAY_ERROR_INVALID, "%s is no region", place->parts[0]);
  return NULL;
}

/* @body: the parameters of @action, all texts. */
static void
write_request(const ServiceKey *key, const char *action, json_t *body, const KeyCredentials *mine,
              ServiceMessage *message)
{
  g_autoptr(GDateTime) now = g_date_time_new_now_utc();
  g_autofree char *when = g_date_time_format(now, "%Y-%m-%dT%H:%M:%SZ");
  g_autofree char *nonce = g_uuid_string_random();
  const struct {
    const char *name, *value;
  } common[] = {{"Action", action},
                {"Version", "2016-01-20"},
                {"Format", "JSON"},
                {"AccessKeyId", mine->id},
                {"SecurityToken", mine->session},
                {"SignatureMethod", "HMAC-SHA1"},
                {"SignatureVersion", "1.0"},
                {"SignatureNonce", nonce},
                {"Timestamp", when},
                {"KeyId", key->place.parts[1]}};
  g_autoptr(GHashTable) parameters = g_hash_table_new(g_str_hash, g_str_equal);
  for (size_t i = 0; i < G_N_ELEMENTS(common); i++)
    if (common[i].value != NULL)
      g_hash_table_insert(parameters, (void *)(uintptr_t)common[i].name,
                          (void *)(uintptr_t)common[i].value);
  const char *name;
  json_t *value;
  json_object_foreach(body, name, value)
    g_hash_table_insert(parameters, (void *)(uintptr_t)name,
                        (void *)(uintptr_t)json_string_value(value));
  message->body = alibaba_authorization("POST", parameters, mine->secret);
  service_message_add(message, "Content-Type", "application/x-www-form-urlencoded");
}

/* The newest. */
static bool
find_version(ServiceKey *key, Cancellable *cancellable, GError **error)
{
  g_autoptr(json_t) parameters = json_object();
  g_autoptr(json_t) answer =
      service_key_ask(key, "ListKeyVersions", parameters, cancellable, error);
  if (answer == NULL)
    return false;
  const json_t *list = json_get_array(json_get_object(answer, "KeyVersions"), "KeyVersion");
  const char *newest = "", *found = NULL;
  size_t i;
  json_t *one;
  json_array_foreach(list, i, one) {
    const char *date = json_get_string(one, "CreationDate");
    const char *id = json_get_string(one, "KeyVersionId");
    if (id == NULL || date == NULL || strcmp(date, newest) <= 0)
      continue;
    newest = date;
    found = id;
  }
  key->version = g_strdup(found);
  return found != NULL || error_set(error, ASSAY_ERROR_NOT_FOUND, "it has no version");
}

static bool
fill(ServiceKey *key, OpenedKey *opened, Cancellable *cancellable, GError **error)
{
  key->version = g_strdup(key->place.parts[2]);
  if (key->version == NULL && !find_version(key, cancellable, error))
    return false;
  g_autoptr(json_t) parameters = json_object();
  json_set_string(parameters, "KeyVersionId", key->version);
  g_autoptr(json_t) answer = service_key_ask(key, "GetPublicKey", parameters, cancellable, error);
  if (answer == NULL)
    return false;
  opened->public = public_key_read(slice_from_string(json_get_string(answer, "PublicKey")), error);
  return opened->public != NULL;
}

static GBytes *
sign(void *state, SignatureAlgorithm algorithm, Slice message, Cancellable *cancellable,
     GError **error)
{
  static const ServiceAlgorithm names[] = {
      {ALGORITHM_ECDSA_SHA256, "ECDSA_SHA_256"},
      {ALGORITHM_ES256, "ECDSA_SHA_256"},
      {ALGORITHM_RS256, "RSA_PKCS1_SHA_256"},
      {ALGORITHM_PS256, "RSA_PSS_SHA_256"},
      {ALGORITHM_SM2_SM3, "SM2DSA"},
  };
  const ServiceKey *key = state;
  const char *name = service_algorithm(names, G_N_ELEMENTS(names), algorithm, error);
  if (name == NULL)
    return NULL;
  g_autoptr(json_t) parameters = json_object();
  g_autofree char *digest = service_digest_text(algorithm, message);
  json_set_string(parameters, "KeyVersionId", key->version);
  json_set_string(parameters, "Algorithm", name);
  json_set_string(parameters, "Digest", digest);
  g_autoptr(json_t) answer = service_key_ask(key, "AsymmetricSign", parameters, cancellable, error);
  return answer == NULL ? NULL
                        : service_signature(algorithm, json_get_string(answer, "Value"), error);
}

static const ServiceVendor vendor = {.scheme = "alibaba-kms",
                                     .shape = "alibaba-kms://REGION/KEY[/VERSION]",
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

const KeyKind alibaba_key_kind = {.scheme = "alibaba-kms",
                                  .open = open_key,
                                  .sign = sign,
                                  .signs_digests = true,
                                  .free = service_key_free};
