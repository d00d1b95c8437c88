/* What artifacts are written of (image-spec, "Guidelines for Artifact Usage"). Pure. */
#pragma once

#include <jansson.h>
#include <stdint.h>

/* The config of artifacts that have none, "{}", and its digest. */
#define ARTIFACT_EMPTY "{}"
#define ARTIFACT_EMPTY_DIGEST                                                                      \
  "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"

/* (transfer full) */
json_t *artifact_descriptor(const char *media_type, const char *digest, uint64_t size);
