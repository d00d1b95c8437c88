/* Files of a layer, each read once for all detectors that want it. */
#pragma once

#include "archive/layer.h"
#include "inspect/anywhere.h"
#include "inspect/fixed_places.h"

/* A detector and what it finds. */
typedef struct {
  const Detector *detector;
  unsigned reading;     /* of a fixed place; READINGS_MAX: none, its wants() is asked */
  const char *link;     /* the name under which it is given the file; NULL: the file's own */
  bool large;           /* it wants files whole, and this one is too large for it */
  bool wanted;          /* after the reading: it was given the file; what follows is there then */
  char *location;       /* as Detector.read has it; owned */
  LayerInventory *into; /* owned, with one LayerFile, whose change is to be set; or `observed` */
  void *state;          /* of its piece() */
} FileTaker;

/* Of one layer, as zeros: to make them takes time, and costs a layer nothing. */
#define LAYER_HOLES_MAX ((uint64_t)256 << 20)

#define TAKERS_MAX (READINGS_MAX + 2 * ANYWHERE_MAX)
typedef struct {
  FileTaker takers[TAKERS_MAX];
  unsigned count;
  LayerInventory *observed; /* borrowed: what is observed of a file that is found anywhere */
  uint64_t *holes_left;     /* borrowed: bytes of holes that are still given to who needs them */
} FileTakers;
void file_takers_clear(FileTakers *takers);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(FileTakers, file_takers_clear)

/* Who reads the file for a fixed place; who may want it wherever it is, under its own name or, not
 * NULL, that of a link to it. */
void file_takers_add_fixed(FileTakers *takers, unsigned reading);
void file_takers_add_anywhere(FileTakers *takers, unsigned detector, const char *link);
/* Gives them the present entry of @reader. A file that is too large for one of them is unread for
 * it. False with *error: the layer cannot be read on. */
bool worker_files_read(LayerReader *reader, const LayerEntry *entry, uint64_t file_bytes,
                       FileTakers *takers, GError **error);
