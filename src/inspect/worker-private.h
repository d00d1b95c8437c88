/* What the files of the worker share. */
#pragma once

#include <jansson.h>

#include "archive/layer.h"
#include "inventory/layer.h"

/* The packed bytes: a part of standard input, read by position. */
typedef struct {
  uint64_t at, end;
} WorkerInput;

/* Before the first reading: the input grows, from nothing at @input->at. */
void worker_input_grow(WorkerInput *input);
/* Waits until it grows no more; the end is known then. */
bool worker_input_settle(WorkerInput *input, GError **error);
/* A LayerRead on a WorkerInput. */
gssize worker_input_read(void *input, void *buffer, size_t size, GError **error);

/* The job "layer": what is under "ok" of the answer. @links: LayerInventory.links. (transfer
 * full) */
json_t *worker_layer(WorkerInput input, const LayerLimits *limits, const GPtrArray *links,
                     GError **error);

/* A table of contents that says what the tar says goes to the inventory's tables; one that does not
 * is unread. False with *error: the layer could not be read. */
bool worker_check_table(WorkerInput input, const LayerLimits *limits, LayerInventory *inventory,
                        GError **error);

/* The job "feed": writes to WORKER_EXTRA_FD what @job (advisory/feeds/unpack.h) asks for. (transfer
 * full) */
json_t *worker_feed(WorkerInput input, const json_t *job, GError **error);

/* The job "configuration" (configuration_inspection.h). (transfer full) */
json_t *worker_configuration(WorkerInput input, const json_t *job, GError **error);

/* The job "rules" (malware/team_rules.h). (transfer full) */
json_t *worker_rules(WorkerInput input, const json_t *job, GError **error);

/* Does in the cage what it forbids, as --self-test= names it. Returns when nothing stopped it;
 * false: there is no such test. */
bool worker_break_out(const char *how);
