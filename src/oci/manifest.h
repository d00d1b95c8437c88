/* Manifests and indexes: image-spec v1.1 (manifest.md, image-index.md) and Docker's image manifest
 * v2 schema 2; configs are in image_config.h. Parsing is strict where the specification says MUST
 * and lenient otherwise; unknown members are kept out of the structs but the bytes stay as they
 * came, since their digest is the identity. What is read is what Go's encoding/json would read, by
 * which most clients do: null is as good as nothing, a list that is missing is empty; what Go would
 * read in another way (a name twice, or in other letter case) is refused. Pure functions. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "oci/digest.h"

typedef struct {
  char *media_type; /* "" where it was left out */
  Digest digest;
  uint64_t size;
  bool has_data; /* `data` is what the digest names: some clients ask no registry for it then */
  char *artifact_type;                            /* or NULL */
  GHashTable *annotations;                        /* char * -> char *, or NULL */
  char *architecture, *os, *variant, *os_version; /* of `platform`; NULL when absent */
} Descriptor;

typedef enum { MANIFEST_IMAGE, MANIFEST_INDEX } ManifestKind;

typedef struct {
  ManifestKind kind;
  char *media_type;    /* never NULL: from the body, or the one given */
  char *artifact_type; /* manifest: artifactType, else config.mediaType; index: artifactType or NULL
                        */
  Descriptor *config;  /* images only; never NULL there */
  GPtrArray *layers;   /* Descriptor; empty for an index */
  GPtrArray *manifests;    /* Descriptor; empty for an image */
  Descriptor *subject;     /* or NULL */
  GHashTable *annotations; /* or NULL */
} Manifest;

/* @media_type: the Content-Type that came with @text, or NULL. A body whose mediaType disagrees
 * with it, schema 1, unknown types, missing members, bad digests or sizes: ASSAY_ERROR_INVALID or
 * _UNSUPPORTED, naming the member (JSON path). (transfer full) */
Manifest *manifest_parse(Slice text, const char *media_type, GError **error);
void manifest_free(Manifest *manifest);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Manifest, manifest_free)

/* GHashTable * of char * -> char *; null for a text is "". */
extern const JsonKind json_annotations;
void descriptor_free(Descriptor *descriptor);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Descriptor, descriptor_free)

/* ASSAY_ERROR_UNSUPPORTED, in words, for a layer of which some runtime would make what we cannot
 * read (it is encrypted, say): by its type, or by annotations with which snapshotters find their
 * own format in layers of ordinary types. */
bool layer_check_readable(const Descriptor *layer, GError **error);

/* ASSAY_ERROR_INVALID where the annotations of @layer name a table of contents for lazy pulls
 * (zstd:chunked, eStargz) by a digest that is not among @verified (char *): whoever pulls so may
 * get other files than those that were looked at. */
bool layer_check_tables(const Descriptor *layer, const GPtrArray *verified, GError **error);

/* What it is for a person: "an index", "a Helm chart (application/...)". (transfer full) */
char *manifest_in_words(const Manifest *manifest);

/* True for what clients take for an image by media types: its config says so, or it is of Docker's
 * schema 2, whatever the config says (see also image_config_may_name_layers()). What type it gives
 * its layers does not count: runtimes look at their content, and a policy must not be got around by
 * a label. A layer of another type may still be none (a signature's payload, say). */
bool manifest_is_container_image(const Manifest *manifest);
