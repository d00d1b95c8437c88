/* What is weak in how an image is built and started: from a Dockerfile, or from an image's config
 * and the history in it. The checks are the rows of checks_*.c; docs/configuration-checks.md lists
 * them. Pure.
 *
 * What a Dockerfile says is tolerated, is not observed: `# assay:ignore=RULE[,RULE] reason` right
 * above an instruction, or at the top of the file for all of it (`# assay:ignore-file=RULE`);
 * hadolint's
 * `# hadolint ignore=DL3008` for the rules that name it in their references. */
#pragma once

#include "base/slice.h"
#include "inventory/observation.h"
#include "oci/image_config.h"

/* Rises like a detector's version, when the checks find what they did not: stored images are looked
 * at again. */
#define CONFIGURATION_VERSION 3u

/* What is shown nowhere, besides the values of variables with such names. */
typedef struct {
  const GPtrArray *values; /* char *, or NULL */
  bool all;                /* which values is not known: nothing of any text is shown */
} ConfigurationHidden;

/* ImageObservation, by line. @name: of the file, which is their path. @hidden: or NULL. NULL: as
 * dockerfile_parse(), or ASSAY_ERROR_LIMIT: there is more than is looked at. (transfer full) */
GPtrArray *configuration_of_dockerfile(Slice text, const char *name,
                                       const ConfigurationHidden *hidden, GError **error);

/* ImageObservation, with the path "config:User" or "history", and the layer that its step made.
 * (transfer full) */
GPtrArray *configuration_of_image(const ImageConfig *config, const ConfigurationHidden *hidden,
                                  GError **error);

/* What the history says made each layer, from the bottom, without secrets (mask.h): char *, ""
 * where it is not known or not shown. None where the history is of another number of layers.
 * (transfer full) */
GPtrArray *configuration_commands_of_image(const ImageConfig *config,
                                           const ConfigurationHidden *hidden);
