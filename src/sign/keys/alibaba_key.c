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
#include "sign/keys/service.h"

typedef struct {
  Service *service;
  char *id, *version;
} AlibabaKey;

static void
free_key(void *state)
{
  AlibabaKey *key = state;
  service_free(key->service);
  g_free(key->id);
  g_free(key->version);
  g_free(key);
}

static void
set(GHashTable *parameters, const char *name, const char *value)
{
  if (value != NULL)
    g_hash_table_replace(parameters, (void *)(uintptr_t)name, g_strdup(value));
}

static GHashTable *
parameters_new(void)
{
  return g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);
}

/* (transfer full) */
static json_t *
ask(const AlibabaKey *key, const char *action, GHashTable *parameters, Cancellable *cancellable,
    GError **error)
{
  static const CredentialNames names = {{"access_key_id", "access_key_secret", "security_token"},
                                        {"ALIBABA_CLOUD_ACCESS_KEY_ID",
                                         "ALIBABA_CLOUD_ACCESS_KEY_SECRET",
                                         "ALIBABA_CLOUD_SECURITY_TOKEN"}};
  static const char *const headers[] = {"Content-Type: application/x-www-form-urlencoded", NULL};
  g_auto(Credentials) mine = {NULL, NULL, NULL};
  if (!service_credentials(key->service, &names, &mine, error))
    return NULL;
  g_autoptr(GDateTime) now = g_date_time_new_now_utc();
  g_autofree char *when = g_date_time_format(now, "%Y-%m-%dT%H:%M:%SZ");
  g_autofree char *nonce = g_uuid_string_random();
  set(parameters, "Action", action);
  set(parameters, "Version", "2016-01-20");
  set(parameters, "Format", "JSON");
  set(parameters, "AccessKeyId", mine.id);
  set(parameters, "SecurityToken", mine.session);
  set(parameters, "SignatureMethod", "HMAC-SHA1");
  set(parameters, "SignatureVersion", "1.0");
  set(parameters, "SignatureNonce", nonce);
  set(parameters, "Timestamp", when);
  set(parameters, "KeyId", key->id);
  g_autofree char *body = alibaba_authorization("POST", parameters, mine.secret);
  return service_ask(key->service, "/", headers, body, cancellable, error);
}

/* The newest. */
static bool
find_version(AlibabaKey *key, Cancellable *cancellable, GError **error)
{
  g_autoptr(GHashTable) parameters = parameters_new();
  g_autoptr(json_t) answer = ask(key, "ListKeyVersions", parameters, cancellable, error);
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
fill(AlibabaKey *key, OpenedKey *opened, Cancellable *cancellable, GError **error)
{
  if (key->version == NULL && !find_version(key, cancellable, error))
    return false;
  g_autoptr(GHashTable) parameters = parameters_new();
  set(parameters, "KeyVersionId", key->version);
  g_autoptr(json_t) answer = ask(key, "GetPublicKey", parameters, cancellable, error);
  if (answer == NULL)
    return false;
  opened->public = public_key_read(slice_from_string(json_get_string(answer, "PublicKey")), error);
  opened->version = opened->public == NULL ? NULL : g_strdup(key->version);
  return opened->public != NULL;
}

static bool
open_key(const char *rest, const KeyOptions *options, OpenedKey *opened, Cancellable *cancellable,
         GError **error)
{
  g_auto(ServicePlace) place = {NULL, NULL, NULL, NULL};
  if (!service_place_read(rest, "alibaba-kms://REGION/KEY[/VERSION]", 2, 3, &place, error))
    return false;
  g_autofree char *endpoint = place.endpoint != NULL
                                  ? g_strdup(place.endpoint)
                                  : g_strdup_printf("https://kms.%s.aliyuncs.com", place.parts[0]);
  Service *service = service_new(endpoint, options, error);
  if (service == NULL)
    return false;
  AlibabaKey *key = g_new0(AlibabaKey, 1);
  *key = (AlibabaKey){service, g_strdup(place.parts[1]), g_strdup(place.parts[2])};
  opened->state = key;
  if (fill(key, opened, cancellable, error))
    return true;
  free_key(key);
  opened->state = NULL;
  return false;
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
  const AlibabaKey *key = state;
  const char *name = service_algorithm(names, G_N_ELEMENTS(names), algorithm, error);
  if (name == NULL)
    return NULL;
  g_autoptr(GHashTable) parameters = parameters_new();
  g_autofree char *digest = service_digest_text(algorithm, message);
  set(parameters, "KeyVersionId", key->version);
  set(parameters, "Algorithm", name);
  set(parameters, "Digest", digest);
  g_autoptr(json_t) answer = ask(key, "AsymmetricSign", parameters, cancellable, error);
  return answer == NULL ? NULL
                        : service_signature(algorithm, json_get_string(answer, "Value"), error);
}

const KeyKind alibaba_key_kind = {.scheme = "alibaba-kms",
                                  .open = open_key,
                                  .sign = sign,
                                  .signs_digests = true,
                                  .free = free_key};
