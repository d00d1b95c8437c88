/* A certificate and its key, for handshakes. Any thread. */
#pragma once

#include <gnutls/abstract.h>
#include <stdbool.h>

#include "server/config.h"
#include "server/http/certificate.h"

typedef struct TlsCredentials TlsCredentials;

/* Reads both; ASSAY_ERROR_INVALID where they do not belong together. (transfer
 * full) */
TlsCredentials *tls_credentials_new(const TlsSettings *tls, GError **error);
/* Reads them again; the former stay when that fails. */
bool tls_credentials_reload(TlsCredentials *credentials, GError **error);
void tls_credentials_free(TlsCredentials *credentials);
CertificateTimes tls_credentials_times(TlsCredentials *credentials);
/* What a handshake shows; it lives as long as @credentials. */
void tls_credentials_show(TlsCredentials *credentials, gnutls_pcert_st **chain, unsigned *count,
                          gnutls_privkey_t *key);
