/* Having an image's config, or a Dockerfile, looked at: starts a caged worker on its bytes and
 * gives back what it observed (configuration/configuration.h). Blocks until the worker ends. */
#pragma once

#include "base/cancellable.h"
#include "base/json_table.h"
#include "base/slice.h"
#include "cage/worker_limits.h"
#include "inventory/image.h"

typedef struct {
  Slice bytes;
  char *name;         /* of the Dockerfile; NULL: it is an image's config */
  bool allow_uncaged; /* as in InspectionInput */
} ConfigurationInput;

/* Adds what is observed to @into, and to its `unread` what could not be looked at.
 * ASSAY_ERROR_INVALID: it is no Dockerfile ("line 3: ..."), or no config; other errors as of
 * worker_run(). */
bool inspect_configuration(const ConfigurationInput *input, const WorkerLimits *limits,
                           Cancellable *cancellable, ImageInventory *into, GError **error);

/* The same of an image's config, of which what its bytes are to blame for is unread, too; false:
 * something else is, with *error. */
bool inspect_config_of_image(const ConfigurationInput *input, const WorkerLimits *limits,
                             Cancellable *cancellable, ImageInventory *image, GError **error);

/* What a worker is told besides WorkerJob, and what it answers. */
extern const JsonTable configuration_input_table;
typedef struct {
  GPtrArray *observations; /* ImageObservation */
  GPtrArray *unread;       /* char *: "secrets in history" */
  GPtrArray *commands;     /* char *: as ImageInventory.commands */
} ConfigurationAnswer;
extern const JsonTable configuration_answer_table;
