/* The layers of an image, inspected in parallel, each remembered by its diff_id: a layer that was
 * seen once is not read again. */
#pragma once

#include "inventory/image.h"
#include "server/config.h"
#include "source/source.h"

typedef struct {
  bool no_cache; /* neither read nor write $XDG_CACHE_HOME/assay/inventories */
  const InspectionLimits *limits;
  const Progress *progress;
} ScanLayersOptions;

/* NULL with the first *error of any layer; the others are then cancelled. (transfer full) */
ImageInventory *scan_layers(ImageSource *source, const ScanLayersOptions *options, GError **error);

/* The same of what @target names, as the command line writes it (source_options.h). *@source: where
 * it is from. (transfer full) */
ImageInventory *scan_layers_of(const char *target, const Config *config,
                               const ScanLayersOptions *options, ImageSource **source,
                               GError **error);

/* What the layers themselves have that a person should know, a sentence each: the first of many.
 * (transfer full) */
GPtrArray *scan_layer_notes(const ImageInventory *inventory);
