/* Layers that are inspected while their bytes arrive, so that the verdict need not wait for a large
 * one: pipeline_layer_grows() tells of bytes, a job has a worker read them as they come, and
 * early_layers_take() gives the outcome to the inspection that the layer is queued for when it is a
 * blob. Bytes whose digest is not known yet are worth nothing to anybody: only when the blob is
 * stored is the outcome bound to its digest. Whatever goes wrong on the way (a push that stalls or
 * breaks off, a digest that does not hold, a layer that cannot be inspected, a stop) drops what was
 * begun, and the layer is inspected as if nothing had been.
 *
 * Few are under way at a time, on threads of their own: a client that sends slowly takes nothing
 * from work that is queued, and is given up after seconds without a step. Any thread. */
#pragma once

#include <glib.h>

#include "base/cancellable.h"
#include "inventory/layer.h"
#include "jobs/jobs.h"
#include "pipeline/pipeline.h"

typedef struct EarlyLayers EarlyLayers;

EarlyLayers *early_layers_new(void);
/* After the end of the jobs. */
void early_layers_free(EarlyLayers *early);
/* Inspects one; its key is a number of this process, for an upload's id is its client's secret. */
extern const JobKind early_job;
/* What was found in the layer while it arrived; waits for the end of that, which is near: all its
 * bytes are there. NULL: it is to be inspected now. (transfer full) */
LayerInventory *early_layers_take(Pipeline *pipeline, const Digest *layer,
                                  Cancellable *cancellable);
/* The layer is inspected: nobody will take what was found while it arrived once more. */
void early_layers_forget(Pipeline *pipeline, const Digest *layer);
/* Lets go of outcomes that nobody took, and that no queued inspection will take. */
void early_layers_tidy(Pipeline *pipeline);
