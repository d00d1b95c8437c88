/* The certificates with which signatures come: whose key signed, and whether a root that is trusted
 * says so (RFC 5280). Lists are GBytes in DER, leaf first. Nothing blocks. */
#pragma once

#include "sign/keys/public_key.h"

/* Of roots in one list; chains are shorter. */
#define CERTIFICATE_ROOTS_MAX 100u

/* Adds those of a file in PEM, @most of them. ASSAY_ERROR_INVALID: there is none, or what is no
 * certificate; _LIMIT. */
bool certificates_read(Slice pem, unsigned most, GPtrArray *list, GError **error);

/* What a certificate is for. */
typedef enum { CERTIFICATE_SIGNS_CODE, CERTIFICATE_STAMPS_TIME } CertificatePurpose;

/* ASSAY_ERROR_INVALID, _UNSUPPORTED. (transfer full) */
PublicKey *certificate_key(Slice der, GError **error);
/* Its distinguished name (RFC 4514), or else another, and who vouched for it at Fulcio, for people.
 * (transfer full), or NULL */
char *certificate_in_words(Slice der);

/* Whether @chain leads to one of @roots, its first certificate is for @purpose, and all of it, with
 * that root, was good at @at (seconds since 1970). Revocation is not asked for.
 * ASSAY_ERROR_MISMATCH in words, _INVALID. */
bool certificates_verify(const GPtrArray *chain, const GPtrArray *roots, CertificatePurpose purpose,
                         int64_t at, GError **error);

/* Whether the distinguished name has all parts of @subject ("C=US, O=Example"), one of its
 * alternative names (hosts, addresses, URIs, users of Fulcio) is like the pattern @name, and the
 * provider of identities that vouched for it at Fulcio is like the pattern @issuer; NULL: any will
 * do, and none. */
bool certificate_is_of(Slice der, const char *subject, const char *name, const char *issuer);
