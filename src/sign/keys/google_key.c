/* Keys of Google Cloud KMS, one version each:
 *
 *   gcp-kms://projects/P/locations/L/keyRings/R/cryptoKeys/K/cryptoKeyVersions/V
 *
 * with ?endpoint= another address. The access token is in the options' file, which is read for each
 * request, or in $CLOUDSDK_AUTH_ACCESS_TOKEN. ("Cloud KMS API" v1: getPublicKey, asymmetricSign. A
 * version has one algorithm, so what it does not sign by it refuses.) */
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "sign/keys/secret.h"
#include "sign/keys/service.h"

#define PARTS 10u

typedef struct {
  Service *service;
  char *path;
} GoogleKey;

static void
free_key(void *state)
{
  GoogleKey *key = state;
  service_free(key->service);
  g_free(key->path);
  g_free(key);
}

/* (transfer full) */
static json_t *
ask(const GoogleKey *key, const char *action, const json_t *body, Cancellable *cancellable,
    GError **error)
{
  static const char *const variables[] = {"CLOUDSDK_AUTH_ACCESS_TOKEN", NULL};
  auto_secret_text *token = service_token(key->service, variables, error);
  if (token == NULL)
    return NULL;
  auto_secret_text *authorization = g_strconcat("Authorization: Bearer ", token, NULL);
  const char *headers[] = {authorization, "Content-Type: application/json", NULL};
  g_autofree char *path = g_strconcat(key->path, action, NULL);
  g_autofree char *text = body == NULL ? NULL : json_to_text(body);
  return service_ask(key->service, path, headers, text, cancellable, error);
}

static bool
open_key(const char *rest, const KeyOptions *options, OpenedKey *opened, Cancellable *cancellable,
         GError **error)
{
  static const char shape[] =
      "gcp-kms://projects/P/locations/L/keyRings/R/cryptoKeys/K/cryptoKeyVersions/V";
  g_auto(ServicePlace) place = {NULL, NULL, NULL, NULL};
  if (!service_place_read(rest, shape, PARTS, PARTS, &place, error))
    return false;
  Service *service = service_new(
      place.endpoint != NULL ? place.endpoint : "https://cloudkms.googleapis.com", options, error);
  if (service == NULL)
    return false;
  GoogleKey *key = g_new0(GoogleKey, 1);
  g_autofree char *name = g_strjoinv("/", place.parts);
  *key = (GoogleKey){service, g_strconcat("/v1/", name, NULL)};
  g_autoptr(json_t) answer = ask(key, "/publicKey", NULL, cancellable, error);
  if (answer != NULL)
    opened->public = public_key_read(slice_from_string(json_get_string(answer, "pem")), error);
  if (opened->public == NULL) {
    free_key(key);
    return false;
  }
  opened->state = key;
  opened->version = g_strdup(place.parts[PARTS - 1]);
  return true;
}

static GBytes *
sign(void *state, SignatureAlgorithm algorithm, Slice message, Cancellable *cancellable,
     GError **error)
{
  g_autoptr(json_t) body = json_object();
  if (algorithm == ALGORITHM_EDDSA) {
    g_autofree char *data = g_base64_encode(message.data, message.size);
    json_set_string(body, "data", data);
  } else {
    g_autoptr(GBytes) bytes = service_digest(algorithm, message);
    g_autofree char *digest = service_digest_text(algorithm, message);
    g_autofree char *name = g_strdup_printf("sha%zu", g_bytes_get_size(bytes) * 8);
    json_t *inner = json_object();
    json_set_string(inner, name, digest);
    json_object_set_new(body, "digest", inner);
  }
  g_autoptr(json_t) answer = ask(state, ":asymmetricSign", body, cancellable, error);
  return answer == NULL ? NULL
                        : service_signature(algorithm, json_get_string(answer, "signature"), error);
}

const KeyKind google_key_kind = {
    .scheme = "gcp-kms", .open = open_key, .sign = sign, .free = free_key};
