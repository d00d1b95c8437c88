/* Public keys, and the algorithms that they are for; see the header. */
#include "sign/keys/public_key.h"

#include <gnutls/crypto.h>
#include <string.h>

#include "base/error.h"
#include "base/gnutls_library.h"
#include "oci/digest.h"
#include "sign/keys/sm2.h"

typedef struct {
  const char *name;
  gnutls_pk_algorithm_t key;
  gnutls_ecc_curve_t curve; /* GNUTLS_ECC_CURVE_INVALID: of no curve, or of any */
  gnutls_sign_algorithm_t sign;
  unsigned half; /* bytes of one of the two numbers that the signature is; 0: it is none of these */
  bool of_tokens; /* algorithm_find() finds it */
} Algorithm;

#define OF_RSA   GNUTLS_PK_RSA, GNUTLS_ECC_CURVE_INVALID
#define OF_ECDSA GNUTLS_PK_ECDSA
/* No key that GnuTLS reads has this type (look_at()). */
#define OF_SM2 GNUTLS_PK_UNKNOWN, GNUTLS_ECC_CURVE_INVALID

static const Algorithm algorithms[ALGORITHM_COUNT] = {
    [ALGORITHM_ES256] = {"ES256", OF_ECDSA, GNUTLS_ECC_CURVE_SECP256R1, GNUTLS_SIGN_ECDSA_SHA256,
                         32, true},
    [ALGORITHM_ES384] = {"ES384", OF_ECDSA, GNUTLS_ECC_CURVE_SECP384R1, GNUTLS_SIGN_ECDSA_SHA384,
                         48, true},
    [ALGORITHM_ES512] = {"ES512", OF_ECDSA, GNUTLS_ECC_CURVE_SECP521R1, GNUTLS_SIGN_ECDSA_SHA512,
                         66},
    [ALGORITHM_RS256] = {"RS256", OF_RSA, GNUTLS_SIGN_RSA_SHA256, 0, true},
    [ALGORITHM_RS384] = {"RS384", OF_RSA, GNUTLS_SIGN_RSA_SHA384, 0, true},
    [ALGORITHM_RS512] = {"RS512", OF_RSA, GNUTLS_SIGN_RSA_SHA512, 0, true},
    [ALGORITHM_PS256] = {"PS256", OF_RSA, GNUTLS_SIGN_RSA_PSS_RSAE_SHA256, 0, true},
    [ALGORITHM_PS384] = {"PS384", OF_RSA, GNUTLS_SIGN_RSA_PSS_RSAE_SHA384, 0},
    [ALGORITHM_PS512] = {"PS512", OF_RSA, GNUTLS_SIGN_RSA_PSS_RSAE_SHA512, 0},
    [ALGORITHM_EDDSA] = {"EdDSA", GNUTLS_PK_EDDSA_ED25519, GNUTLS_ECC_CURVE_ED25519,
                         GNUTLS_SIGN_EDDSA_ED25519, 0, true},
    [ALGORITHM_ECDSA_SHA256] = {"ECDSA-SHA256", OF_ECDSA, GNUTLS_ECC_CURVE_INVALID,
                                GNUTLS_SIGN_ECDSA_SHA256, 0},
    [ALGORITHM_SM2_SM3] = {"SM2-SM3", OF_SM2, GNUTLS_SIGN_UNKNOWN, 0},
};

#define RSA_BITS_LEAST 2048u
#define RSA_BITS_MOST  8192u

struct PublicKey {
  char *kid;
  char *fingerprint;
  unsigned bits; /* of an RSA key */
  gnutls_pubkey_t key;
  GBytes *sm2; /* in DER; NULL: it is `key` */
  gnutls_pk_algorithm_t type;
  gnutls_ecc_curve_t curve;
  SignatureAlgorithm only; /* ALGORITHM_COUNT: each that takes its type */
};

bool
algorithm_find(const char *name, SignatureAlgorithm *algorithm)
{
  for (unsigned i = 0; i < ALGORITHM_COUNT; i++) {
    if (algorithms[i].of_tokens && g_strcmp0(algorithms[i].name, name) == 0) {
      *algorithm = (SignatureAlgorithm)i;
      return true;
    }
  }
  return false;
}

const char *
algorithm_name(SignatureAlgorithm algorithm)
{
  return algorithms[algorithm].name;
}

void
public_key_free(PublicKey *key)
{
  if (key == NULL)
    return;
  g_free(key->fingerprint);
  if (key->key != NULL)
    gnutls()->pubkey_deinit(key->key);
  g_clear_pointer(&key->sm2, g_bytes_unref);
  g_free(key->kid);
  g_free(key);
}

const char *
public_key_id(const PublicKey *key)
{
  return key->kid;
}

gnutls_pubkey_t
public_key_handle(const PublicKey *key)
{
  return key->key;
}

/* Its type, and whether it is one that we take. */
static bool
look_at(PublicKey *key, GError **error)
{
  unsigned bits = 0;
  int type = gnutls()->pubkey_get_pk_algorithm(key->key, &bits);
  if (type < 0)
    return error_set(error, ASSAY_ERROR_INVALID, "the key is damaged: %s",
                     gnutls()->strerror(type));
  key->type = (gnutls_pk_algorithm_t)type;
  key->bits = bits;
  key->curve = GNUTLS_ECC_CURVE_INVALID;
  if (key->type == GNUTLS_PK_RSA)
    return (bits >= RSA_BITS_LEAST && bits <= RSA_BITS_MOST) ||
           error_set(error, ASSAY_ERROR_UNSUPPORTED, "an RSA key of %u bits; it must have %u to %u",
                     bits, RSA_BITS_LEAST, RSA_BITS_MOST);
  int status = gnutls()->pubkey_export_ecc_raw2(key->key, &key->curve, NULL, NULL, 0);
  if (status < 0)
    return error_set(error, ASSAY_ERROR_UNSUPPORTED, "a key of the type %s",
                     gnutls()->pk_get_name(key->type));
  /* GnuTLS takes any two numbers for a point until it verifies. */
  if (key->type == GNUTLS_PK_ECDSA && gnutls()->pubkey_verify_params(key->key) < 0)
    return error_set(error, ASSAY_ERROR_INVALID, "the key is damaged: it is not on its curve");
  for (unsigned i = 0; i < ALGORITHM_COUNT; i++)
    if (algorithms[i].key == key->type && algorithms[i].curve == key->curve)
      return true;
  return error_set(error, ASSAY_ERROR_UNSUPPORTED, "a key on the curve %s",
                   gnutls()->ecc_curve_get_name(key->curve));
}

/* (transfer full) NULL: @format is none that it can be written in. */
static GBytes *export(gnutls_pubkey_t key, gnutls_x509_crt_fmt_t format)
{
  gnutls_datum_t text = {NULL, 0};
  if (gnutls()->pubkey_export2(key, format, &text) < 0)
    return NULL;
  GBytes *bytes = g_bytes_new(text.data, text.size);
  (*gnutls()->free)(text.data);
  return bytes;
}

static bool
take_fingerprint(PublicKey *key, GError **error)
{
  g_autoptr(GBytes) der = public_key_to_der(key);
  if (der == NULL)
    return error_set(error, ASSAY_ERROR_INVALID, "the key is damaged");
  key->fingerprint = g_strdup(digest_of(DIGEST_SHA256, slice_from_bytes(der)).text);
  return true;
}

PublicKey *
public_key_new(const char *kid, gnutls_pubkey_t key, SignatureAlgorithm only, GError **error)
{
  g_autoptr(PublicKey) made = g_new0(PublicKey, 1);
  made->kid = g_strdup(kid);
  made->key = key;
  made->only = only;
  return look_at(made, error) && take_fingerprint(made, error) ? g_steal_pointer(&made) : NULL;
}

/* (transfer full) NULL: @file has none of that in PEM. */
static GBytes *
open_pem(Slice file, const char *label)
{
  const gnutls_datum_t text = {(unsigned char *)(uintptr_t)file.data, (unsigned)file.size};
  gnutls_datum_t der = {NULL, 0};
  if (gnutls()->pem_base64_decode2(label, &text, &der) < 0)
    return NULL;
  GBytes *bytes = g_bytes_new(der.data, der.size);
  (*gnutls()->free)(der.data);
  return bytes;
}

/* The key of SM2 that @file has, in whichever way. (transfer full) NULL: it has none. */
static GBytes *
find_sm2(Slice file)
{
  g_autoptr(GBytes) key = open_pem(file, "PUBLIC KEY");
  g_autoptr(GBytes) certificate = key != NULL ? NULL : open_pem(file, "CERTIFICATE");
  Slice der = key != NULL           ? slice_from_bytes(key)
              : certificate != NULL ? sm2_in_certificate(slice_from_bytes(certificate))
                                    : file;
  return sm2_is(der) ? g_bytes_new(der.data, der.size) : NULL;
}

static PublicKey *
sm2_new(GBytes *der, GError **error)
{
  if (!sm2_public_check(slice_from_bytes(der), error))
    return NULL;
  g_autoptr(PublicKey) made = g_new0(PublicKey, 1);
  made->sm2 = g_bytes_ref(der);
  made->type = GNUTLS_PK_UNKNOWN;
  made->only = ALGORITHM_SM2_SM3;
  return take_fingerprint(made, error) ? g_steal_pointer(&made) : NULL;
}

/* Of a certificate. */
static int
import_certificate(gnutls_pubkey_t key, const gnutls_datum_t *text)
{
  gnutls_x509_crt_t certificate;
  int status = gnutls()->x509_crt_init(&certificate);
  if (status < 0)
    return status;
  status = gnutls()->x509_crt_import(certificate, text, GNUTLS_X509_FMT_PEM);
  if (status >= 0)
    status = gnutls()->pubkey_import_x509(key, certificate, 0);
  gnutls()->x509_crt_deinit(certificate);
  return status;
}

static int
import(gnutls_pubkey_t key, Slice file)
{
  const gnutls_datum_t text = {(unsigned char *)(uintptr_t)file.data, (unsigned)file.size};
  if (memmem(file.data, file.size, "-----BEGIN CERTIFICATE", strlen("-----BEGIN CERTIFICATE")))
    return import_certificate(key, &text);
  bool pem = memmem(file.data, file.size, "-----BEGIN ", strlen("-----BEGIN ")) != NULL;
  return gnutls()->pubkey_import(key, &text, pem ? GNUTLS_X509_FMT_PEM : GNUTLS_X509_FMT_DER);
}

PublicKey *
public_key_read(Slice file, GError **error)
{
  gnutls_pubkey_t key;
  if (file.data == NULL || file.size == 0 || file.size > PUBLIC_KEY_FILE_MAX ||
      gnutls()->pubkey_init(&key) < 0) {
    error_set(error, ASSAY_ERROR_INVALID, "a public key has 1 to %zu bytes", PUBLIC_KEY_FILE_MAX);
    return NULL;
  }
  g_autoptr(GBytes) sm2 = find_sm2(file);
  if (sm2 != NULL) {
    gnutls()->pubkey_deinit(key);
    return sm2_new(sm2, error);
  }
  int status = import(key, file);
  if (status < 0) {
    gnutls()->pubkey_deinit(key);
    error_set(error, ASSAY_ERROR_INVALID,
              "no public key: %s (wanted: PEM \"PUBLIC KEY\" or \"CERTIFICATE\", or DER)",
              gnutls()->strerror(status));
    return NULL;
  }
  return public_key_new(NULL, key, ALGORITHM_COUNT, error);
}

const char *
public_key_fingerprint(const PublicKey *key)
{
  return key->fingerprint;
}

GBytes *
public_key_to_der(const PublicKey *key)
{
  return key->sm2 != NULL ? g_bytes_ref(key->sm2) : export(key->key, GNUTLS_X509_FMT_DER);
}

static char *
sm2_to_pem(GBytes *sm2)
{
  gsize size;
  unsigned char *data = (unsigned char *)(uintptr_t)g_bytes_get_data(sm2, &size);
  gnutls_datum_t pem = {NULL, 0}, der = {data, (unsigned)size};
  if (gnutls()->pem_base64_encode2("PUBLIC KEY", &der, &pem) < 0)
    return NULL;
  char *text = slice_to_string(slice_new(pem.data, pem.size));
  (*gnutls()->free)(pem.data);
  return text;
}

char *
public_key_to_pem(const PublicKey *key)
{
  if (key->sm2 != NULL)
    return sm2_to_pem(key->sm2);
  g_autoptr(GBytes) pem = export(key->key, GNUTLS_X509_FMT_PEM);
  return pem == NULL ? NULL : slice_to_string(slice_from_bytes(pem));
}

static const char *
curve_in_words(gnutls_ecc_curve_t curve)
{
  switch (curve) {
  case GNUTLS_ECC_CURVE_SECP256R1:
    return "P-256";
  case GNUTLS_ECC_CURVE_SECP384R1:
    return "P-384";
  default:
    return "P-521";
  }
}

char *
public_key_in_words(const PublicKey *key)
{
  if (key->sm2 != NULL)
    return g_strdup("SM2");
  if (key->type == GNUTLS_PK_RSA)
    return g_strdup_printf("RSA %u", key->bits);
  return key->type == GNUTLS_PK_ECDSA ? g_strdup_printf("ECDSA %s", curve_in_words(key->curve))
                                      : g_strdup("Ed25519");
}

bool
public_key_fits(const PublicKey *key, SignatureAlgorithm algorithm)
{
  const Algorithm *row = &algorithms[algorithm];
  return row->key == key->type &&
         (row->curve == GNUTLS_ECC_CURVE_INVALID || row->curve == key->curve) &&
         (key->only == ALGORITHM_COUNT || key->only == algorithm);
}

SignatureAlgorithm
public_key_cosign_algorithm(const PublicKey *key)
{
  return key->sm2 != NULL               ? ALGORITHM_SM2_SM3
         : key->type == GNUTLS_PK_RSA   ? ALGORITHM_RS256
         : key->type == GNUTLS_PK_ECDSA ? ALGORITHM_ECDSA_SHA256
                                        : ALGORITHM_EDDSA;
}

bool
public_key_notation_algorithm(const PublicKey *key, SignatureAlgorithm *algorithm)
{
  if (key->type == GNUTLS_PK_RSA)
    *algorithm = key->bits < 3072   ? ALGORITHM_PS256
                 : key->bits < 4096 ? ALGORITHM_PS384
                                    : ALGORITHM_PS512;
  else
    *algorithm = key->curve == GNUTLS_ECC_CURVE_SECP256R1   ? ALGORITHM_ES256
                 : key->curve == GNUTLS_ECC_CURVE_SECP384R1 ? ALGORITHM_ES384
                                                            : ALGORITHM_ES512;
  return public_key_fits(key, *algorithm);
}

/* --- signing --- */

gnutls_sign_algorithm_t
algorithm_for_gnutls(SignatureAlgorithm algorithm)
{
  return algorithms[algorithm].sign;
}

static void
add_number(GByteArray *out, gnutls_datum_t number, unsigned half)
{
  static const uint8_t zeros[66];
  unsigned skipped = number.size > half ? number.size - half : 0;
  g_byte_array_append(out, zeros, half - (number.size - skipped));
  g_byte_array_append(out, number.data + skipped, number.size - skipped);
}

GBytes *
algorithm_signature(SignatureAlgorithm algorithm, Slice from_gnutls)
{
  unsigned half = algorithms[algorithm].half;
  if (half == 0)
    return g_bytes_new(from_gnutls.data, from_gnutls.size);
  const gnutls_datum_t der = {(unsigned char *)(uintptr_t)from_gnutls.data,
                              (unsigned)from_gnutls.size};
  gnutls_datum_t r = {NULL, 0}, s = {NULL, 0};
  if (gnutls()->decode_rs_value(&der, &r, &s) < 0)
    return NULL;
  GByteArray *out = g_byte_array_new();
  add_number(out, r, half);
  add_number(out, s, half);
  (*gnutls()->free)(r.data);
  (*gnutls()->free)(s.data);
  return g_byte_array_free_to_bytes(out);
}

GBytes *
algorithm_signature_for_gnutls(SignatureAlgorithm algorithm, Slice signature)
{
  unsigned half = algorithms[algorithm].half;
  if (half == 0)
    return g_bytes_new(signature.data, signature.size);
  /* RFC 7518, section 3.4: both numbers, one after the other, with their leading zeros. */
  if (signature.size != 2 * (size_t)half)
    return NULL;
  unsigned char *data = (unsigned char *)(uintptr_t)signature.data;
  const gnutls_datum_t r = {data, half}, s = {data + half, half};
  gnutls_datum_t der = {NULL, 0};
  if (gnutls()->encode_rs_value(&der, &r, &s) < 0)
    return NULL;
  GBytes *bytes = g_bytes_new(der.data, der.size);
  (*gnutls()->free)(der.data);
  return bytes;
}

/* --- verification --- */

bool
public_key_verify(const PublicKey *key, SignatureAlgorithm algorithm, Slice bytes, Slice signature)
{
  if (!public_key_fits(key, algorithm) || bytes.size > G_MAXINT || signature.size > G_MAXINT)
    return false;
  if (key->sm2 != NULL)
    return sm2_verify(slice_from_bytes(key->sm2), bytes, signature);
  g_autoptr(GBytes) made = algorithm_signature_for_gnutls(algorithm, signature);
  if (made == NULL)
    return false;
  Slice der = slice_from_bytes(made);
  const gnutls_datum_t given = {(unsigned char *)(uintptr_t)der.data, (unsigned)der.size};
  const gnutls_datum_t data = {(unsigned char *)(uintptr_t)bytes.data, (unsigned)bytes.size};
  return gnutls()->pubkey_verify_data2(key->key, algorithms[algorithm].sign, 0, &data, &given) >= 0;
}
