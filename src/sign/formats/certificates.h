/* The certificates with which signatures come: whose key signed, and whether a root that is trusted
 * says so (RFC 5280). Lists are GBytes in DER, leaf first. Nothing blocks. */
#pragma once

#include "sign/keys/public_key.h"

/* Of roots in one list; chains are shorter. */
#define CERTIFICATE_ROOTS_MAX 100u

/* What a certificate is for. */
typedef enum { CERTIFICATE_SIGNS_CODE, CERTIFICATE_STAMPS_TIME } CertificatePurpose;

/* ASSAY_ERROR_INVALID, _UNSUPPORTED. (transfer full) */
PublicKey *certificate_key(Slice der, GError **error);
/* Its distinguished name (RFC 4514), for people. (transfer full), or NULL */
char *certificate_subject(Slice der);

/* Whether @chain leads to one of @roots, its first certificate is for @purpose, and all of it was
 * good at @at (seconds since 1970). Revocation is not asked for. ASSAY_ERROR_MISMATCH in words,
 * _INVALID. */
bool certificates_verify(const GPtrArray *chain, const GPtrArray *roots, CertificatePurpose purpose,
                         int64_t at, GError **error);

/* Whether the distinguished name has all parts of @subject ("C=US, O=Example"; NULL: any will do),
 * and one of its alternative names (hosts, addresses, URIs) is like the pattern @name (NULL: any
 * will do). */
bool certificate_is_of(Slice der, const char *subject, const char *name);
