/* The certificates of signing keys, by which they sign as the Notary Project has it: given by
 * people, as their authority made them of a request by the key (assay key csr). They end, and then
 * nothing is signed so until others are given. Nothing blocks. */
#pragma once

#include "signing/signing.h"

/* Before they end they are spoken of for so long. */
#define CHAIN_WARNING_DAYS 30

/* Whether they are the key's, and as they must be (sign/formats/signing_chain.h); sets
 * @key->certificates_until. Without any it is true. ASSAY_ERROR_INVALID, _MISMATCH, _UNSUPPORTED,
 * _LIMIT. */
bool signing_key_check_chain(SigningKey *key, GError **error);

/* Whether @key could sign for a rule with @formats (of signature_format_names, or NULL) at all:
 * ASSAY_ERROR_INVALID. */
bool signing_key_fits_formats(const SigningKey *key, GStrv formats, GError **error);
/* To sign with, at @now (seconds since 1970). ASSAY_ERROR_INVALID: there are none, or they are not
 * good now. (transfer full): GBytes in DER */
GPtrArray *signing_key_chain(const SigningKey *key, int64_t now, GError **error);

/* What a person should know: that those of a key that is in force end soon, or have ended. A
 * sentence each. (transfer full): char * */
GPtrArray *signing_chain_problems(const SigningSet *set, int64_t now);
