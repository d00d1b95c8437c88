/* Where the places of detectors lead in the unpacked image: which entry of which layer is there
 * in the end, by the rules of each unpacker (unpacked.h). What all of them give is what the package
 * manager reads; where they differ, everything that one of them gives counts, and is unread. */
#pragma once

#include "inspect/overlay.h"
#include "inspect/unpacked.h"

/* A file that is read for some place. */
typedef struct {
  unsigned reading;         /* fixed_places_reading() */
  const UnpackedFile *file; /* of the first unpacker that has it */
  unsigned unpackers;       /* how many have it */
  char *place;              /* the first that leads to it */
} FoundFile;

typedef struct {
  UnpackedTree *trees[UNPACKERS]; /* keep alive what files point to */
  GPtrArray *files;               /* FoundFile, in the order of detectors and their places */
  GPtrArray *unread;              /* char *: what is unread, and why, in no order */
} ImageTree;

/* Has layers inspected again, in place in @layers, for links of others that they were not inspected
 * for. False: @ask failed. */
bool image_tree_complete(GPtrArray *layers, LayerAsk ask, void *ask_data, GPtrArray *unread,
                         GError **error);

/* (transfer full) */
ImageTree *image_tree_new(const GPtrArray *layers);
void image_tree_free(ImageTree *tree);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ImageTree, image_tree_free)
