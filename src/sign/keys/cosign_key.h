/* The key files of cosign: PKCS#8 in nacl's secretbox, by a key that scrypt makes of a password.
 * (sigstore's `encrypted` package; the PEM is "ENCRYPTED SIGSTORE PRIVATE KEY", of older versions
 * "ENCRYPTED COSIGN PRIVATE KEY".) Any thread; takes a tenth of a second and 64 MiB, as scrypt
 * is to. */
#pragma once

#include "base/slice.h"

bool cosign_key_is(Slice file);
/* The PKCS#8 (DER) of the file. ASSAY_ERROR_DENIED: wrong password; _INVALID, _LIMIT. (transfer
 * full); its memory is wiped when it is freed. */
GBytes *cosign_key_open(Slice file, const char *password, GError **error);
/* The file of that. (transfer full) */
char *cosign_key_seal(Slice pkcs8, const char *password);
