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
#include "sign/keys/service_key.h"

static char *
find_endpoint(const ServicePlace *place, GError **error)
{
  return g_strdup("https://kms.tencentcloudapi.com");
}

/* What is in "Response". */
static json_t *
take_response(json_t *answer, GError **error)
{
  json_t *response = json_get_object(answer, "Response");
  const json_t *failure = json_get_object(response, "Error");
  if (failure != NULL)
    service_failed(error, 0, json_get_string(failure, "Code"), json_get_string(failure, "Message"));
  else if (response == NULL)
    error_set(error, ASSAY_ERROR_NETWORK, "its service answered without a Response");
  json_t *taken = failure != NULL || response == NULL ? NULL : json_incref(response);
  json_decref(answer);
  return taken;
}

static void
write_request(const ServiceKey *key, const char *action, json_t *body, const KeyCredentials *mine,
              ServiceMessage *message)
{
  json_set_string(body, "KeyId", key->place.parts[1]);
  message->body = json_to_text(body);
  g_autoptr(GDateTime) now = g_date_time_new_now_utc();
  g_autofree char *when = g_strdup_printf("%" G_GINT64_FORMAT, g_date_time_to_unix(now));
  g_autofree char *day = g_date_time_format(now, "%Y-%m-%d");
  g_autofree char *host = g_strconcat("host:", service_host(key->service), NULL);
  const char *headers[] = {"content-type:application/json", host, NULL};
  const HmacScope scope = {"TC3-HMAC-SHA256", "TC3",       "tc3_request", when, day, NULL, "kms",
                           mine->id,          mine->secret};
  g_autofree char *made = hmac_authorization(&scope, headers, slice_from_string(message->body));
  service_message_add(message, "Authorization", made);
  service_message_add(message, "Content-Type", "application/json");
  service_message_add(message, "X-TC-Action", action);
  service_message_add(message, "X-TC-Region", key->place.parts[0]);
  service_message_add(message, "X-TC-Timestamp", when);
  service_message_add(message, "X-TC-Version", "2019-01-18");
  service_message_add(message, "X-TC-Token", mine->session);
}

static bool
fill(ServiceKey *key, OpenedKey *opened, Cancellable *cancellable, GError **error)
{
  g_autoptr(json_t) body = json_object();
  g_autoptr(json_t) answer = service_key_ask(key, "GetPublicKey", body, cancellable, error);
  if (answer == NULL)
    return false;
  opened->public =
      public_key_read(slice_from_string(json_get_string(answer, "PublicKeyPem")), error);
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
  g_autoptr(json_t) answer =
      service_key_ask(state, "SignByAsymmetricKey", body, cancellable, error);
  return answer == NULL ? NULL
                        : service_signature(algorithm, json_get_string(answer, "Signature"), error);
}

static const ServiceVendor vendor = {.scheme = "tencent-kms",
                                     .shape = "tencent-kms://REGION/KEY",
                                     .least = 2,
                                     .most = 2,
                                     .endpoint = find_endpoint,
                                     .write = write_request,
                                     .read = take_response,
                                     .fill = fill};

static bool
open_key(const char *rest, const KeyOptions *options, OpenedKey *opened, Cancellable *cancellable,
         GError **error)
{
  return service_key_open(&vendor, rest, options, opened, cancellable, error);
}

const KeyKind tencent_key_kind = {.scheme = "tencent-kms",
                                  .open = open_key,
                                  .sign = sign,
                                  .signs_digests = true,
                                  .free = service_key_free};
