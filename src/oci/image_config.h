/* Image configs: image-spec v1.1 (config.md). What is read is what Go's encoding/json would read,
 * as for manifests (manifest.h). Pure functions. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/slice.h"
#include "oci/digest.h"

typedef struct {
  char *architecture, *os, *variant;         /* NULL when absent */
  char *created;                             /* RFC 3339, or NULL */
  char *user;                                /* config.User, or NULL */
  GStrv env, entrypoint, cmd, exposed_ports; /* NULL when absent */
  GHashTable *labels;                        /* or NULL */
  char *working_dir, *stop_signal;           /* of config, or NULL */
  GStrv volumes;                             /* NULL when absent */
  GStrv health_check;                        /* Docker's: "CMD-SHELL", "true"; NULL when absent */
  GStrv on_build;                            /* Docker's: "RUN x"; NULL when absent */
  GPtrArray *diff_ids;                       /* Digest *; one a layer, bottom first */
  GPtrArray *history;                        /* char *: created_by, "" when absent; all entries */
  GPtrArray *history_comments;               /* char *: comment, "" when absent; likewise */
  GArray *history_empty;                     /* bool: empty_layer, parallel to history */
} ImageConfig;

ImageConfig *image_config_parse(Slice text, GError **error);
/* Whether anybody may read @text as a config that names layers. What we refuse to read, others may;
 * so of JSON objects only those that certainly name none do not. */
bool image_config_may_name_layers(Slice text);
/* Whether it says only what the image is for and of which layers. */
bool image_config_is_bare(const ImageConfig *config);
/* When it says that it was made, in seconds since 1970; 0: it does not say. */
int64_t image_config_time(const ImageConfig *config);
void image_config_free(ImageConfig *config);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ImageConfig, image_config_free)
