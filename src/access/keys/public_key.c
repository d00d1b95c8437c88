/* Public keys, and the algorithms that they are for; see the header. */
#include "access/keys/public_key.h"

#include <gnutls/crypto.h>

#include "base/error.h"
#include "base/gnutls_library.h"

typedef struct {
  const char *name;
  gnutls_pk_algorithm_t key;
  gnutls_ecc_curve_t curve; /* GNUTLS_ECC_CURVE_INVALID: of no curve */
  gnutls_sign_algorithm_t sign;
  unsigned half; /* bytes of one of the two numbers that the signature is; 0: it is none of these */
} Algorithm;

static const Algorithm algorithms[ALGORITHM_COUNT] = {
    [ALGORITHM_ES256] = {"ES256", GNUTLS_PK_ECDSA, GNUTLS_ECC_CURVE_SECP256R1,
                         GNUTLS_SIGN_ECDSA_SHA256, 32},
    [ALGORITHM_ES384] = {"ES384", GNUTLS_PK_ECDSA, GNUTLS_ECC_CURVE_SECP384R1,
                         GNUTLS_SIGN_ECDSA_SHA384, 48},
    [ALGORITHM_RS256] = {"RS256", GNUTLS_PK_RSA, GNUTLS_ECC_CURVE_INVALID, GNUTLS_SIGN_RSA_SHA256,
                         0},
    [ALGORITHM_RS384] = {"RS384", GNUTLS_PK_RSA, GNUTLS_ECC_CURVE_INVALID, GNUTLS_SIGN_RSA_SHA384,
                         0},
    [ALGORITHM_RS512] = {"RS512", GNUTLS_PK_RSA, GNUTLS_ECC_CURVE_INVALID, GNUTLS_SIGN_RSA_SHA512,
                         0},
    [ALGORITHM_PS256] = {"PS256", GNUTLS_PK_RSA, GNUTLS_ECC_CURVE_INVALID,
                         GNUTLS_SIGN_RSA_PSS_RSAE_SHA256, 0},
    [ALGORITHM_EDDSA] = {"EdDSA", GNUTLS_PK_EDDSA_ED25519, GNUTLS_ECC_CURVE_ED25519,
                         GNUTLS_SIGN_EDDSA_ED25519, 0},
};

#define RSA_BITS_LEAST 2048u
#define RSA_BITS_MOST  8192u

struct PublicKey {
  char *kid;
  gnutls_pubkey_t key;
  gnutls_pk_algorithm_t type;
  gnutls_ecc_curve_t curve;
  SignatureAlgorithm only; /* ALGORITHM_COUNT: each that takes its type */
};

bool
algorithm_find(const char *name, SignatureAlgorithm *algorithm)
{
  for (unsigned i = 0; i < ALGORITHM_COUNT; i++) {
    if (g_strcmp0(algorithms[i].name, name) == 0) {
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
  gnutls()->pubkey_deinit(key->key);
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
  key->curve = GNUTLS_ECC_CURVE_INVALID;
  if (key->type == GNUTLS_PK_RSA)
    return (bits >= RSA_BITS_LEAST && bits <= RSA_BITS_MOST) ||
           error_set(error, ASSAY_ERROR_UNSUPPORTED, "an RSA key of %u bits; it must have %u to %u",
                     bits, RSA_BITS_LEAST, RSA_BITS_MOST);
  int status = gnutls()->pubkey_export_ecc_raw2(key->key, &key->curve, NULL, NULL, 0);
  if (status < 0)
    return error_set(error, ASSAY_ERROR_UNSUPPORTED, "a key of the type %s",
                     gnutls()->pk_get_name(key->type));
  for (unsigned i = 0; i < ALGORITHM_COUNT; i++)
    if (algorithms[i].key == key->type && algorithms[i].curve == key->curve)
      return true;
  return error_set(error, ASSAY_ERROR_UNSUPPORTED, "a key on the curve %s",
                   gnutls()->ecc_curve_get_name(key->curve));
}

PublicKey *
public_key_new(const char *kid, gnutls_pubkey_t key, SignatureAlgorithm only, GError **error)
{
  g_autoptr(PublicKey) made = g_new0(PublicKey, 1);
  made->kid = g_strdup(kid);
  made->key = key;
  made->only = only;
  return look_at(made, error) ? g_steal_pointer(&made) : NULL;
}

bool
public_key_fits(const PublicKey *key, SignatureAlgorithm algorithm)
{
  const Algorithm *row = &algorithms[algorithm];
  return row->key == key->type && row->curve == key->curve &&
         (key->only == ALGORITHM_COUNT || key->only == algorithm);
}

/* --- verification --- */

static bool
verify(const PublicKey *key, const Algorithm *row, Slice bytes, gnutls_datum_t signature)
{
  const gnutls_datum_t data = {(unsigned char *)(uintptr_t)bytes.data, (unsigned)bytes.size};
  return gnutls()->pubkey_verify_data2(key->key, row->sign, 0, &data, &signature) >= 0;
}

bool
public_key_verify(const PublicKey *key, SignatureAlgorithm algorithm, Slice bytes, Slice signature)
{
  const Algorithm *row = &algorithms[algorithm];
  unsigned char *data = (unsigned char *)(uintptr_t)signature.data;
  if (!public_key_fits(key, algorithm) || bytes.size > G_MAXINT || signature.size > G_MAXINT)
    return false;
  if (row->half == 0)
    return verify(key, row, bytes, (gnutls_datum_t){data, (unsigned)signature.size});
  /* RFC 7518, section 3.4: both numbers, one after the other, with their leading zeros. */
  if (signature.size != 2 * (size_t)row->half)
    return false;
  const gnutls_datum_t r = {data, row->half}, s = {data + row->half, row->half};
  gnutls_datum_t der = {NULL, 0};
  if (gnutls()->encode_rs_value(&der, &r, &s) < 0)
    return false;
  bool right = verify(key, row, bytes, der);
  (*gnutls()->free)(der.data);
  return right;
}
