/* The layers of an image, inspected in parallel, each remembered by its diff_id: a layer that was
 * seen once is not read again. */
#pragma once

#include "inventory/image.h"
#include "source/source.h"

typedef struct {
  bool no_cache; /* neither read nor write $XDG_CACHE_HOME/assay/inventories */
  const InspectionLimits *limits;
  const Progress *progress;
} ScanLayersOptions;

/* NULL with the first *error of any layer; the others are then cancelled. (transfer full) */
ImageInventory *scan_layers(ImageSource *source, const ScanLayersOptions *options, GError **error);
