/* What is no image, in a registry: a manifest with an artifactType, an empty config and one layer
 * (image-spec, "Guidelines for Artifact Usage"). Blocks on the network. */
#pragma once

#include <jansson.h>

#include "oci/artifact_descriptor.h"
#include "oci/digest.h"
#include "remote/client.h"

#define ARTIFACT_MANIFEST_MAX ((size_t)4 * 1024 * 1024)

typedef struct {
  const char *type;       /* artifactType */
  const char *layer_type; /* the layer's media type */
  const char *title;      /* the file's name, for clients that write it to a folder; or NULL */
  json_t *annotations;    /* name -> text; or NULL */
  json_t *subject;        /* the descriptor of what it is about; or NULL */
  Digest digest;          /* of the layer */
  uint64_t size;
  int fd; /* the layer; stays the caller's */
} Artifact;

/* The manifest's bytes: the same for the same artifact. (transfer full) */
char *artifact_manifest(const Artifact *artifact);

/* The type that a registry gives a manifest, without parameters. (transfer full) */
char *artifact_media_type(const HttpResponse *response);

/* Pushes config and layer. */
bool artifact_push_blobs(Remote *remote, const Artifact *artifact, const Progress *progress,
                         Cancellable *cancellable, GError **error);
/* Pushes config, layer and manifest to the tag, or digest, that @remote names. *digest: of the
 * manifest. ASSAY_ERROR_DENIED, _NETWORK, _MISMATCH. */
bool artifact_push(Remote *remote, const Artifact *artifact, Digest *digest,
                   const Progress *progress, Cancellable *cancellable, GError **error);
