/* Signing by a key of GnuTLS; see the header. */
#include "sign/keys/gnutls_sign.h"

#include <string.h>

#include "base/error.h"
#include "base/gnutls_library.h"

static AssayErrorCode
code_of(int status)
{
  switch (status) {
  case GNUTLS_E_PKCS11_PIN_ERROR:
  case GNUTLS_E_PKCS11_PIN_EXPIRED:
  case GNUTLS_E_PKCS11_PIN_LOCKED:
  case GNUTLS_E_PKCS11_USER_ERROR:
    return ASSAY_ERROR_DENIED;
  case GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE:
  case GNUTLS_E_PKCS11_SLOT_ERROR:
  case GNUTLS_E_PKCS11_REQUESTED_OBJECT_NOT_AVAILBLE:
    return ASSAY_ERROR_NOT_FOUND;
  case GNUTLS_E_PKCS11_UNSUPPORTED_FEATURE_ERROR:
  case GNUTLS_E_UNSUPPORTED_SIGNATURE_ALGORITHM:
    return ASSAY_ERROR_UNSUPPORTED;
  case GNUTLS_E_PKCS11_DEVICE_ERROR:
  case GNUTLS_E_PKCS11_SESSION_ERROR:
  case GNUTLS_E_PKCS11_ERROR:
  case GNUTLS_E_PKCS11_LOAD_ERROR:
  case GNUTLS_E_MEMORY_ERROR:
    return ASSAY_ERROR_IO;
  default:
    return ASSAY_ERROR_FAILED;
  }
}

bool
gnutls_key_error(GError **error, int status, const char *what)
{
  return error_set(error, code_of(status), "%s: %s", what, gnutls()->strerror(status));
}

GBytes *
gnutls_sign(gnutls_privkey_t key, SignatureAlgorithm algorithm, Slice message, GError **error)
{
  const gnutls_datum_t data = {(unsigned char *)(uintptr_t)message.data, (unsigned)message.size};
  gnutls_datum_t made = {NULL, 0};
  int status = gnutls()->privkey_sign_data2(key, algorithm_for_gnutls(algorithm), 0, &data, &made);
  if (status < 0) {
    gnutls_key_error(error, status, "it does not sign");
    return NULL;
  }
  GBytes *signature = algorithm_signature(algorithm, slice_new(made.data, made.size));
  (*gnutls()->free)(made.data);
  if (signature == NULL)
    error_set(error, ASSAY_ERROR_FAILED, "its signature cannot be read");
  return signature;
}

PublicKey *
gnutls_public_half(gnutls_privkey_t key, GError **error)
{
  gnutls_pubkey_t public = NULL;
  int status = gnutls()->pubkey_init(&public);
  if (status >= 0)
    status = gnutls()->pubkey_import_privkey(public, key, 0, 0);
  if (status >= 0)
    return public_key_new(NULL, public, ALGORITHM_COUNT, error);
  gnutls_key_error(error, status, "it shows no public key");
  if (public != NULL)
    gnutls()->pubkey_deinit(public);
  return NULL;
}

bool
gnutls_key_type(const char *algorithm, gnutls_pk_algorithm_t *type, unsigned *bits)
{
  static const struct {
    const char *name;
    gnutls_pk_algorithm_t type;
    unsigned bits;
  } all[] = {
      {"ecdsa-p256", GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1)},
      {"ecdsa-p384", GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP384R1)},
      {"rsa-2048", GNUTLS_PK_RSA, 2048},
      {"rsa-3072", GNUTLS_PK_RSA, 3072},
      {"rsa-4096", GNUTLS_PK_RSA, 4096},
      {"ed25519", GNUTLS_PK_EDDSA_ED25519, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_ED25519)},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(all); i++)
    if (strcmp(all[i].name, algorithm) == 0) {
      *type = all[i].type;
      *bits = all[i].bits;
      return true;
    }
  return false;
}
