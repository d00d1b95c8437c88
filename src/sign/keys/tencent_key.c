/* Keys of Tencent Cloud's KMS: tencent-kms://REGION/KEY; with ?endpoint= another address.
 *
 * Credentials are in a file (secret_id, secret_key, token in [default]), or in
 * $TENCENTCLOUD_SECRET_ID and so on. ("KMS API" 2019-01-18: GetPublicKey, SignByAsymmetricKey with
 * MessageType DIGEST; requests are signed by TC3-HMAC-SHA256. A failure comes with the status 200.)
 */
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "sign/keys/hmac_authorization.h"
#include "sign/keys/service.h"

typedef struct {
  Service *service;
  char *region, *id;
} TencentKey;

static void
free_key(void *state)
{
  TencentKey *key = state;
  service_free(key->service);
  g_free(key->region);
  g_free(key->id);
  g_free(key);
}

/* (transfer full) What is in "Response". */
static json_t *
take_response(json_t *answer, GError **error)
{
  json_t *response = json_get_object(answer, "Response");
  const json_t *failure = json_get_object(response, "Error");
  if (failure != NULL)
    service_failed(error, 0, json_get_string(failure, "Code"), json_get_string(failure, "Message"));
  else if (response == NULL)
    error_set(error, ASSAY_ERROR_NETWORK, "its service answered without a Response");
  return failure != NULL || response == NULL ? NULL : json_incref(response);
}

/* (transfer full) */
static json_t *
ask(const TencentKey *key, const char *action, json_t *body, Cancellable *cancellable,
    GError **error)
{
  static const CredentialNames names = {
      {"secret_id", "secret_key", "token"},
      {"TENCENTCLOUD_SECRET_ID", "TENCENTCLOUD_SECRET_KEY", "TENCENTCLOUD_TOKEN"}};
  g_auto(Credentials) mine = {NULL, NULL, NULL};
  if (!service_credentials(key->service, &names, &mine, error))
    return NULL;
  json_set_string(body, "KeyId", key->id);
  g_autofree char *text = json_to_text(body);
  g_autoptr(GDateTime) now = g_date_time_new_now_utc();
  g_autofree char *when = g_strdup_printf("%" G_GINT64_FORMAT, g_date_time_to_unix(now));
  g_autofree char *day = g_date_time_format(now, "%Y-%m-%d");
  g_autofree char *host = g_strconcat("host:", service_host(key->service), NULL);
  const char *headers[] = {"content-type:application/json", host, NULL};
  const HmacScope scope = {"TC3-HMAC-SHA256", "TC3",      "tc3_request", when, day, NULL, "kms",
                           mine.id,           mine.secret};
  g_autofree char *made = hmac_authorization(&scope, headers, slice_from_string(text));
  g_autofree char *authorization = g_strconcat("Authorization: ", made, NULL);
  g_autofree char *doing = g_strconcat("X-TC-Action: ", action, NULL);
  g_autofree char *region = g_strconcat("X-TC-Region: ", key->region, NULL);
  g_autofree char *time = g_strconcat("X-TC-Timestamp: ", when, NULL);
  g_autofree char *token =
      mine.session == NULL ? NULL : g_strconcat("X-TC-Token: ", mine.session, NULL);
  const char *sent[] = {authorization, headers[0], doing, region, time, "X-TC-Version: 2019-01-18",
                        token,         NULL};
  g_autoptr(json_t) answer = service_ask(key->service, "/", sent, text, cancellable, error);
  return answer == NULL ? NULL : take_response(answer, error);
}

static bool
open_key(const char *rest, const KeyOptions *options, OpenedKey *opened, Cancellable *cancellable,
         GError **error)
{
  g_auto(ServicePlace) place = {NULL, NULL, NULL, NULL};
  if (!service_place_read(rest, "tencent-kms://REGION/KEY", 2, 2, &place, error))
    return false;
  Service *service = service_new(
      place.endpoint != NULL ? place.endpoint : "https://kms.tencentcloudapi.com", options, error);
  if (service == NULL)
    return false;
  TencentKey *key = g_new0(TencentKey, 1);
  *key = (TencentKey){service, g_strdup(place.parts[0]), g_strdup(place.parts[1])};
  g_autoptr(json_t) body = json_object();
  g_autoptr(json_t) answer = ask(key, "GetPublicKey", body, cancellable, error);
  if (answer != NULL)
    opened->public =
        public_key_read(slice_from_string(json_get_string(answer, "PublicKeyPem")), error);
  if (opened->public == NULL)
    free_key(key);
  else
    opened->state = key;
  return opened->public != NULL;
}

static GBytes *
sign(void *state, SignatureAlgorithm algorithm, Slice message, Cancellable *cancellable,
     GError **error)
{
  static const ServiceAlgorithm names[] = {
      {ALGORITHM_ECDSA_SHA256, "ECC_P256_R1"}, {ALGORITHM_ES256, "ECC_P256_R1"},
      {ALGORITHM_RS256, "RSA_PKCS1_SHA_256"},  {ALGORITHM_PS256, "RSA_PSS_SHA_256"},
      {ALGORITHM_SM2_SM3, "SM2DSA"},
  };
  const char *name = service_algorithm(names, G_N_ELEMENTS(names), algorithm, error);
  if (name == NULL)
    return NULL;
  g_autoptr(json_t) body = json_object();
  g_autofree char *digest = service_digest_text(algorithm, message);
  json_set_string(body, "Algorithm", name);
  json_set_string(body, "Message", digest);
  json_set_string(body, "MessageType", "DIGEST");
  g_autoptr(json_t) answer = ask(state, "SignByAsymmetricKey", body, cancellable, error);
  return answer == NULL ? NULL
                        : service_signature(algorithm, json_get_string(answer, "Signature"), error);
}

const KeyKind tencent_key_kind = {.scheme = "tencent-kms",
                                  .open = open_key,
                                  .sign = sign,
                                  .signs_digests = true,
                                  .free = free_key};
