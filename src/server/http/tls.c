/* A certificate: read from files, replaced while connections go on. */
#include <fcntl.h>
#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <string.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/gnutls_library.h"
#include "server/http/tls.h"

#define PEM_MAX   ((size_t)256 * 1024)
#define CHAIN_MAX 16

/* One certificate chain and its key. Kept until the credentials are freed: a handshake may still
 * hold the former one, and reloads are rare and small. */
typedef struct {
  gnutls_pcert_st chain[CHAIN_MAX];
  unsigned count;
  gnutls_privkey_t key;
  CertificateTimes times;
} Identity;

struct TlsCredentials {
  TlsSettings files;
  GPtrArray *all;    /* Identity */
  Identity *current; /* atomic */
};

static void
identity_free(Identity *identity)
{
  for (unsigned i = 0; i < identity->count; i++)
    gnutls()->pcert_deinit(&identity->chain[i]);
  if (identity->key != NULL)
    gnutls()->privkey_deinit(identity->key);
  g_free(identity);
}

static bool
tls_error(GError **error, const char *path, int code)
{
  return error_set(error, ASSAY_ERROR_INVALID, "TLS: %s: %s", path, gnutls()->strerror(code));
}

/* The key must belong to the certificate, or every handshake would fail later. */
static bool
check_pair(const Identity *identity, const TlsSettings *files, GError **error)
{
  uint8_t of_key[64], of_certificate[64];
  size_t key_size = sizeof of_key, certificate_size = sizeof of_certificate;
  gnutls_pubkey_t public_key;
  gnutls()->pubkey_init(&public_key);
  int code = gnutls()->pubkey_import_privkey(public_key, identity->key, 0, 0);
  if (code >= 0)
    code = gnutls()->pubkey_get_key_id(public_key, GNUTLS_KEYID_USE_SHA256, of_key, &key_size);
  if (code >= 0)
    code = gnutls()->pubkey_get_key_id(identity->chain[0].pubkey, GNUTLS_KEYID_USE_SHA256,
                                       of_certificate, &certificate_size);
  gnutls()->pubkey_deinit(public_key);
  if (code < 0)
    return tls_error(error, files->key, code);
  if (key_size != certificate_size || memcmp(of_key, of_certificate, key_size) != 0)
    return error_set(error, ASSAY_ERROR_MISMATCH, "TLS: %s is not the key of %s", files->key,
                     files->certificate);
  return true;
}

static bool
read_times(Identity *identity, const TlsSettings *files, GError **error)
{
  identity->times.chain_until = INT64_MAX;
  for (unsigned i = 0; i < identity->count; i++) {
    gnutls_x509_crt_t certificate = NULL;
    int code = gnutls()->pcert_export_x509(&identity->chain[i], &certificate);
    if (code < 0)
      return tls_error(error, files->certificate, code);
    int64_t until = gnutls()->x509_crt_get_expiration_time(certificate);
    if (i > 0) {
      identity->times.chain_until = MIN(identity->times.chain_until, until);
    } else {
      identity->times.from = gnutls()->x509_crt_get_activation_time(certificate);
      identity->times.until = until;
    }
    gnutls()->x509_crt_deinit(certificate);
  }
  return true;
}

static Identity *
identity_read(const TlsSettings *files, GError **error)
{
  g_autoptr(GBytes) certificate = file_read(AT_FDCWD, files->certificate, PEM_MAX, error);
  g_autoptr(GBytes) key =
      certificate == NULL ? NULL : file_read(AT_FDCWD, files->key, PEM_MAX, error);
  if (key == NULL)
    return NULL;
  Slice chain_text = slice_from_bytes(certificate), key_text = slice_from_bytes(key);
  gnutls_datum_t chain_datum = {(unsigned char *)(uintptr_t)chain_text.data,
                                (unsigned)chain_text.size};
  gnutls_datum_t key_datum = {(unsigned char *)(uintptr_t)key_text.data, (unsigned)key_text.size};

  Identity *identity = g_new0(Identity, 1);
  unsigned count = CHAIN_MAX;
  int code = gnutls()->pcert_list_import_x509_raw(identity->chain, &count, &chain_datum,
                                                  GNUTLS_X509_FMT_PEM, 0);
  identity->count = code < 0 ? 0 : count;
  bool read = code >= 0 || tls_error(error, files->certificate, code);
  if (read) {
    gnutls()->privkey_init(&identity->key);
    code =
        gnutls()->privkey_import_x509_raw(identity->key, &key_datum, GNUTLS_X509_FMT_PEM, NULL, 0);
    read = code >= 0 || tls_error(error, files->key, code);
  }
  if (read && check_pair(identity, files, error) && read_times(identity, files, error))
    return identity;
  identity_free(identity);
  return NULL;
}

bool
tls_credentials_reload(TlsCredentials *credentials, GError **error)
{
  Identity *identity = identity_read(&credentials->files, error);
  if (identity == NULL)
    return false;
  g_ptr_array_add(credentials->all, identity);
  g_atomic_pointer_set(&credentials->current, identity);
  return true;
}

TlsCredentials *
tls_credentials_new(const TlsSettings *tls, GError **error)
{
  TlsCredentials *credentials = g_new0(TlsCredentials, 1);
  credentials->files = (TlsSettings){g_strdup(tls->certificate), g_strdup(tls->key)};
  credentials->all = g_ptr_array_new_with_free_func((GDestroyNotify)identity_free);
  if (tls_credentials_reload(credentials, error))
    return credentials;
  tls_credentials_free(credentials);
  return NULL;
}

void
tls_credentials_free(TlsCredentials *credentials)
{
  if (credentials == NULL)
    return;
  g_ptr_array_unref(credentials->all);
  g_free(credentials->files.certificate);
  g_free(credentials->files.key);
  g_free(credentials);
}

CertificateTimes
tls_credentials_times(TlsCredentials *credentials)
{
  const Identity *identity = g_atomic_pointer_get(&credentials->current);
  return identity->times;
}

void
tls_credentials_show(TlsCredentials *credentials, gnutls_pcert_st **chain, unsigned *count,
                     gnutls_privkey_t *key)
{
  Identity *identity = g_atomic_pointer_get(&credentials->current);
  *chain = identity->chain;
  *count = identity->count;
  *key = identity->key;
}
