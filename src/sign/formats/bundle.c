/* Sigstore's bundles; see the header. */
#include "sign/formats/bundle.h"

#include "base/error.h"
#include "base/json.h"
#include "oci/digest.h"
#include "sign/formats/dsse.h"
#include "sign/formats/transparency.h"
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

/* From the second version on a proof must be there, and before that a promise. */
static bool
is_complete(const LogEntry *entry, const char *type, GError **error)
{
  bool is_first = g_str_has_suffix(type, ";version=0.1");
  if (is_first ? entry->promise == NULL : entry->proof == NULL)
    return error_set(error, ASSAY_ERROR_INVALID, "it has no %s",
                     is_first ? "\"inclusionPromise\"" : "\"inclusionProof\"");
  return true;
}

/* Who asks for no log does not mind what is wrong there. */
static void
read_log_entries(const json_t *list, const char *type, Signature *signature)
{
  g_autoptr(GError) problem = NULL;
  size_t count = json_array_size(list);
  g_autoptr(GPtrArray) entries = g_ptr_array_new_with_free_func((GDestroyNotify)log_entry_free);
  if (count == 0)
    return;
  if (count > LOG_ENTRIES_MAX)
    error_set(&problem, ASSAY_ERROR_LIMIT, "there are more than %u", LOG_ENTRIES_MAX);
  for (size_t i = 0; i < count && problem == NULL; i++) {
    LogEntry *entry = log_entry_read(json_array_get(list, i), &problem);
    if (entry != NULL && is_complete(entry, type, &problem))
      g_ptr_array_add(entries, entry);
    else
      log_entry_free(entry);
  }
  if (problem == NULL)
    signature->log_entries = g_steal_pointer(&entries);
  else
    signature->log_problem = g_strdup(problem->message);
}

bool
bundle_read_material(const json_t *bundle, Signature *signature, GError **error)
{
  const json_t *material = json_get_object(bundle, "verificationMaterial");
  const json_t *key = json_get_object(material, "publicKey");
  const json_t *times = json_get_object(material, "timestampVerificationData");
  const json_t *stamps = json_get_array(times, "rfc3161Timestamps");
  signature->key_hint = g_strdup(json_get_string(key, "hint"));
  if (json_array_size(stamps) > 0)
    signature->timestamp = bytes_of(json_array_get(stamps, 0), "signedTimestamp");
  read_log_entries(json_get_array(material, "tlogEntries"), json_get_string(bundle, "mediaType"),
                   signature);
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
  if (!bundle_read_material(bundle, signature, error))
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
