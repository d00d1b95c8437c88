/* Keys of AWS KMS: aws-kms://REGION/KEY, where KEY is an id; with ?endpoint= another address.
 *
 * Credentials are in a file as AWS's tools have it (aws_access_key_id, aws_secret_access_key,
 * aws_session_token in [default]), or in $AWS_ACCESS_KEY_ID and so on. ("AWS KMS API Reference":
 * GetPublicKey, Sign with MessageType DIGEST; requests are JSON 1.1, signed by Signature
 * Version 4.)
 */
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "sign/keys/hmac_authorization.h"
#include "sign/keys/secret.h"
#include "sign/keys/service_key.h"

static char *
find_endpoint(const ServicePlace *place, GError **error)
{
  const char *region = place->parts[0];
  if (service_host_is_plain(region))
    return g_strdup_printf("https://kms.%s.amazonaws.com%s", region,
                           g_str_has_prefix(region, "cn-") ? ".cn" : "");
  error_set(error, ASSAY_ERROR_INVALID, "%s is no region", region);
  return NULL;
}

static void
write_request(const ServiceKey *key, const char *action, json_t *body, const KeyCredentials *mine,
              ServiceMessage *message)
{
  json_set_string(body, "KeyId", key->place.parts[1]);
  message->body = json_to_text(body);
  g_autoptr(GDateTime) now = g_date_time_new_now_utc();
  g_autofree char *when = g_date_time_format(now, "%Y%m%dT%H%M%SZ");
  g_autofree char *day = g_date_time_format(now, "%Y%m%d");
  g_autofree char *host = g_strconcat("host:", service_host(key->service), NULL);
  g_autofree char *date = g_strconcat("x-amz-date:", when, NULL);
  auto_secret_text *session = g_strconcat("x-amz-security-token:", mine->session, NULL);
  g_autofree char *target = g_strconcat("TrentService.", action, NULL);
  g_autofree char *target_line = g_strconcat("x-amz-target:", target, NULL);
  static const char type[] = "application/x-amz-json-1.1";
  g_autofree char *type_line = g_strconcat("content-type:", type, NULL);
  const char *with[] = {type_line, host, date, session, target_line, NULL};
  const char *without[] = {type_line, host, date, target_line, NULL};
  const HmacScope scope = {"AWS4-HMAC-SHA256",  "AWS4", "aws4_request", when,        day,
                           key->place.parts[0], "kms",  mine->id,       mine->secret};
  g_autofree char *made = hmac_authorization(&scope, mine->session != NULL ? with : without,
                                             slice_from_string(message->body));
  service_message_add(message, "Authorization", made);
  service_message_add(message, "Content-Type", type);
  service_message_add(message, "X-Amz-Date", when);
  service_message_add(message, "X-Amz-Security-Token", mine->session);
  service_message_add(message, "X-Amz-Target", target);
}

static bool
fill(ServiceKey *key, OpenedKey *opened, Cancellable *cancellable, GError **error)
{
  g_autoptr(json_t) body = json_object();
  g_autoptr(json_t) answer = service_key_ask(key, "GetPublicKey", body, cancellable, error);
  if (answer == NULL)
    return false;
  gsize size = 0;
  const char *text = json_get_string(answer, "PublicKey");
  g_autofree guchar *der = text == NULL ? NULL : g_base64_decode(text, &size);
  opened->public = public_key_read(slice_new(der, size), error);
  return opened->public != NULL;
}

static GBytes *
sign(void *state, SignatureAlgorithm algorithm, Slice message, Cancellable *cancellable,
     GError **error)
{
  static const ServiceAlgorithm names[] = {
      {ALGORITHM_ECDSA_SHA256, "ECDSA_SHA_256"},
      {ALGORITHM_ES256, "ECDSA_SHA_256"},
      {ALGORITHM_ES384, "ECDSA_SHA_384"},
      {ALGORITHM_ES512, "ECDSA_SHA_512"},
      {ALGORITHM_RS256, "RSASSA_PKCS1_V1_5_SHA_256"},
      {ALGORITHM_RS384, "RSASSA_PKCS1_V1_5_SHA_384"},
      {ALGORITHM_RS512, "RSASSA_PKCS1_V1_5_SHA_512"},
      {ALGORITHM_PS256, "RSASSA_PSS_SHA_256"},
      {ALGORITHM_PS384, "RSASSA_PSS_SHA_384"},
      {ALGORITHM_PS512, "RSASSA_PSS_SHA_512"},
      {ALGORITHM_SM2_SM3, "SM2DSA"}, /* in China alone */
  };
  const char *name = service_algorithm(names, G_N_ELEMENTS(names), algorithm, error);
  if (name == NULL)
    return NULL;
  g_autoptr(json_t) body = json_object();
  g_autofree char *digest = service_digest_text(algorithm, message);
  json_set_string(body, "Message", digest);
  json_set_string(body, "MessageType", "DIGEST");
  json_set_string(body, "SigningAlgorithm", name);
  g_autoptr(json_t) answer = service_key_ask(state, "Sign", body, cancellable, error);
  return answer == NULL ? NULL
                        : service_signature(algorithm, json_get_string(answer, "Signature"), error);
}

static const ServiceVendor vendor = {.scheme = "aws-kms",
                                     .shape = "aws-kms://REGION/KEY",
                                     .least = 2,
                                     .most = 2,
                                     .endpoint = find_endpoint,
                                     .write = write_request,
                                     .fill = fill};

static bool
open_key(const char *rest, const KeyOptions *options, OpenedKey *opened, Cancellable *cancellable,
         GError **error)
{
  return service_key_open(&vendor, rest, options, opened, cancellable, error);
}

const KeyKind aws_key_kind = {.scheme = "aws-kms",
                              .open = open_key,
                              .sign = sign,
                              .signs_digests = true,
                              .free = service_key_free};
