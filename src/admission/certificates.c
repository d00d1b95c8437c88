/* Certificates for a webhook; see the header. */
#include "admission/certificates.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <string.h>

#include "base/error.h"
#include "base/gnutls_library.h"

#define DAY_SECONDS ((time_t)24 * 3600)
/* Clocks differ. */
#define EARLIER ((time_t)3600)

typedef gnutls_x509_crt_t Crt;
typedef gnutls_x509_privkey_t Privkey;

static void
clear_crt(Crt *crt)
{
  if (*crt != NULL)
    gnutls()->x509_crt_deinit(*crt);
}
#define auto_crt __attribute__((cleanup(clear_crt))) Crt

static void
clear_privkey(Privkey *key)
{
  if (*key != NULL)
    gnutls()->x509_privkey_deinit(*key);
}
#define auto_privkey __attribute__((cleanup(clear_privkey))) Privkey

void
certificate_pair_clear(CertificatePair *pair)
{
  if (pair->key != NULL)
    explicit_bzero(pair->key, strlen(pair->key));
  g_clear_pointer(&pair->key, g_free);
  g_clear_pointer(&pair->certificate, g_free);
}

static bool
worked(int code, const char *what, GError **error)
{
  return code >= 0 ||
         error_set(error, ASSAY_ERROR_INVALID, "%s: %s", what, gnutls()->strerror(code));
}

static gnutls_datum_t
datum_of(const char *text)
{
  return (gnutls_datum_t){(unsigned char *)(uintptr_t)text, (unsigned)strlen(text)};
}

/* --- making --- */

static char *
take(gnutls_datum_t *datum)
{
  char *text = g_strndup((const char *)datum->data, datum->size);
  explicit_bzero(datum->data, datum->size);
  (*gnutls()->free)(datum->data);
  return text;
}

static bool
make_key(Privkey *key, GError **error)
{
  return worked(gnutls()->x509_privkey_init(key), "a key", error) &&
         worked(gnutls()->x509_privkey_generate(
                    *key, GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0),
                "a key", error);
}

/* What each certificate has: number, subject, times and key. */
static bool
begin(Crt *crt, Privkey key, const char *name, time_t until, GError **error)
{
  uint8_t serial[16];
  /* A subject has 64 characters at most; who checks goes by the alternative names. */
  unsigned length = (unsigned)MIN(strlen(name), 64);
  if (!worked(gnutls()->rnd(GNUTLS_RND_NONCE, serial, sizeof serial), "random numbers", error))
    return false;
  serial[0] = (uint8_t)((serial[0] & 0x7f) | 0x01);
  return worked(gnutls()->x509_crt_init(crt), "a certificate", error) &&
         worked(gnutls()->x509_crt_set_version(*crt, 3), "version", error) &&
         worked(gnutls()->x509_crt_set_serial(*crt, serial, sizeof serial), "serial", error) &&
         worked(
             gnutls()->x509_crt_set_dn_by_oid(*crt, GNUTLS_OID_X520_COMMON_NAME, 0, name, length),
             name, error) &&
         worked(gnutls()->x509_crt_set_activation_time(*crt, time(NULL) - EARLIER), "time",
                error) &&
         worked(gnutls()->x509_crt_set_expiration_time(*crt, until), "time", error) &&
         worked(gnutls()->x509_crt_set_key(*crt, key), "key", error);
}

static bool
end(Crt crt, Privkey key, Crt issuer, Privkey issuer_key, CertificatePair *made, GError **error)
{
  gnutls_datum_t pem = {NULL, 0}, secret = {NULL, 0};
  if (!worked(gnutls()->x509_crt_sign2(crt, issuer, issuer_key, GNUTLS_DIG_SHA256, 0), "signing",
              error) ||
      !worked(gnutls()->x509_crt_export2(crt, GNUTLS_X509_FMT_PEM, &pem), "PEM", error))
    return false;
  made->certificate = take(&pem);
  if (!worked(gnutls()->x509_privkey_export2_pkcs8(key, GNUTLS_X509_FMT_PEM, NULL,
                                                   GNUTLS_PKCS_PLAIN, &secret),
              "the key", error))
    return false;
  made->key = take(&secret);
  return true;
}

bool
certificate_make_authority(const char *name, unsigned days, CertificatePair *made, GError **error)
{
  auto_privkey key = NULL;
  auto_crt crt = NULL;
  return make_key(&key, error) && begin(&crt, key, name, time(NULL) + days * DAY_SECONDS, error) &&
         worked(gnutls()->x509_crt_set_ca_status(crt, 1), "authority", error) &&
         worked(gnutls()->x509_crt_set_key_usage(crt, GNUTLS_KEY_KEY_CERT_SIGN), "usage", error) &&
         end(crt, key, crt, key, made, error);
}

/* As a name of a host, or as an address. */
static bool
add_name(Crt crt, const char *name, GError **error)
{
  uint8_t address[16];
  size_t size = inet_pton(AF_INET, name, address) == 1    ? 4
                : inet_pton(AF_INET6, name, address) == 1 ? 16
                                                          : 0;
  return size > 0
             ? worked(gnutls()->x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_IPADDRESS, address,
                                                              (unsigned)size, GNUTLS_FSAN_APPEND),
                      name, error)
             : worked(gnutls()->x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_DNSNAME, name,
                                                              (unsigned)strlen(name),
                                                              GNUTLS_FSAN_APPEND),
                      name, error);
}

static bool
read_crt(const char *pem, Crt *crt, GError **error)
{
  const gnutls_datum_t text = datum_of(pem);
  return worked(gnutls()->x509_crt_init(crt), "a certificate", error) &&
         worked(gnutls()->x509_crt_import(*crt, &text, GNUTLS_X509_FMT_PEM), "the certificate",
                error);
}

static bool
read_pair(const CertificatePair *pair, Crt *crt, Privkey *key, GError **error)
{
  const gnutls_datum_t secret = datum_of(pair->key);
  return read_crt(pair->certificate, crt, error) &&
         worked(gnutls()->x509_privkey_init(key), "a key", error) &&
         worked(gnutls()->x509_privkey_import2(*key, &secret, GNUTLS_X509_FMT_PEM, NULL, 0),
                "the authority's key", error);
}

bool
certificate_make_server(const CertificatePair *authority, const char *const *names, unsigned days,
                        CertificatePair *made, GError **error)
{
  auto_privkey key = NULL, issuer_key = NULL;
  auto_crt crt = NULL, issuer = NULL;
  if (!read_pair(authority, &issuer, &issuer_key, error) || !make_key(&key, error))
    return false;
  time_t until =
      MIN(time(NULL) + days * DAY_SECONDS, gnutls()->x509_crt_get_expiration_time(issuer));
  if (!begin(&crt, key, names[0], until, error))
    return false;
  for (; *names != NULL; names++)
    if (!add_name(crt, *names, error))
      return false;
  return worked(gnutls()->x509_crt_set_ca_status(crt, 0), "authority", error) &&
         worked(gnutls()->x509_crt_set_key_usage(crt, GNUTLS_KEY_DIGITAL_SIGNATURE), "usage",
                error) &&
         worked(gnutls()->x509_crt_set_key_purpose_oid(crt, GNUTLS_KP_TLS_WWW_SERVER, 0), "purpose",
                error) &&
         end(crt, key, issuer, issuer_key, made, error);
}

/* --- looking --- */

bool
certificate_is_fresh(const char *certificate, const char *authority, const char *const *names,
                     unsigned days, char **why)
{
  unsigned flags = 0;
  auto_crt crt = NULL, issuer = NULL;
  if (!read_crt(certificate, &crt, NULL) || !read_crt(authority, &issuer, NULL)) {
    *why = g_strdup("it cannot be read");
    return false;
  }
  if (gnutls()->x509_crt_verify(crt, &issuer, 1, 0, &flags) < 0 || flags != 0) {
    *why = g_strdup("it is not by the authority, or is over");
    return false;
  }
  if (gnutls()->x509_crt_get_expiration_time(crt) - time(NULL) < days * DAY_SECONDS) {
    *why = g_strdup_printf("it ends within %u days", days);
    return false;
  }
  for (; *names != NULL; names++)
    if (!gnutls()->x509_crt_check_hostname(crt, *names)) {
      *why = g_strdup_printf("it is not for %s", *names);
      return false;
    }
  return true;
}
