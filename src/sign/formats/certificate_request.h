/* A request by which an authority makes a certificate for a key that signs (PKCS#10, RFC 2986):
 * signed by the key, wherever it is kept. */
#pragma once

#include "sign/keys/key.h"

#define CERTIFICATE_REQUEST_SUBJECT_MAX 1024u

/* For signing code. @subject: a distinguished name (RFC 4514), "CN=release,O=Example". Blocks as
 * the key does. ASSAY_ERROR_INVALID: @subject is none; _UNSUPPORTED: there are no certificates for
 * such a key; and key_sign()'s. In PEM; (transfer full) */
char *certificate_request(Key *key, const char *subject, Cancellable *cancellable, GError **error);
