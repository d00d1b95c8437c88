/* Certificates for a webhook: an authority of its own, which the cluster is told to trust for that
 * webhook alone, and by it the certificate of the server. Keys are EC, P-256. Pure, except for
 * random numbers. */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* PEM. */
typedef struct {
  char *certificate, *key;
} CertificatePair;
void certificate_pair_clear(CertificatePair *pair);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(CertificatePair, certificate_pair_clear)

/* An authority, good for @days from now on. */
bool certificate_make_authority(const char *name, unsigned days, CertificatePair *made,
                                GError **error);
/* One by @authority for @names (NULL-terminated: names of hosts and addresses), the first of which
 * is its subject. It does not outlive the authority. ASSAY_ERROR_INVALID: the authority's text is
 * none. */
bool certificate_make_server(const CertificatePair *authority, const char *const *names,
                             unsigned days, CertificatePair *made, GError **error);
/* Whether @certificate is by @authority, for all of @names, and good for @days more; *why (transfer
 * full): why not. */
bool certificate_is_fresh(const char *certificate, const char *authority, const char *const *names,
                          unsigned days, char **why);
