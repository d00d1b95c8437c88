/* What cosign has signed since its beginning: "simple signing", a JSON text about an image, whose
 * signature is an annotation of the layer that has the text (cosign, specs/SIGNATURE_SPEC.md;
 * containers/image, docs/containers-signature.5.md). Pure. */
#pragma once

#include "sign/formats/signature.h"

#define COSIGN_LAYER_TYPE       "application/vnd.dev.cosign.simplesigning.v1+json"
#define COSIGN_SIGNATURE        "dev.cosignproject.cosign/signature" /* in base64 */
#define COSIGN_CERTIFICATE      "dev.sigstore.cosign/certificate"    /* in PEM, and the next, too */
#define COSIGN_CHAIN            "dev.sigstore.cosign/chain"
#define COSIGN_TIMESTAMP        "dev.sigstore.cosign/rfc3161timestamp"
#define COSIGN_TIMESTAMP_MEMBER "SignedRFC3161Timestamp" /* an authority's answer, in base64 */
#define COSIGN_CRITICAL_TYPE    "cosign container image signature"
#define COSIGN_SIGNATURE_SUFFIX ".sig"
#define COSIGN_PAYLOAD_MAX      ((size_t)64 * 1024)

/* @annotations: of the layer whose bytes @payload are; char * -> char *, or NULL. What is in
 * "critical" and is not known is refused, and so is another type. ASSAY_ERROR_INVALID,
 * _UNSUPPORTED, _LIMIT. (transfer full) */
Signature *cosign_read(Slice payload, GHashTable *annotations, GError **error);

/* What the annotations of a layer (or NULL) say beside the signature, also of attestations:
 * certificates, a time stamp, and an entry of a log. @stamped: what the time stamp is about; NULL:
 * the signature. ASSAY_ERROR_INVALID, _LIMIT. */
bool cosign_read_material(GHashTable *annotations, GBytes *stamped, Signature *signature,
                          GError **error);

/* The text for @digest in @reference ("HOST/REPOSITORY:TAG"); @optional: an object, or NULL.
 * (transfer full) */
char *cosign_payload(const Digest *digest, const char *reference, json_t *optional);
/* "sha256-HEX" and @suffix: where what is about @digest lies. (transfer full) */
char *cosign_tag(const Digest *digest, const char *suffix);
