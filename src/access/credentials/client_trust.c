/* Authorities of client certificates; see the header. */
#include "access/credentials/client_trust.h"

#include <gnutls/x509.h>
#include <stdint.h>

#include "base/error.h"
#include "base/gnutls_library.h"

#define CHAIN_MAX 16u

struct ClientTrust {
  char *ca_file, *crl_file;
  GMutex lock;                      /* guards the reloads */
  GPtrArray *all;                   /* those of before: a check may still use them */
  gnutls_x509_trust_list_t current; /* atomic */
};

static void
free_list(void *list)
{
  gnutls()->x509_trust_list_deinit(list, 1);
}

bool
client_trust_reload(ClientTrust *trust, GError **error)
{
  gnutls_x509_trust_list_t list = NULL;
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&trust->lock);
  gnutls()->x509_trust_list_init(&list, 0);
  int count = gnutls()->x509_trust_list_add_trust_file(list, trust->ca_file, NULL,
                                                       GNUTLS_X509_FMT_PEM, 0, 0);
  const char *file = trust->ca_file;
  if (count > 0 && trust->crl_file != NULL) {
    file = trust->crl_file;
    count = gnutls()->x509_trust_list_add_trust_file(list, NULL, file, GNUTLS_X509_FMT_PEM,
                                                     GNUTLS_TL_VERIFY_CRL, 0);
  }
  if (count <= 0) {
    gnutls()->x509_trust_list_deinit(list, 1);
    return error_set(error, ASSAY_ERROR_INVALID, "client certificates: %s: %s", file,
                     count < 0 ? gnutls()->strerror(count) : "there is nothing in it that counts");
  }
  g_ptr_array_add(trust->all, list);
  g_atomic_pointer_set(&trust->current, list);
  return true;
}

ClientTrust *
client_trust_new(const char *ca_file, const char *crl_file, GError **error)
{
  g_autoptr(ClientTrust) trust = g_new0(ClientTrust, 1);
  trust->ca_file = g_strdup(ca_file);
  trust->crl_file = g_strdup(crl_file);
  g_mutex_init(&trust->lock);
  trust->all = g_ptr_array_new_with_free_func(free_list);
  return client_trust_reload(trust, error) ? g_steal_pointer(&trust) : NULL;
}

void
client_trust_free(ClientTrust *trust)
{
  if (trust == NULL)
    return;
  g_ptr_array_unref(trust->all);
  g_mutex_clear(&trust->lock);
  g_free(trust->ca_file);
  g_free(trust->crl_file);
  g_free(trust);
}

/* --- checking --- */

static const char *
reason_of(unsigned status)
{
  static const struct {
    unsigned bit;
    const char *reason;
  } reasons[] = {
      {GNUTLS_CERT_REVOKED, "it was revoked"},
      {GNUTLS_CERT_EXPIRED, "it has expired"},
      {GNUTLS_CERT_NOT_ACTIVATED, "it is not valid yet"},
      {GNUTLS_CERT_PURPOSE_MISMATCH, "it is not for TLS clients"},
      {GNUTLS_CERT_REVOCATION_DATA_SUPERSEDED, "the list of revoked ones is too old"},
      {GNUTLS_CERT_SIGNER_NOT_FOUND, "it is of no authority that is believed here"},
      {GNUTLS_CERT_SIGNER_NOT_CA, "its issuer is no authority"},
      {GNUTLS_CERT_INSECURE_ALGORITHM, "its signature is by a weak algorithm"},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(reasons); i++)
    if ((status & reasons[i].bit) != 0)
      return reasons[i].reason;
  return "its chain is wrong";
}

bool
client_trust_check(ClientTrust *trust, const gnutls_datum_t *chain, unsigned count, GError **error)
{
  gnutls_x509_crt_t certificates[CHAIN_MAX] = {NULL};
  gnutls_typed_vdata_st purpose = {GNUTLS_DT_KEY_PURPOSE_OID,
                                   (unsigned char *)(uintptr_t)GNUTLS_KP_TLS_WWW_CLIENT, 0};
  unsigned read = 0, status = GNUTLS_CERT_INVALID;
  int code = count == 0 || count > CHAIN_MAX ? -1 : 0;
  for (; code >= 0 && read < count; read++) {
    gnutls()->x509_crt_init(&certificates[read]);
    code = gnutls()->x509_crt_import(certificates[read], &chain[read], GNUTLS_X509_FMT_DER);
  }
  if (code >= 0)
    code = gnutls()->x509_trust_list_verify_crt2(
        g_atomic_pointer_get(&trust->current), certificates, count, &purpose, 1, 0, &status, NULL);
  for (unsigned i = 0; i < read; i++)
    gnutls()->x509_crt_deinit(certificates[i]);
  if (code >= 0 && status == 0)
    return true;
  return error_set(error, ASSAY_ERROR_MISMATCH, "the client certificate is refused: %s",
                   code < 0 ? "it cannot be read" : reason_of(status));
}
