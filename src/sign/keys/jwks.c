/* JSON Web Keys and sets of them; see the header. */
#include "sign/keys/jwks.h"

#include <string.h>

#include "base/error.h"
#include "base/gnutls_library.h"
#include "text/base64url.h"

/* Values of JSON in a set. */
#define JWKS_VALUES_MAX ((size_t)JWKS_KEYS_MAX * 64)
/* A key with its certificates has more, which nobody reads. */
#define NUMBER_BYTES_MAX ((size_t)1024)

/* A member that is a number of bytes, in base64url. */
static GBytes *
number_of(const json_t *jwk, const char *name, GError **error)
{
  const char *text = json_require_string(jwk, name, error);
  if (text == NULL)
    return NULL;
  GBytes *bytes = base64url_decode(slice_from_string(text));
  if (bytes != NULL && g_bytes_get_size(bytes) > 0 && g_bytes_get_size(bytes) <= NUMBER_BYTES_MAX)
    return bytes;
  g_clear_pointer(&bytes, g_bytes_unref);
  error_set(error, ASSAY_ERROR_INVALID, "\"%s\" is not a number in base64url", name);
  return NULL;
}

static gnutls_datum_t
datum_of(GBytes *bytes)
{
  gsize size;
  const void *data = g_bytes_get_data(bytes, &size);
  return (gnutls_datum_t){(unsigned char *)(uintptr_t)data, (unsigned)size};
}

static bool
import_rsa(gnutls_pubkey_t key, const json_t *jwk, GError **error)
{
  g_autoptr(GBytes) n = number_of(jwk, "n", error);
  g_autoptr(GBytes) e = n == NULL ? NULL : number_of(jwk, "e", error);
  if (e == NULL)
    return false;
  const gnutls_datum_t modulus = datum_of(n), exponent = datum_of(e);
  return gnutls()->pubkey_import_rsa_raw(key, &modulus, &exponent) >= 0 ||
         error_set(error, ASSAY_ERROR_INVALID, "\"n\" and \"e\" are no RSA key");
}

static bool
import_elliptic(gnutls_pubkey_t key, const json_t *jwk, GError **error)
{
  static const struct {
    const char *name;
    gnutls_ecc_curve_t curve;
    size_t size;
  } curves[] = {{"P-256", GNUTLS_ECC_CURVE_SECP256R1, 32},
                {"P-384", GNUTLS_ECC_CURVE_SECP384R1, 48}};
  const char *name = json_get_string(jwk, "crv");
  for (size_t i = 0; i < G_N_ELEMENTS(curves); i++) {
    if (g_strcmp0(name, curves[i].name) != 0)
      continue;
    g_autoptr(GBytes) x = number_of(jwk, "x", error);
    g_autoptr(GBytes) y = x == NULL ? NULL : number_of(jwk, "y", error);
    if (y == NULL)
      return false;
    const gnutls_datum_t first = datum_of(x), second = datum_of(y);
    return (first.size == curves[i].size && second.size == curves[i].size &&
            gnutls()->pubkey_import_ecc_raw(key, curves[i].curve, &first, &second) >= 0 &&
            gnutls()->pubkey_verify_params(key) >= 0) ||
           error_set(error, ASSAY_ERROR_INVALID, "\"x\" and \"y\" are no point of %s", name);
  }
  return error_set(error, ASSAY_ERROR_UNSUPPORTED, "a key on a curve that is not P-256 or P-384");
}

static bool
import_edwards(gnutls_pubkey_t key, const json_t *jwk, GError **error)
{
  if (g_strcmp0(json_get_string(jwk, "crv"), "Ed25519") != 0)
    return error_set(error, ASSAY_ERROR_UNSUPPORTED, "a key on a curve that is not Ed25519");
  g_autoptr(GBytes) x = number_of(jwk, "x", error);
  if (x == NULL)
    return false;
  const gnutls_datum_t point = datum_of(x);
  return (point.size == 32 &&
          gnutls()->pubkey_import_ecc_raw(key, GNUTLS_ECC_CURVE_ED25519, &point, NULL) >= 0) ||
         error_set(error, ASSAY_ERROR_INVALID, "\"x\" is no point of Ed25519");
}

static bool
import(gnutls_pubkey_t key, const json_t *jwk, GError **error)
{
  static const struct {
    const char *type;
    bool (*import)(gnutls_pubkey_t key, const json_t *jwk, GError **error);
  } types[] = {{"RSA", import_rsa}, {"EC", import_elliptic}, {"OKP", import_edwards}};
  const char *type = json_get_string(jwk, "kty");
  for (size_t i = 0; i < G_N_ELEMENTS(types); i++)
    if (g_strcmp0(type, types[i].type) == 0)
      return types[i].import(key, jwk, error);
  return error_set(error, ASSAY_ERROR_UNSUPPORTED, "a key that is not of RSA, EC or OKP");
}

PublicKey *
jwk_read(const json_t *jwk, GError **error)
{
  const char *use = json_get_string(jwk, "use"), *bound = json_get_string(jwk, "alg");
  SignatureAlgorithm only = ALGORITHM_COUNT;
  if ((use != NULL && strcmp(use, "sig") != 0) ||
      (bound != NULL && !algorithm_find(bound, &only))) {
    error_set(error, ASSAY_ERROR_UNSUPPORTED, "a key for %s", bound != NULL ? bound : use);
    return NULL;
  }
  gnutls_pubkey_t key;
  if (gnutls()->pubkey_init(&key) < 0)
    g_error("no memory for a key");
  if (!import(key, jwk, error)) {
    gnutls()->pubkey_deinit(key);
    return NULL;
  }
  return public_key_new(json_get_string(jwk, "kid"), key, only, error);
}

static void
set_coordinate(json_t *jwk, const char *name, const gnutls_datum_t *number, size_t size)
{
  g_autofree uint8_t *padded = g_malloc0(size);
  memcpy(padded + (size - MIN(number->size, size)), number->data, MIN(number->size, size));
  g_autofree char *text = base64url_encode(slice_new(padded, size));
  json_set_string(jwk, name, text);
}

json_t *
jwk_write(const PublicKey *key)
{
  gnutls_ecc_curve_t curve;
  gnutls_datum_t x = {NULL, 0}, y = {NULL, 0};
  if (!public_key_fits(key, ALGORITHM_ES256) ||
      gnutls()->pubkey_export_ecc_raw2(public_key_handle(key), &curve, &x, &y,
                                       GNUTLS_EXPORT_FLAG_NO_LZ) < 0)
    return NULL;
  json_t *jwk = json_object();
  json_set_string(jwk, "kty", "EC");
  json_set_string(jwk, "crv", "P-256");
  set_coordinate(jwk, "x", &x, 32);
  set_coordinate(jwk, "y", &y, 32);
  json_set_string(jwk, "alg", algorithm_name(ALGORITHM_ES256));
  json_set_string(jwk, "use", "sig");
  json_set_string(jwk, "kid", public_key_id(key));
  (*gnutls()->free)(x.data);
  (*gnutls()->free)(y.data);
  return jwk;
}

/* --- sets --- */

static bool
has_no_private_part(const json_t *jwk)
{
  return json_object_get(jwk, "d") == NULL && json_object_get(jwk, "k") == NULL;
}

GPtrArray *
jwks_read(Slice text, GError **error)
{
  if (text.size > JWKS_BYTES_MAX) {
    error_set(error, ASSAY_ERROR_LIMIT, "a set of keys of more than %zu bytes", JWKS_BYTES_MAX);
    return NULL;
  }
  g_autoptr(json_t) set = json_parse_bounded(text, JWKS_VALUES_MAX, error);
  json_t *list = set == NULL ? NULL : json_get_array(set, "keys");
  if (set == NULL)
    return NULL;
  if (list == NULL || json_array_size(list) > JWKS_KEYS_MAX) {
    error_set(error, ASSAY_ERROR_INVALID,
              "\"keys\" is missing, no list, or has more than %d entries", JWKS_KEYS_MAX);
    return NULL;
  }
  g_autoptr(GPtrArray) keys = g_ptr_array_new_with_free_func((GDestroyNotify)public_key_free);
  for (size_t i = 0; i < json_array_size(list); i++) {
    const json_t *jwk = json_array_get(list, i);
    PublicKey *key = has_no_private_part(jwk) ? jwk_read(jwk, NULL) : NULL;
    if (key != NULL)
      g_ptr_array_add(keys, key);
  }
  return g_steal_pointer(&keys);
}

json_t *
jwks_write(const GPtrArray *keys)
{
  json_t *set = json_object(), *list = json_array();
  json_object_set_new(set, "keys", list);
  for (guint i = 0; i < keys->len; i++) {
    json_t *jwk = jwk_write(g_ptr_array_index(keys, i));
    if (jwk != NULL)
      json_array_append_new(list, jwk);
  }
  return set;
}
