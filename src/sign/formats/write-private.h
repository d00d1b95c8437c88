/* What the writers share: artifacts beside an image, and artifacts that refer to it. */
#pragma once

#include "sign/formats/write.h"

typedef struct {
  const char *media_type;
  GBytes *bytes;
  json_t *annotations; /* or NULL; not taken over */
} SignedLayer;

/* With the layer added to those of @existing, whose annotations stay as they are; for @tag, which
 * is taken over. */
SignedArtifact *signed_artifact_beside(const SignedLayer *layer, GBytes *existing, char *tag,
                                       GError **error);
/* As it exists. */
SignedArtifact *signed_artifact_existing(GBytes *existing, char *tag);

/* Of one layer, with that subject. @type: artifactType; NULL: @config_type says what it is.
 * @annotations is taken over. */
SignedArtifact *signed_artifact_referring(const SignedSubject *subject, const SignedLayer *layer,
                                          const char *type, const char *config_type,
                                          json_t *annotations);
