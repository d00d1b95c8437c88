/* The word of a CT log that it has seen a certificate (RFC 6962, section 3): the "signed
 * certificate time stamps" that the authority put into the certificate itself. Nothing blocks. */
#pragma once

#include "base/slice.h"

/* Of a certificate; more are not read. */
#define CERTIFICATE_STAMPS_MAX 64u

/* Whether a stamp in @certificate is by one of @logs (TransparencyLog), while that log was trusted.
 * @issuers: GBytes in DER, one of which issued it. ASSAY_ERROR_MISMATCH in words. */
bool certificate_log_verify(Slice certificate, const GPtrArray *issuers, const GPtrArray *logs,
                            GError **error);
