/* What entries of Rekor say; see the header. */
#include "sign/formats/transparency_body.h"

#include <string.h>

#include "base/error.h"
#include "base/gnutls_library.h"
#include "base/json.h"
#include "sign/formats/dsse.h"
#include "text/base64.h"

#define VALUES_MAX ((size_t)200)
#define HASH_MAX   64

/* One way to write an entry. */
typedef struct {
  const char *kind, *version;
  const char *spec; /* the member of "spec" that has it all; NULL: "spec" itself */
  bool of_envelope; /* it can be of an envelope... */
  bool of_payload;  /* ... and then has the hash of its payload, not of what is signed */
  bool (*check)(const json_t *spec, const Signature *signature, Slice signed_bytes, Slice verifier,
                GError **error);
} BodyKind;

/* --- parts --- */

/* Whether a text in base64 is these bytes. */
static bool
is_encoded(const char *text, Slice bytes)
{
  g_autoptr(GBytes) decoded = base64_decode(slice_from_string(text));
  return decoded != NULL && slice_equal(slice_from_bytes(decoded), bytes);
}

/* Whether a text in base64 is in PEM, and has these bytes alone. */
static bool
is_encoded_pem(const char *text, Slice der)
{
  g_autoptr(GBytes) decoded = base64_decode(slice_from_string(text));
  if (decoded == NULL)
    return false;
  Slice rest = slice_strip(slice_from_bytes(decoded)), line;
  g_autoptr(GString) base64 = g_string_new(NULL);
  if (!slice_next_line(&rest, &line) || !slice_has_prefix(line, SLICE_LITERAL("-----BEGIN ")))
    return false;
  while (slice_next_line(&rest, &line) && !slice_has_prefix(line, SLICE_LITERAL("-----"))) {
    line = slice_strip(line);
    g_string_append_len(base64, (const char *)line.data, (gssize)line.size);
  }
  return rest.size == 0 && slice_has_prefix(line, SLICE_LITERAL("-----END ")) &&
         is_encoded(base64->str, der);
}

static gnutls_digest_algorithm_t
find_hash(const char *name)
{
  static const struct {
    const char *first, *second; /* as either version has it */
    gnutls_digest_algorithm_t algorithm;
  } known[] = {{"sha256", "SHA2_256", GNUTLS_DIG_SHA256},
               {"sha384", "SHA2_384", GNUTLS_DIG_SHA384},
               {"sha512", "SHA2_512", GNUTLS_DIG_SHA512}};
  for (size_t i = 0; i < G_N_ELEMENTS(known); i++)
    if (g_strcmp0(name, known[i].first) == 0 || g_strcmp0(name, known[i].second) == 0)
      return known[i].algorithm;
  return GNUTLS_DIG_UNKNOWN;
}

/* @hash: "algorithm", and "value" in hex or "digest" in base64. */
static bool
check_hash(const json_t *hash, Slice bytes, GError **error)
{
  gnutls_digest_algorithm_t algorithm = find_hash(json_get_string(hash, "algorithm"));
  const char *hex = json_get_string(hash, "value");
  uint8_t real[HASH_MAX];
  if (algorithm == GNUTLS_DIG_UNKNOWN)
    return error_set(error, ASSAY_ERROR_UNSUPPORTED, "is by a hash that is not known");
  gnutls()->hash_fast(algorithm, bytes.data, bytes.size, real);
  size_t size = (size_t)gnutls()->hash_get_len(algorithm);
  g_autoptr(GString) wanted = g_string_new(NULL);
  for (size_t i = 0; i < size; i++)
    g_string_append_printf(wanted, "%02x", real[i]);
  bool good = hex != NULL ? strcmp(hex, wanted->str) == 0
                          : is_encoded(json_get_string(hash, "digest"), slice_new(real, size));
  return good || error_set(error, ASSAY_ERROR_MISMATCH, "is about something else");
}

static bool
check_signature(bool good, GError **error)
{
  return good || error_set(error, ASSAY_ERROR_MISMATCH, "is of another signature");
}

static bool
check_key(bool good, GError **error)
{
  return good || error_set(error, ASSAY_ERROR_MISMATCH, "is of another certificate or key");
}

/* The one entry of a list of signatures; NULL: there are others. */
static const json_t *
only_of(const json_t *list)
{
  return json_array_size(list) == 1 ? json_array_get(list, 0) : NULL;
}

/* --- the first version of Rekor --- */

static bool
check_hashedrekord(const json_t *spec, const Signature *signature, Slice signed_bytes,
                   Slice verifier, GError **error)
{
  const json_t *by = json_get_object(spec, "signature");
  const json_t *data = json_get_object(spec, "data");
  return check_signature(
             is_encoded(json_get_string(by, "content"), slice_from_bytes(signature->bytes)),
             error) &&
         check_key(
             is_encoded_pem(json_get_string(json_get_object(by, "publicKey"), "content"), verifier),
             error) &&
         check_hash(json_get_object(data, "hash"), signed_bytes, error);
}

static bool
check_dsse(const json_t *spec, const Signature *signature, Slice signed_bytes, Slice verifier,
           GError **error)
{
  const json_t *by = only_of(json_get_array(spec, "signatures"));
  return check_signature(
             is_encoded(json_get_string(by, "signature"), slice_from_bytes(signature->bytes)),
             error) &&
         check_key(is_encoded_pem(json_get_string(by, "verifier"), verifier), error) &&
         check_hash(json_get_object(spec, "payloadHash"), signed_bytes, error);
}

/* Its signatures are in base64 twice. */
static bool
check_intoto(const json_t *spec, const Signature *signature, Slice signed_bytes, Slice verifier,
             GError **error)
{
  const json_t *content = json_get_object(spec, "content");
  const json_t *envelope = json_get_object(content, "envelope");
  const json_t *by = only_of(json_get_array(envelope, "signatures"));
  Slice bytes = slice_from_bytes(signature->bytes);
  g_autofree char *once = g_base64_encode(bytes.data, bytes.size);
  return check_signature(is_encoded(json_get_string(by, "sig"), slice_from_string(once)), error) &&
         check_key(is_encoded_pem(json_get_string(by, "publicKey"), verifier), error) &&
         check_hash(json_get_object(content, "payloadHash"), signed_bytes, error);
}

/* --- the second --- */

static bool
is_verifier(const json_t *by, Slice der)
{
  const json_t *verifier = json_get_object(by, "verifier");
  const json_t *certificate = json_get_object(verifier, "x509Certificate");
  const json_t *key = json_get_object(verifier, "publicKey");
  return is_encoded(json_get_string(certificate != NULL ? certificate : key, "rawBytes"), der);
}

static bool
check_second(const json_t *by, const json_t *hash, const Signature *signature, Slice signed_bytes,
             Slice verifier, GError **error)
{
  return check_signature(
             is_encoded(json_get_string(by, "content"), slice_from_bytes(signature->bytes)),
             error) &&
         check_key(is_verifier(by, verifier), error) && check_hash(hash, signed_bytes, error);
}

static bool
check_hashedrekord_second(const json_t *spec, const Signature *signature, Slice signed_bytes,
                          Slice verifier, GError **error)
{
  return check_second(json_get_object(spec, "signature"), json_get_object(spec, "data"), signature,
                      signed_bytes, verifier, error);
}

static bool
check_dsse_second(const json_t *spec, const Signature *signature, Slice signed_bytes,
                  Slice verifier, GError **error)
{
  return check_second(only_of(json_get_array(spec, "signatures")),
                      json_get_object(spec, "payloadHash"), signature, signed_bytes, verifier,
                      error);
}

/* --- */

static const BodyKind kinds[] = {
    {"hashedrekord", "0.0.1", NULL, false, false, check_hashedrekord},
    {"hashedrekord", "0.0.2", "hashedRekordV002", true, false, check_hashedrekord_second},
    {"dsse", "0.0.1", NULL, true, true, check_dsse},
    {"dsse", "0.0.2", "dsseV002", true, true, check_dsse_second},
    {"intoto", "0.0.2", NULL, true, true, check_intoto},
};

static const BodyKind *
find_kind(const char *name, const char *version)
{
  for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++)
    if (g_strcmp0(name, kinds[i].kind) == 0 && g_strcmp0(version, kinds[i].version) == 0)
      return &kinds[i];
  return NULL;
}

static bool
fits(const BodyKind *kind, const Signature *signature)
{
  bool is_envelope = signature->predicate_type != NULL;
  return is_envelope ? kind->of_envelope : !kind->of_payload;
}

bool
log_body_check(Slice body, const char *kind, const char *version, const Signature *signature,
               Slice verifier, GError **error)
{
  g_autoptr(json_t) json = json_parse_bounded(body, VALUES_MAX, NULL);
  const char *says = json_get_string(json, "kind");
  const char *its_version = json_get_string(json, "apiVersion");
  const BodyKind *found = find_kind(says, its_version);
  if (found == NULL)
    return error_set(error, ASSAY_ERROR_UNSUPPORTED, "is of a kind that is not known (%s %s)",
                     says == NULL ? "none" : says, its_version == NULL ? "" : its_version);
  if ((kind != NULL && strcmp(kind, says) != 0) ||
      (version != NULL && strcmp(version, its_version) != 0))
    return error_set(error, ASSAY_ERROR_MISMATCH, "is of another kind than its bundle says");
  if (!fits(found, signature))
    return error_set(error, ASSAY_ERROR_MISMATCH, "is of a kind that is not for such signatures");
  const json_t *spec = json_get_object(json, "spec");
  Slice signed_bytes =
      found->of_payload ? dsse_payload(signature) : slice_from_bytes(signature->message);
  return found->check(found->spec == NULL ? spec : json_get_object(spec, found->spec), signature,
                      signed_bytes, verifier, error);
}
