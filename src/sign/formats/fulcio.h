/* What Fulcio writes into certificates of whom a provider of identities vouched for
 * (sigstore/fulcio, docs/oid-info.md), and the parts of a certificate that this and CT logs are
 * about (RFC 5280, section 4.1). GnuTLS has read the certificate before. Pure. */
#pragma once

#include "base/slice.h"

typedef struct {
  Slice head;       /* all that comes before the extensions */
  Slice key;        /* SubjectPublicKeyInfo */
  Slice extensions; /* the list, maybe empty: certificate_next_extension() */
} CertificateParts;

bool certificate_parts(Slice der, CertificateParts *parts);
/* Takes one. @whole: the element itself. */
bool certificate_next_extension(Slice *rest, Slice *oid, Slice *value, Slice *whole);

/* The OIDC issuer (1.3.6.1.4.1.57264.1.8, or the older .1.1). NULL: it has none, one twice, or two
 * that differ. (transfer full) */
char *fulcio_issuer(Slice der);
/* The name of a user without an address: the alternative name 1.3.6.1.4.1.57264.1.7. NULL: it has
 * none. (transfer full) */
char *fulcio_user(Slice der);
