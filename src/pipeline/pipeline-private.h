/* What the files of the pipeline share. */
#pragma once

#include <gio/gio.h>

#include "pipeline/pipeline.h"

struct Pipeline {
  const Config *config;
  char *data_folder;
  Registry *registry;
  BlobStore *blobs;
  SqlPool *sql;
  uint64_t generation; /* atomic */

  GThreadPool *pool; /* runs jobs: inspections, and images whose layers are all inspected */
  GCancellable *stop;

  GMutex lock;                  /* guards the rest */
  GCond changed;                /* an image was completed, or failed; a job ended */
  unsigned running;             /* jobs */
  bool stopping;                /* no job begins any more */
  GHashTable *queued_layers;    /* digests in the queue or at work */
  GHashTable *waiting;          /* manifest digest -> set of layer digests that it waits for */
  AdvisoryDatabase *advisories; /* NULL: none yet */
  PolicySet *policy;
  uint64_t layers_inspected, layers_failed, images_scanned, rematches;
  double rematch_seconds;

  GThread *watcher, *updater;

  GMutex listener_lock; /* guards the listener, also while it runs */
  void (*listener)(void *data);
  void *listener_data;
};

/* --- images.c: inventories and images in the metadata database --- */

typedef enum { INVENTORY_ABSENT, INVENTORY_THERE, INVENTORY_FAILED } InventoryState;
/* @failure: why it FAILED; may be NULL. */
InventoryState images_layer_state(SqlPool *sql, const Digest *layer, char **failure,
                                  GError **error);
bool images_store_inventory(SqlPool *sql, const LayerInventory *inventory, GError **error);
bool images_store_layer_failure(SqlPool *sql, const Digest *layer, const char *failure,
                                GError **error);
/* Those of the image's layers, so that they are inspected again. */
bool images_forget_failures(SqlPool *sql, const Manifest *manifest, GError **error);
LayerInventory *images_load_inventory(SqlPool *sql, const Digest *layer, GError **error);
/* Those of an image, overlaid. ASSAY_ERROR_INVALID: one could not be inspected. (transfer full) */
ImageInventory *images_load_layers(SqlPool *sql, const Manifest *manifest, GError **error);

bool images_set_state(SqlPool *sql, const char *manifest, ScanState state, const char *failure,
                      GError **error);
/* The bytes of a manifest, from any repository; NULL with *error. */
Manifest *images_load_manifest(SqlPool *sql, const char *manifest, GError **error);
GPtrArray *images_pending(SqlPool *sql, GError **error);
/* Writes packages, their join, and the counts, in one transaction. */
bool images_store_scan(SqlPool *sql, const char *manifest, const ImageInventory *inventory,
                       AdvisoryDatabase *advisories, GError **error);

/* --- rematch.c --- */

typedef struct {
  uint32_t counts[SEVERITY_CRITICAL + 1], fixable[SEVERITY_CRITICAL + 1];
} Tally;
void tally_add(Tally *sum, const Tally *more);
/* What concerns one package; nothing when there are no advisories. */
bool tally_package(AdvisoryDatabase *advisories, const char *ecosystem, const Package *package,
                   Tally *tally, GError **error);
char *tally_to_text(const uint32_t numbers[SEVERITY_CRITICAL + 1]);
void tally_from_text(const char *text, uint32_t numbers[SEVERITY_CRITICAL + 1]);
/* *due: some image was counted by other advisories. */
bool rematch_is_due(SqlPool *sql, const AdvisoryDatabase *advisories, bool *due, GError **error);
bool rematch_all(SqlPool *sql, AdvisoryDatabase *advisories, unsigned *images, GError **error);

/* --- advisories.c: the live database, its watcher and its updates --- */

AdvisoryDatabase *pipeline_advisories(Pipeline *pipeline); /* (transfer full), or NULL */
void pipeline_start_watching(Pipeline *pipeline);
void pipeline_end_watching(Pipeline *pipeline);
void pipeline_advance(Pipeline *pipeline); /* counts a change of verdicts */
