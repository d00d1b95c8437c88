/* Sigstore's bundles (protobuf-specs, sigstore_bundle.proto, v0.3; cosign, specs/BUNDLE_SPEC.md):
 * an envelope with a statement about an image, and by what it is verified. Older versions of the
 * text are read as well. Pure. */
#pragma once

#include "sign/formats/signature.h"

#define BUNDLE_TYPE           "application/vnd.dev.sigstore.bundle.v0.3+json"
#define BUNDLE_CONTENT        "dev.sigstore.bundle.content"
#define BUNDLE_PREDICATE_TYPE "dev.sigstore.bundle.predicateType"

/* Whether a layer of that media type is one. */
bool bundle_is(const char *media_type);
/* Exactly one signature; certificates and time stamps are taken along. ASSAY_ERROR_INVALID,
 * _UNSUPPORTED (it has no envelope), _LIMIT. (transfer full) */
Signature *bundle_read(Slice text, GError **error);

/* Of the latter, what the signature is verified by: certificates, time stamps, entries of logs. The
 * bundle has a "mediaType". ASSAY_ERROR_INVALID, _LIMIT. */
bool bundle_read_material(const json_t *bundle, Signature *signature, GError **error);

/* The text around @envelope, signed by @key; @stamp: the answer of an authority of time stamps
 * about its signature, or NULL. (transfer full) */
char *bundle_text(json_t *envelope, const PublicKey *key, GBytes *stamp);
