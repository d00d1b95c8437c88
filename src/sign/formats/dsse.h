/* Envelopes of signed texts (secure-systems-lab/dsse, envelope.md and protocol.md), and the in-toto
 * statements in them (in-toto/attestation, spec v0.1 to v1). Pure. */
#pragma once

#include "sign/formats/signature.h"

#define DSSE_LAYER_TYPE         "application/vnd.dsse.envelope.v1+json"
#define DSSE_PAYLOAD_TYPE       "application/vnd.in-toto+json"
#define DSSE_ATTESTATION_SUFFIX ".att"
/* Of an envelope: bills of materials are such. */
#define DSSE_ENVELOPE_MAX      ((size_t)32 * 1024 * 1024)
#define DSSE_VALUES_MAX        ((size_t)250 * 1000)
#define DSSE_SIGNATURES_MAX    8u
#define STATEMENT_SUBJECTS_MAX 1024u

/* One Signature for each signature of the envelope, and at least one, of statements about images:
 * SIGNATURE_BUNDLE where the statement is an image's signature, else SIGNATURE_ATTESTATION.
 * ASSAY_ERROR_INVALID, _UNSUPPORTED, _LIMIT. (transfer full) */
GPtrArray *dsse_read(const json_t *envelope, GError **error);

/* The predicate of the statement that was signed; NULL: it is of none. It is not kept, for it may
 * take much more memory than its text, and most are by nobody who is known. (transfer full) */
json_t *dsse_predicate(const Signature *signature);
/* The statement itself, without what is signed around it; empty: it is of none. (transfer none) */
Slice dsse_payload(const Signature *signature);
/* What is signed ("PAE") of a payload. (transfer full) */
GBytes *dsse_message(const char *payload_type, Slice payload);
/* The envelope. (transfer full) */
json_t *dsse_envelope(Slice payload, GBytes *signature);
/* A statement of in-toto about @digest; @name: of the subject, or NULL; @annotations: of the
 * subject, or NULL. (transfer full) */
char *statement_write(const char *statement_type, const Digest *digest, const char *name,
                      json_t *annotations, const char *predicate_type, json_t *predicate);
