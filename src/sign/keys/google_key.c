/* Keys of Google Cloud KMS, one version each:
 *
 *   gcp-kms://projects/P/locations/L/keyRings/R/cryptoKeys/K/cryptoKeyVersions/V
 *
 * with ?endpoint= another address. Credentials are as google_account.c and key_credentials.h have
 * them. ("Cloud KMS API" v1: getPublicKey, asymmetricSign, whose checksums are checked. A version
 * has one algorithm, so what it does not sign by it refuses.) */
#include <inttypes.h>
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

/* Castagnoli's, of RFC 3720, B.4. */
static uint32_t
crc32c(Slice bytes)
{
  uint32_t crc = UINT32_MAX;
  for (size_t i = 0; i < bytes.size; i++) {
    crc ^= bytes.data[i];
    for (unsigned bit = 0; bit < 8; bit++)
      crc = (crc >> 1) ^ ((crc & 1) == 0 ? 0 : 0x82f63b78u);
  }
  return ~crc;
}

/* Google writes a number of 64 bits as a text. */
static void
set_checksum(json_t *body, const char *member, Slice bytes)
{
  g_autofree char *text = g_strdup_printf("%" PRIu32, crc32c(bytes));
  json_set_string(body, member, text);
}

/* What is answered without one is none that was checked on its way. */
static bool
check_checksum(const json_t *answer, const char *member, Slice bytes, GError **error)
{
  uint64_t told;
  if (slice_to_uint64(slice_from_string(json_get_string(answer, member)), &told) &&
      told == crc32c(bytes))
    return true;
  return error_set(error, ASSAY_ERROR_NETWORK,
                   "what its service answered was changed on the way (%s)", member);
}

static bool
fill(ServiceKey *key, OpenedKey *opened, Cancellable *cancellable, GError **error)
{
  g_autoptr(json_t) answer = service_key_ask(key, "/publicKey", NULL, cancellable, error);
  Slice pem = slice_from_string(json_get_string(answer, "pem"));
  if (answer == NULL || !check_checksum(answer, "pemCrc32c", pem, error))
    return false;
  key->version = g_strdup(key->place.parts[PARTS - 1]);
  opened->public = public_key_read(pem, error);
  return opened->public != NULL;
}

/* *verified: the member of the answer that says that it came as it was sent. (transfer full) */
static json_t *
sign_request(SignatureAlgorithm algorithm, Slice message, const char **verified)
{
  json_t *body = json_object();
  if (algorithm == ALGORITHM_EDDSA) {
    g_autofree char *data = g_base64_encode(message.data, message.size);
    json_set_string(body, "data", data);
    set_checksum(body, "dataCrc32c", message);
    *verified = "verifiedDataCrc32c";
    return body;
  }
  g_autoptr(GBytes) bytes = service_digest(algorithm, message);
  g_autofree char *digest = service_digest_text(algorithm, message);
  g_autofree char *name = g_strdup_printf("sha%zu", g_bytes_get_size(bytes) * 8);
  json_t *inner = json_object();
  json_set_string(inner, name, digest);
  json_object_set_new(body, "digest", inner);
  set_checksum(body, "digestCrc32c", slice_from_bytes(bytes));
  *verified = "verifiedDigestCrc32c";
  return body;
}

static GBytes *
sign(void *state, SignatureAlgorithm algorithm, Slice message, Cancellable *cancellable,
     GError **error)
{
  const char *verified;
  g_autoptr(json_t) body = sign_request(algorithm, message, &verified);
  g_autoptr(json_t) answer = service_key_ask(state, ":asymmetricSign", body, cancellable, error);
  if (answer == NULL)
    return NULL;
  const char *text = json_get_string(answer, "signature");
  gsize size = 0;
  g_autofree guchar *given = text == NULL ? NULL : g_base64_decode(text, &size);
  if (!check_checksum(answer, "signatureCrc32c", slice_new(given, size), error))
    return NULL;
  if (json_get_boolean(answer, verified, false))
    return service_signature(algorithm, text, error);
  error_set(error, ASSAY_ERROR_NETWORK, "its service did not check what it signed (%s)", verified);
  return NULL;
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
