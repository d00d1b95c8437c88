/* The layers of a source, inspected in parallel, and the image that they make. */
#pragma once

#include "inventory/image.h"
#include "source/source.h"

typedef struct {
  int cache;        /* layer_cache_open(); -1: nothing is remembered */
  unsigned threads; /* so many layers at once; 0: one a core */
  /* What somebody else knows of a layer by its packed bytes, by the present detectors. (transfer
   * full), or NULL. From any of the threads. NULL: nobody is asked. */
  LayerInventory *(*known)(const Digest *layer, void *data);
  void *known_data;
  /* What is remembered is of others as well: it counts only of a layer that the source has for who
   * opened it (image_source_has_layer()), for a manifest may name any. */
  bool of_others;
  const InspectionLimits *limits;
  const Progress *progress;
  Cancellable *cancellable; /* or NULL */
} SourceLayersOptions;

/* NULL with the first *error of any layer; the others are then cancelled. (transfer full) */
ImageInventory *source_layers(ImageSource *source, const SourceLayersOptions *options,
                              GError **error);
