/* Signed tokens; see the header. */
#include "access/keys/jwt.h"

#include <gnutls/crypto.h>
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/gnutls_library.h"
#include "text/base64url.h"

#define HEADER_BYTES_MAX ((size_t)4 * 1024)
/* Values of JSON. */
#define HEADER_VALUES_MAX 64
#define CLAIMS_VALUES_MAX 4096
/* The year 9999, in seconds. */
#define ENDS_MOST 253402300799.0

void
jwt_free(Jwt *jwt)
{
  if (jwt == NULL)
    return;
  g_free(jwt->kid);
  g_free(jwt->type);
  g_free(jwt->signed_part);
  g_clear_pointer(&jwt->payload, g_bytes_unref);
  g_clear_pointer(&jwt->signature, g_bytes_unref);
  g_free(jwt);
}

/* --- reading --- */

static bool
read_header(Jwt *jwt, Slice text, GError **error)
{
  g_autoptr(GBytes) bytes = text.size <= HEADER_BYTES_MAX ? base64url_decode(text) : NULL;
  if (bytes == NULL)
    return error_set(error, ASSAY_ERROR_INVALID, "the header of the token is not base64url");
  g_autoptr(json_t) header = json_parse_bounded(slice_from_bytes(bytes), HEADER_VALUES_MAX, error);
  if (header == NULL)
    return false;
  if (!json_is_object(header))
    return error_set(error, ASSAY_ERROR_INVALID, "the header of the token is no object");
  const char *name = json_require_string(header, "alg", error);
  if (name == NULL)
    return false;
  if (!algorithm_find(name, &jwt->algorithm))
    return error_set(error, ASSAY_ERROR_UNSUPPORTED,
                     "the token is signed by an algorithm that is "
                     "not taken");
  if (json_object_get(header, "crit") != NULL)
    return error_set(error, ASSAY_ERROR_UNSUPPORTED, "the token asks for an extension (crit)");
  jwt->kid = g_strdup(json_get_string(header, "kid"));
  jwt->type = g_strdup(json_get_string(header, "typ"));
  return true;
}

Jwt *
jwt_parse(Slice text, GError **error)
{
  Slice rest = text, header, payload, signature;
  if (text.size > JWT_BYTES_MAX) {
    error_set(error, ASSAY_ERROR_LIMIT, "a token of more than %zu bytes", JWT_BYTES_MAX);
    return NULL;
  }
  if (!slice_next_field(&rest, '.', &header) || !slice_next_field(&rest, '.', &payload) ||
      slice_find(rest, '.') >= 0 || rest.size == 0) {
    error_set(error, ASSAY_ERROR_INVALID, "a token has three parts with dots between them");
    return NULL;
  }
  signature = rest;
  g_autoptr(Jwt) jwt = g_new0(Jwt, 1);
  if (!read_header(jwt, header, error))
    return NULL;
  jwt->payload = base64url_decode(payload);
  jwt->signature = base64url_decode(signature);
  jwt->signed_part = g_strndup((const char *)text.data, header.size + 1 + payload.size);
  if (jwt->payload != NULL && jwt->signature != NULL)
    return g_steal_pointer(&jwt);
  error_set(error, ASSAY_ERROR_INVALID, "the token is not base64url");
  return NULL;
}

bool
jwt_is_by(const Jwt *jwt, const PublicKey *key)
{
  return public_key_verify(key, jwt->algorithm, slice_from_string(jwt->signed_part),
                           slice_from_bytes(jwt->signature));
}

static bool
verify(const Jwt *jwt, const GPtrArray *keys, GError **error)
{
  bool named = false;
  for (guint i = 0; i < keys->len; i++) {
    const PublicKey *key = g_ptr_array_index(keys, i);
    if (jwt->kid != NULL && g_strcmp0(jwt->kid, public_key_id(key)) != 0)
      continue;
    named = true;
    if (jwt_is_by(jwt, key))
      return true;
  }
  return named ? error_set(error, ASSAY_ERROR_DENIED, "the signature of the token is wrong")
               : error_set(error, ASSAY_ERROR_NOT_FOUND, "the token is signed by an unknown key");
}

json_t *
jwt_claims(const Jwt *jwt, const GPtrArray *keys, GError **error)
{
  if (!verify(jwt, keys, error))
    return NULL;
  g_autoptr(json_t) claims =
      json_parse_bounded(slice_from_bytes(jwt->payload), CLAIMS_VALUES_MAX, error);
  if (claims == NULL || json_is_object(claims))
    return g_steal_pointer(&claims);
  error_set(error, ASSAY_ERROR_INVALID, "the claims of the token are no object");
  return NULL;
}

/* --- claims --- */

/* RFC 7519, section 2, "NumericDate": seconds, which may have a fraction. */
static bool
read_time(const json_t *claims, const char *name, bool *there, double *seconds)
{
  const json_t *value = json_object_get(claims, name);
  *there = value != NULL;
  *seconds = json_number_value(value);
  return value == NULL || (json_is_number(value) && isfinite(*seconds));
}

bool
jwt_check_times(const json_t *claims, int64_t now, GError **error)
{
  bool ends, begins, made;
  double end, begin, issued;
  if (!read_time(claims, "exp", &ends, &end) || !read_time(claims, "nbf", &begins, &begin) ||
      !read_time(claims, "iat", &made, &issued) || !ends)
    return error_set(error, ASSAY_ERROR_DENIED, "the token does not say when it ends");
  if (end + JWT_LEEWAY <= (double)now)
    return error_set(error, ASSAY_ERROR_DENIED, "the token has ended");
  if ((begins && begin - JWT_LEEWAY > (double)now) || (made && issued - JWT_LEEWAY > (double)now))
    return error_set(error, ASSAY_ERROR_DENIED, "the token is not valid yet");
  return true;
}

int64_t
jwt_ends(const json_t *claims)
{
  double end = json_number_value(json_object_get(claims, "exp"));
  return (int64_t)(CLAMP(end, 1, ENDS_MOST) * G_USEC_PER_SEC);
}

bool
jwt_is_for(const json_t *claims, const char *audience)
{
  const json_t *value = json_object_get(claims, "aud");
  if (json_is_string(value))
    return strcmp(json_string_value(value), audience) == 0;
  for (size_t i = 0; i < json_array_size(value); i++)
    if (g_strcmp0(json_string_value(json_array_get(value, i)), audience) == 0)
      return true;
  return false;
}

/* --- writing --- */

char *
jwt_header(const char *kid)
{
  g_autoptr(json_t) header = json_object();
  json_set_string(header, "alg", algorithm_name(ALGORITHM_ES256));
  json_set_string(header, "typ", "JWT");
  json_set_string(header, "kid", kid);
  g_autofree char *text = json_to_text(header);
  return base64url_encode(slice_from_string(text));
}

/* Both numbers of the signature, each with its leading zeros. */
static bool
join_numbers(const gnutls_datum_t *der, uint8_t joined[64])
{
  gnutls_datum_t numbers[2] = {{NULL, 0}, {NULL, 0}};
  bool right = gnutls()->decode_rs_value(der, &numbers[0], &numbers[1]) >= 0;
  memset(joined, 0, 64);
  for (unsigned i = 0; i < 2 && right; i++) {
    gnutls_datum_t number = numbers[i];
    for (; number.size > 32 && *number.data == 0; number.size--)
      number.data++;
    right = number.size <= 32;
    if (right)
      memcpy(joined + 32 * (i + 1) - number.size, number.data, number.size);
  }
  (*gnutls()->free)(numbers[0].data);
  (*gnutls()->free)(numbers[1].data);
  return right;
}

char *
jwt_sign(const char *header, const json_t *claims, gnutls_privkey_t key, GError **error)
{
  g_autofree char *text = json_to_text(claims);
  g_autofree char *payload = base64url_encode(slice_from_string(text));
  g_autofree char *signed_part = g_strconcat(header, ".", payload, NULL);
  const gnutls_datum_t data = {(unsigned char *)signed_part, (unsigned)strlen(signed_part)};
  gnutls_datum_t der = {NULL, 0};
  uint8_t joined[64];
  int status = gnutls()->privkey_sign_data2(key, GNUTLS_SIGN_ECDSA_SHA256, 0, &data, &der);
  bool right = status >= 0 && join_numbers(&der, joined);
  (*gnutls()->free)(der.data);
  if (!right) {
    error_set(error, ASSAY_ERROR_FAILED, "a token cannot be signed: %s",
              gnutls()->strerror(status));
    return NULL;
  }
  g_autofree char *signature = base64url_encode(slice_new(joined, sizeof joined));
  return g_strconcat(signed_part, ".", signature, NULL);
}
