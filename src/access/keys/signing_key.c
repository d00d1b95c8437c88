/* One key that signs tokens; see the header. */
#include "access/keys/signing_key.h"

#include <nettle/sha2.h>
#include <string.h>

#include "access/keys/jwt.h"
#include "base/error.h"
#include "base/gnutls_library.h"

#define DAY_SECONDS ((time_t)24 * 60 * 60)

void
signing_key_free(SigningKey *key)
{
  if (key == NULL)
    return;
  public_key_free(key->public);
  if (key->private != NULL)
    gnutls()->privkey_deinit(key->private);
  g_free(key->header);
  g_free(key->certificate);
  g_free(key);
}

static void
free_x509_key(gnutls_x509_privkey_t *key)
{
  gnutls()->x509_privkey_deinit(*key);
}
static void
free_certificate(gnutls_x509_crt_t *certificate)
{
  gnutls()->x509_crt_deinit(*certificate);
}
#define auto_x509_key    __attribute__((cleanup(free_x509_key))) gnutls_x509_privkey_t
#define auto_certificate __attribute__((cleanup(free_certificate))) gnutls_x509_crt_t

static bool
worked(int status, const char *what, GError **error)
{
  return status >= 0 ||
         error_set(error, ASSAY_ERROR_FAILED, "%s: %s", what, gnutls()->strerror(status));
}

/* libtrust's: the first 240 bits of the SHA-256 of the key, in base32, a colon after each four
 * letters. */
static char *
fingerprint(gnutls_pubkey_t key)
{
  static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  gnutls_datum_t der = {NULL, 0};
  uint8_t hash[32];
  if (gnutls()->pubkey_export2(key, GNUTLS_X509_FMT_DER, &der) < 0)
    return NULL;
  struct sha256_ctx sha256;
  sha256_init(&sha256);
  sha256_update(&sha256, der.size, der.data);
  sha256_digest(&sha256, sizeof hash, hash);
  (*gnutls()->free)(der.data);
  GString *text = g_string_new(NULL);
  for (unsigned bit = 0; bit < 240; bit += 5) {
    unsigned pair = (unsigned)hash[bit / 8] << 8 | hash[bit / 8 + 1];
    if (bit > 0 && bit % 20 == 0)
      g_string_append_c(text, ':');
    g_string_append_c(text, letters[pair >> (11 - bit % 8) & 31]);
  }
  return g_string_free(text, FALSE);
}

/* What else there is of the private part @x509. */
static bool
complete(SigningKey *key, gnutls_x509_privkey_t x509, GError **error)
{
  gnutls_pubkey_t public;
  if (!worked(gnutls()->privkey_init(&key->private), "a key", error) ||
      !worked(gnutls()->privkey_import_x509(key->private, x509, GNUTLS_PRIVKEY_IMPORT_COPY),
              "a key", error) ||
      !worked(gnutls()->pubkey_init(&public), "a key", error))
    return false;
  g_autofree char *kid =
      gnutls()->pubkey_import_privkey(public, key->private, 0, 0) >= 0 ? fingerprint(public) : NULL;
  key->public = public_key_new(kid, public, ALGORITHM_ES256, error);
  if (key->public == NULL)
    return false;
  if (kid == NULL || !public_key_fits(key->public, ALGORITHM_ES256))
    return error_set(error, ASSAY_ERROR_INVALID, "a key that signs tokens must be on P-256");
  key->header = jwt_header(kid);
  return true;
}

/* By itself: who trusts it trusts the key. */
static bool
certify(SigningKey *key, gnutls_x509_privkey_t x509, const char *name, int64_t until,
        GError **error)
{
  uint8_t serial[16];
  gnutls_datum_t pem = {NULL, 0};
  time_t from = (time_t)(key->from / G_USEC_PER_SEC), end = (time_t)(until / G_USEC_PER_SEC);
  auto_certificate certificate = NULL;
  if (gnutls()->rnd(GNUTLS_RND_NONCE, serial, sizeof serial) < 0 ||
      gnutls()->x509_crt_init(&certificate) < 0)
    return error_set(error, ASSAY_ERROR_FAILED, "a certificate cannot be made");
  serial[0] &= 0x7f;
  if (!worked(gnutls()->x509_crt_set_version(certificate, 3), "certificate", error) ||
      !worked(gnutls()->x509_crt_set_serial(certificate, serial, sizeof serial), "serial", error) ||
      !worked(gnutls()->x509_crt_set_dn_by_oid(certificate, GNUTLS_OID_X520_COMMON_NAME, 0, name,
                                               (unsigned)strlen(name)),
              "access.service", error) ||
      !worked(gnutls()->x509_crt_set_activation_time(certificate, from - DAY_SECONDS), "time",
              error) ||
      !worked(gnutls()->x509_crt_set_expiration_time(certificate, end), "time", error) ||
      !worked(gnutls()->x509_crt_set_key(certificate, x509), "key", error) ||
      !worked(gnutls()->x509_crt_set_key_usage(certificate, GNUTLS_KEY_DIGITAL_SIGNATURE), "usage",
              error) ||
      !worked(gnutls()->x509_crt_sign2(certificate, certificate, x509, GNUTLS_DIG_SHA256, 0),
              "sign", error) ||
      !worked(gnutls()->x509_crt_export2(certificate, GNUTLS_X509_FMT_PEM, &pem), "PEM", error))
    return false;
  key->certificate = g_strndup((const char *)pem.data, pem.size);
  (*gnutls()->free)(pem.data);
  return true;
}

SigningKey *
signing_key_make(const char *name, int64_t from, int64_t until, GError **error)
{
  g_autoptr(SigningKey) key = g_new0(SigningKey, 1);
  key->from = from;
  auto_x509_key x509 = NULL;
  if (worked(gnutls()->x509_privkey_init(&x509), "a key", error) &&
      worked(gnutls()->x509_privkey_generate(x509, GNUTLS_PK_ECDSA,
                                             GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0),
             "a key", error) &&
      complete(key, x509, error) && certify(key, x509, name, until, error))
    return g_steal_pointer(&key);
  return NULL;
}

static char *
purpose_of(const char *kid)
{
  return g_strconcat("token-key:", kid, NULL);
}

SigningKey *
signing_key_unseal(const Sealer *sealer, const char *kid, Slice sealed, const char *certificate,
                   int64_t from, GError **error)
{
  g_autofree char *purpose = purpose_of(kid);
  g_autoptr(GBytes) clear = sealer_unseal(sealer, purpose, sealed, error);
  if (clear == NULL)
    return NULL;
  g_autoptr(SigningKey) key = g_new0(SigningKey, 1);
  key->from = from;
  key->certificate = g_strdup(certificate);
  Slice bytes = slice_from_bytes(clear);
  const gnutls_datum_t der = {(unsigned char *)(uintptr_t)bytes.data, (unsigned)bytes.size};
  auto_x509_key x509 = NULL;
  if (worked(gnutls()->x509_privkey_init(&x509), "a key", error) &&
      worked(gnutls()->x509_privkey_import(x509, &der, GNUTLS_X509_FMT_DER), kid, error) &&
      complete(key, x509, error))
    return g_steal_pointer(&key);
  return NULL;
}

GBytes *
signing_key_seal(const SigningKey *key, const Sealer *sealer, GError **error)
{
  gnutls_datum_t der = {NULL, 0};
  auto_x509_key x509 = NULL;
  if (!worked(gnutls()->privkey_export_x509(key->private, &x509), "a key", error) ||
      !worked(gnutls()->x509_privkey_export2(x509, GNUTLS_X509_FMT_DER, &der), "a key", error))
    return NULL;
  g_autofree char *purpose = purpose_of(public_key_id(key->public));
  GBytes *sealed = sealer_seal(sealer, purpose, slice_new(der.data, der.size));
  gnutls()->memset(der.data, 0, der.size);
  (*gnutls()->free)(der.data);
  return sealed;
}
