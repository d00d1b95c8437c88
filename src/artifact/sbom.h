/* A bill of materials as an artifact, the same whether a person attaches it to an image or the
 * registry keeps it beside one by itself. Pure. */
#pragma once

#include "artifact/artifact.h"

/* Fills @artifact, except its subject and `fd`, for @document of @media_type, which was made at
 * @created (seconds since 1970, as the document says). sbom_artifact_clear() frees what it owns. */
void sbom_artifact_init(Artifact *artifact, const char *media_type, Slice document,
                        int64_t created);
void sbom_artifact_clear(Artifact *artifact);
