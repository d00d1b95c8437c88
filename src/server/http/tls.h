/* The server's certificate and key, for libmicrohttpd's handshakes. Any thread. */
#pragma once

#include <gnutls/abstract.h>
#include <stdbool.h>

#include "server/config.h"
#include "server/http/certificate.h"

typedef struct TlsCredentials TlsCredentials;

/* Reads both; ASSAY_ERROR_INVALID where they do not belong together. @tls is borrowed.
 * (transfer full) */
TlsCredentials *tls_credentials_new(const TlsSettings *tls, GError **error);
/* Reads them again; the former stay when that fails. */
bool tls_credentials_reload(TlsCredentials *credentials, GError **error);
void tls_credentials_free(TlsCredentials *credentials);
CertificateTimes tls_credentials_times(TlsCredentials *credentials);
/* From now on libmicrohttpd's handshakes are by these. */
void tls_credentials_use(TlsCredentials *credentials);

/* A gnutls_certificate_retrieve_function2: MHD_OPTION_HTTPS_CERT_CALLBACK. */
int tls_retrieve_certificate(gnutls_session_t session, const gnutls_datum_t *request_ca,
                             int request_ca_count, const gnutls_pk_algorithm_t *algorithms,
                             int algorithm_count, gnutls_pcert_st **chain, unsigned *count,
                             gnutls_privkey_t *key);
