/* Signatures of the Notary Project in JWS; see the header. */
#include "sign/formats/notation.h"

#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "text/base64.h"
#include "text/base64url.h"

#define VALUES_MAX ((size_t)1000)

bool
notation_find(const char *name, SignatureAlgorithm *algorithm)
{
  static const SignatureAlgorithm allowed[] = {ALGORITHM_PS256, ALGORITHM_PS384, ALGORITHM_PS512,
                                               ALGORITHM_ES256, ALGORITHM_ES384, ALGORITHM_ES512};
  for (size_t i = 0; i < G_N_ELEMENTS(allowed); i++) {
    if (strcmp(algorithm_name(allowed[i]), name) == 0) {
      *algorithm = allowed[i];
      return true;
    }
  }
  return false;
}

bool
notation_read_payload(Slice payload, Signature *signature, GError **error)
{
  static const char *const members[] = {"targetArtifact", NULL};
  static const char *const of_target[] = {"digest", "mediaType", "size", "annotations", NULL};
  g_autoptr(json_t) json = json_parse_bounded(payload, VALUES_MAX, error);
  if (json == NULL || !json_refuse_aliases(json, members, error))
    return false;
  const json_t *target = json_get_object(json, "targetArtifact");
  if (target == NULL)
    return error_set(error, ASSAY_ERROR_INVALID, "the payload has no \"targetArtifact\"");
  if (!json_refuse_aliases(target, of_target, error))
    return false;
  const char *text = json_require_string(target, "digest", error);
  Digest digest;
  if (text == NULL || !digest_parse(text, &digest, error))
    return false;
  g_ptr_array_add(signature->subjects, g_strdup(digest.text));
  signature->annotations = json_incref(json_get_object(target, "annotations"));
  return true;
}

/* --- the protected header --- */

/* Each header that must be understood is one that we know. */
static bool
check_critical(const json_t *header, GError **error)
{
  static const char *const known[] = {NOTATION_SCHEME, NOTATION_EXPIRY, NOTATION_AUTHENTIC, NULL};
  const json_t *list = json_get_array(header, "crit");
  if (json_array_size(list) == 0)
    return error_set(error, ASSAY_ERROR_INVALID, "its header has no list \"crit\"");
  for (size_t i = 0; i < json_array_size(list); i++) {
    const char *name = json_string_value(json_array_get(list, i));
    if (name == NULL || !g_strv_contains(known, name))
      return error_set(error, ASSAY_ERROR_UNSUPPORTED,
                       "its header \"%s\" is critical and not known", name == NULL ? "" : name);
    if (json_object_get(header, name) == NULL)
      return error_set(error, ASSAY_ERROR_INVALID, "its critical header \"%s\" is missing", name);
  }
  return true;
}

/* RFC 3339; 0 where there is none. */
static bool
read_time(const json_t *header, const char *name, int64_t *seconds, GError **error)
{
  const json_t *value = json_object_get(header, name);
  if (value == NULL)
    return true;
  g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
  g_autoptr(GDateTime) time =
      json_is_string(value) ? g_date_time_new_from_iso8601(json_string_value(value), utc) : NULL;
  if (time == NULL)
    return error_set(error, ASSAY_ERROR_INVALID, "its header \"%s\" is no time", name);
  *seconds = g_date_time_to_unix(time);
  return true;
}

static bool
read_scheme(const json_t *header, Signature *signature, GError **error)
{
  const char *scheme = json_require_string(header, NOTATION_SCHEME, error);
  if (scheme == NULL)
    return false;
  bool authority = strcmp(scheme, NOTATION_AUTHORITY) == 0;
  if (!authority && strcmp(scheme, NOTATION_SCHEME_X509) != 0)
    return error_set(error, ASSAY_ERROR_UNSUPPORTED, "its scheme is \"%s\"", scheme);
  return read_time(header, authority ? NOTATION_AUTHENTIC : NOTATION_TIME, &signature->signed_at,
                   error) &&
         read_time(header, NOTATION_EXPIRY, &signature->expires_at, error);
}

bool
notation_read_header(const json_t *header, Signature *signature, GError **error)
{
  static const char *const members[] = {"alg", "crit", "cty", NULL};
  if (!json_refuse_aliases(header, members, error))
    return false;
  const char *algorithm = json_require_string(header, "alg", error);
  const char *type = algorithm == NULL ? NULL : json_require_string(header, "cty", error);
  if (type == NULL)
    return false;
  if (!notation_find(algorithm, &signature->algorithm))
    return error_set(error, ASSAY_ERROR_UNSUPPORTED, "its algorithm is \"%s\"", algorithm);
  if (strcmp(type, NOTATION_PAYLOAD_TYPE) != 0)
    return error_set(error, ASSAY_ERROR_UNSUPPORTED, "it is about \"%s\"", type);
  return check_critical(header, error) && read_scheme(header, signature, error);
}

/* --- JWS --- */

static bool
read_protected(Slice text, Signature *signature, GError **error)
{
  g_autoptr(GBytes) bytes = base64url_decode(text);
  if (bytes == NULL)
    return error_set(error, ASSAY_ERROR_INVALID, "\"protected\" is no base64url");
  g_autoptr(json_t) header = json_parse_bounded(slice_from_bytes(bytes), VALUES_MAX, error);
  return header != NULL && notation_read_header(header, signature, error);
}

static bool
read_chain(const json_t *header, Signature *signature, GError **error)
{
  const json_t *list = json_get_array(header, "x5c");
  size_t count = json_array_size(list);
  if (count == 0 || count > NOTATION_CHAIN_MAX)
    return error_set(error, count == 0 ? ASSAY_ERROR_INVALID : ASSAY_ERROR_LIMIT,
                     "it has %zu certificates, not 1 to %u", count, NOTATION_CHAIN_MAX);
  signature->chain = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
  for (size_t i = 0; i < count; i++) {
    GBytes *bytes = base64_decode(slice_from_string(json_string_value(json_array_get(list, i))));
    if (bytes == NULL || g_bytes_get_size(bytes) == 0) {
      g_clear_pointer(&bytes, g_bytes_unref);
      return error_set(error, ASSAY_ERROR_INVALID, "a certificate of \"x5c\" is no base64");
    }
    g_ptr_array_add(signature->chain, bytes);
  }
  const char *stamp = json_get_string(header, NOTATION_TIMESTAMP);
  signature->timestamp = stamp == NULL ? NULL : base64_decode(slice_from_string(stamp));
  return true;
}

Signature *
notation_read_jws(Slice text, GError **error)
{
  static const char *const members[] = {"payload", "protected", "header", "signature", NULL};
  g_autoptr(json_t) jws = json_parse_bounded(text, VALUES_MAX, error);
  if (jws == NULL || !json_refuse_aliases(jws, members, error))
    return NULL;
  const char *texts[3];
  static const char *const names[] = {"payload", "protected", "signature"};
  for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
    if ((texts[i] = json_require_string(jws, names[i], error)) == NULL)
      return NULL;
  g_autoptr(Signature) signature = signature_new(SIGNATURE_NOTATION);
  g_autoptr(GBytes) payload = base64url_decode(slice_from_string(texts[0]));
  signature->bytes = base64url_decode(slice_from_string(texts[2]));
  if (payload == NULL || signature->bytes == NULL) {
    error_set(error, ASSAY_ERROR_INVALID, "\"payload\" or \"signature\" is no base64url");
    return NULL;
  }
  if (!read_protected(slice_from_string(texts[1]), signature, error) ||
      !notation_read_payload(slice_from_bytes(payload), signature, error) ||
      !read_chain(json_get_object(jws, "header"), signature, error))
    return NULL;
  char *message = g_strconcat(texts[1], ".", texts[0], NULL);
  signature->message = g_bytes_new_take(message, strlen(message));
  return g_steal_pointer(&signature);
}
