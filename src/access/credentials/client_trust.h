/* Whom this registry believes about client certificates: authorities, and what they have revoked.
 * A certificate counts when a chain leads to one of them, is valid now, is for TLS clients where it
 * says what it is for (extended key usage), and is on no list of revoked ones. A list that is past
 * its next update says nothing any more, and then nothing counts. Any thread. */
#pragma once

#include <glib.h>
#include <gnutls/gnutls.h>
#include <stdbool.h>

typedef struct ClientTrust ClientTrust;

/* @crl_file: or NULL; both PEM, and read again by client_trust_reload(). ASSAY_ERROR_INVALID.
 * (transfer full) */
ClientTrust *client_trust_new(const char *ca_file, const char *crl_file, GError **error);
void client_trust_free(ClientTrust *trust);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ClientTrust, client_trust_free)
/* What was stays when it fails. */
bool client_trust_reload(ClientTrust *trust, GError **error);
/* @chain: as a handshake shows it (DER), the client's own first. ASSAY_ERROR_MISMATCH: it does not
 * count; the message, which the client may read, says why. */
bool client_trust_check(ClientTrust *trust, const gnutls_datum_t *chain, unsigned count,
                        GError **error);
