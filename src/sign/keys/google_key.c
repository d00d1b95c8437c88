/* Keys of Google Cloud KMS, one version each:
 *
 *   gcp-kms://projects/P/locations/L/keyRings/R/cryptoKeys/K/cryptoKeyVersions/V
 *
 * with ?endpoint= another address. Credentials are as google_account.c and
 * key_credentials.h have them. ("Cloud KMS API" v1: getPublicKey, asymmetricSign. A
 * version has one algorithm, so what it does not sign by it refuses.) */
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "sign/keys/secret.h"
#include "sign/keys/service_key.h"

#define PARTS 10u

static char *
find_endpoint(const ServicePlace *place, GError **error)
{
  return g_strdup("https://cloudkms.googleapis.com");
}

static void
write_request(const ServiceKey *key, const char *action, json_t *body, const KeyCredentials *mine,
              ServiceMessage *message)
{
  auto_secret_text *bearer = g_strconcat("Bearer ", mine->token, NULL);
  g_autofree char *name = g_strjoinv("/", key->place.parts);
  message->path = g_strconcat("/v1/", name, action, NULL);
  message->body = body == NULL ? NULL : json_to_text(body);
  service_message_add(message, "Authorization", bearer);
  service_message_add(message, "Content-Type", "application/json");
}

static bool
fill(ServiceKey *key, OpenedKey *opened, Cancellable *cancellable, GError **error)
{
  g_autoptr(json_t) answer = service_key_ask(key, "/publicKey", NULL, cancellable, error);
  if (answer == NULL)
    return false;
  key->version = g_strdup(key->place.parts[PARTS - 1]);
  opened->public = public_key_read(slice_from_string(json_get_string(answer, "pem")), error);
  return opened->public != NULL;
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
  g_autoptr(json_t) answer = service_key_ask(state, ":asymmetricSign", body, cancellable, error);
  return answer == NULL ? NULL
                        : service_signature(algorithm, json_get_string(answer, "signature"), error);
}

static const ServiceVendor vendor = {
    .scheme = "gcp-kms",
    .shape = "gcp-kms://projects/P/locations/L/keyRings/R/cryptoKeys/K/cryptoKeyVersions/V",
    .least = PARTS,
    .most = PARTS,
    .endpoint = find_endpoint,
    .write = write_request,
    .fill = fill};

static bool
open_key(const char *rest, const KeyOptions *options, OpenedKey *opened, Cancellable *cancellable,
         GError **error)
{
  return service_key_open(&vendor, rest, options, opened, cancellable, error);
}

const KeyKind google_key_kind = {
    .scheme = "gcp-kms", .open = open_key, .sign = sign, .free = service_key_free};
