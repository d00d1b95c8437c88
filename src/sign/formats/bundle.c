/* Sigstore's bundles; see the header. */
#include "sign/formats/bundle.h"

#include "base/error.h"
#include "base/json.h"
#include "oci/digest.h"
#include "sign/formats/dsse.h"
#include "text/base64.h"

#define CERTIFICATES_MAX 10u

bool
bundle_is(const char *media_type)
{
  return g_str_has_prefix(media_type, "application/vnd.dev.sigstore.bundle.v0.") ||
         g_str_has_prefix(media_type, "application/vnd.dev.sigstore.bundle+json");
}

static GBytes *
bytes_of(const json_t *object, const char *name)
{
  return base64_decode(slice_from_string(json_get_string(object, name)));
}

/* "certificate" of v0.3, and the chain of those before. */
static bool
read_certificates(const json_t *material, Signature *signature, GError **error)
{
  const json_t *one = json_get_object(material, "certificate");
  const json_t *chain = json_get_object(material, "x509CertificateChain");
  const json_t *list = json_get_array(chain, "certificates");
  size_t count = one != NULL ? 1 : json_array_size(list);
  if (count == 0)
    return true;
  if (count > CERTIFICATES_MAX)
    return error_set(error, ASSAY_ERROR_LIMIT, "it has more than %u certificates",
                     CERTIFICATES_MAX);
  signature->chain = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
  for (size_t i = 0; i < count; i++) {
    GBytes *bytes = bytes_of(one != NULL ? one : json_array_get(list, i), "rawBytes");
    if (bytes == NULL || g_bytes_get_size(bytes) == 0) {
      g_clear_pointer(&bytes, g_bytes_unref);
      return error_set(error, ASSAY_ERROR_INVALID, "a certificate's \"rawBytes\" is no base64");
    }
    g_ptr_array_add(signature->chain, bytes);
  }
  return true;
}

static bool
read_material(const json_t *material, Signature *signature, GError **error)
{
  const json_t *key = json_get_object(material, "publicKey");
  const json_t *times = json_get_object(material, "timestampVerificationData");
  const json_t *stamps = json_get_array(times, "rfc3161Timestamps");
  signature->key_hint = g_strdup(json_get_string(key, "hint"));
  if (json_array_size(stamps) > 0)
    signature->timestamp = bytes_of(json_array_get(stamps, 0), "signedTimestamp");
  return read_certificates(material, signature, error);
}

Signature *
bundle_read(Slice text, GError **error)
{
  static const char *const members[] = {"mediaType", "verificationMaterial", "dsseEnvelope", NULL};
  g_autoptr(json_t) bundle = json_parse_bounded(text, DSSE_VALUES_MAX, error);
  if (bundle == NULL || !json_refuse_aliases(bundle, members, error))
    return NULL;
  const char *type = json_require_string(bundle, "mediaType", error);
  if (type == NULL)
    return NULL;
  const json_t *envelope = json_get_object(bundle, "dsseEnvelope");
  if (!bundle_is(type) || envelope == NULL) {
    error_set(error, ASSAY_ERROR_UNSUPPORTED, "it is no bundle with an envelope (\"%s\")", type);
    return NULL;
  }
  g_autoptr(GPtrArray) signatures = dsse_read(envelope, error);
  if (signatures == NULL)
    return NULL;
  if (signatures->len != 1) {
    error_set(error, ASSAY_ERROR_INVALID, "the bundle's envelope has %u signatures, not one",
              signatures->len);
    return NULL;
  }
  g_autoptr(Signature) signature = g_ptr_array_steal_index(signatures, 0);
  if (!read_material(json_get_object(bundle, "verificationMaterial"), signature, error))
    return NULL;
  return g_steal_pointer(&signature);
}

char *
bundle_text(json_t *envelope, const PublicKey *key, GBytes *stamp)
{
  g_autoptr(GBytes) der = public_key_to_der(key);
  Digest digest = digest_of(DIGEST_SHA256, slice_from_bytes(der));
  guchar bytes[32];
  for (size_t i = 0; i < sizeof bytes; i++)
    bytes[i] = (guchar)(g_ascii_xdigit_value(digest_hex(&digest)[2 * i]) << 4 |
                        g_ascii_xdigit_value(digest_hex(&digest)[2 * i + 1]));
  g_autofree char *hint = g_base64_encode(bytes, sizeof bytes);
  g_autoptr(json_t) bundle =
      json_pack("{s:s,s:{s:{s:s}},s:O}", "mediaType", BUNDLE_TYPE, "verificationMaterial",
                "publicKey", "hint", hint, "dsseEnvelope", envelope);
  if (stamp != NULL) {
    Slice answer = slice_from_bytes(stamp);
    g_autofree char *text = g_base64_encode(answer.data, answer.size);
    json_object_set_new(json_get_object(bundle, "verificationMaterial"),
                        "timestampVerificationData",
                        json_pack("{s:[{s:s}]}", "rfc3161Timestamps", "signedTimestamp", text));
  }
  return json_to_text(bundle);
}
