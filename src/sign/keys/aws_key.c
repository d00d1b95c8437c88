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
#include "sign/keys/service.h"

typedef struct {
  Service *service;
  char *region, *id;
} AwsKey;

static void
free_key(void *state)
{
  AwsKey *key = state;
  service_free(key->service);
  g_free(key->region);
  g_free(key->id);
  g_free(key);
}

/* (transfer full) */
static json_t *
ask(const AwsKey *key, const char *action, json_t *body, Cancellable *cancellable, GError **error)
{
  static const CredentialNames names = {
      {"aws_access_key_id", "aws_secret_access_key", "aws_session_token"},
      {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"}};
  g_auto(Credentials) mine = {NULL, NULL, NULL};
  if (!service_credentials(key->service, &names, &mine, error))
    return NULL;
  json_set_string(body, "KeyId", key->id);
  g_autofree char *text = json_to_text(body);
  g_autoptr(GDateTime) now = g_date_time_new_now_utc();
  g_autofree char *when = g_date_time_format(now, "%Y%m%dT%H%M%SZ");
  g_autofree char *day = g_date_time_format(now, "%Y%m%d");
  g_autofree char *host = g_strconcat("host:", service_host(key->service), NULL);
  g_autofree char *date = g_strconcat("x-amz-date:", when, NULL);
  g_autofree char *session = g_strconcat("x-amz-security-token:", mine.session, NULL);
  g_autofree char *target = g_strconcat("x-amz-target:TrentService.", action, NULL);
  static const char type[] = "content-type:application/x-amz-json-1.1";
  const char *with[] = {type, host, date, session, target, NULL};
  const char *without[] = {type, host, date, target, NULL};
  const char *const *headers = mine.session != NULL ? with : without;
  const HmacScope scope = {"AWS4-HMAC-SHA256", "AWS4", "aws4_request", when,       day,
                           key->region,        "kms",  mine.id,        mine.secret};
  g_autofree char *made = hmac_authorization(&scope, headers, slice_from_string(text));
  g_autofree char *authorization = g_strconcat("Authorization: ", made, NULL);
  const char *sent[7] = {authorization};
  for (size_t i = 0, n = 1; headers[i] != NULL; i++)
    if (headers[i] != host)
      sent[n++] = headers[i];
  return service_ask(key->service, "/", sent, text, cancellable, error);
}

static bool
open_key(const char *rest, const KeyOptions *options, OpenedKey *opened, Cancellable *cancellable,
         GError **error)
{
  g_auto(ServicePlace) place = {NULL, NULL, NULL, NULL};
  if (!service_place_read(rest, "aws-kms://REGION/KEY", 2, 2, &place, error))
    return false;
  g_autofree char *endpoint =
      place.endpoint != NULL
          ? g_strdup(place.endpoint)
          : g_strdup_printf("https://kms.%s.amazonaws.com%s", place.parts[0],
                            g_str_has_prefix(place.parts[0], "cn-") ? ".cn" : "");
  Service *service = service_new(endpoint, options, error);
  if (service == NULL)
    return false;
  AwsKey *key = g_new0(AwsKey, 1);
  *key = (AwsKey){service, g_strdup(place.parts[0]), g_strdup(place.parts[1])};
  g_autoptr(json_t) body = json_object();
  g_autoptr(json_t) answer = ask(key, "GetPublicKey", body, cancellable, error);
  gsize size = 0;
  const char *text = json_get_string(answer, "PublicKey");
  g_autofree guchar *der = text == NULL ? NULL : g_base64_decode(text, &size);
  if (answer != NULL)
    opened->public = public_key_read(slice_new(der, size), error);
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
  };
  const char *name = service_algorithm(names, G_N_ELEMENTS(names), algorithm, error);
  if (name == NULL)
    return NULL;
  g_autoptr(json_t) body = json_object();
  g_autofree char *digest = service_digest_text(algorithm, message);
  json_set_string(body, "Message", digest);
  json_set_string(body, "MessageType", "DIGEST");
  json_set_string(body, "SigningAlgorithm", name);
  g_autoptr(json_t) answer = ask(state, "Sign", body, cancellable, error);
  return answer == NULL ? NULL
                        : service_signature(algorithm, json_get_string(answer, "Signature"), error);
}

const KeyKind aws_key_kind = {
    .scheme = "aws-kms", .open = open_key, .sign = sign, .free = free_key};
