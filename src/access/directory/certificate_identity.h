/* Log-in by a client certificate, which the server has checked (client_trust.h): its names are
 * looked up in certificate_names.h. Names of different persons in one certificate are nobody's. */
#pragma once

#include "access/access.h"

/* `Shown.secret` is the certificate in base64 (DER). */
extern const IdentityKind certificate_identity;
