/* Signatures of the Notary Project (notaryproject/specifications, specs/signature-specification.md,
 * signature-envelope-jws.md and -cose.md): a JWS, or the same in COSE, about a manifest's
 * descriptor, with the certificates of who signed. Pure. */
#pragma once

#include "sign/formats/signature.h"

#define NOTATION_ARTIFACT_TYPE "application/vnd.cncf.notary.signature"
#define NOTATION_JWS_TYPE      "application/jose+json"
#define NOTATION_COSE_TYPE     "application/cose"
#define NOTATION_PAYLOAD_TYPE  "application/vnd.cncf.notary.payload.v1+json"
#define NOTATION_THUMBPRINT    "io.cncf.notary.x509chain.thumbprint#S256"
#define NOTATION_SCHEME        "io.cncf.notary.signingScheme"
#define NOTATION_SCHEME_X509   "notary.x509"
#define NOTATION_AUTHORITY     "notary.x509.signingAuthority"
#define NOTATION_TIME          "io.cncf.notary.signingTime"
#define NOTATION_AUTHENTIC     "io.cncf.notary.authenticSigningTime"
#define NOTATION_EXPIRY        "io.cncf.notary.expiry"
#define NOTATION_AGENT         "io.cncf.notary.signingAgent"
#define NOTATION_TIMESTAMP     "io.cncf.notary.timestampSignature"
#define NOTATION_ENVELOPE_MAX  ((size_t)1024 * 1024)
#define NOTATION_CHAIN_MAX     10u

/* ASSAY_ERROR_INVALID, _LIMIT, _UNSUPPORTED: another scheme, an algorithm that the specification
 * does not have, or a critical header that is not known. (transfer full) */
Signature *notation_read_jws(Slice text, GError **error);
Signature *notation_read_cose(Slice bytes, GError **error);

/* What the header says that is signed: a JWS's, or what is as it. */
bool notation_read_header(const json_t *header, Signature *signature, GError **error);
/* What a payload of NOTATION_PAYLOAD_TYPE says. */
bool notation_read_payload(Slice payload, Signature *signature, GError **error);
/* By its name there. False: the Notary Project has none of that name. */
bool notation_find(const char *name, SignatureAlgorithm *algorithm);
