/* Detectors: each turns the bytes of one file of an image into what an inventory holds. A detector
 * is one `const Detector`, defined in a file of its own and listed once in detectors.c.
 *
 * Hostile bytes: detectors run only in the caged worker and in fuzz targets, on its one thread.
 * They neither log nor block, and have no descriptors. A broken file gives what could be read of
 * it, and is `unread` (layer_inventory_add_unread()).
 *
 * A place is either fixed, for what a program opens by its path (package databases). In what
 * follows, ANY is for a place's "*":
 *
 *   var/lib/dpkg/status            this file
 *   var/lib/dpkg/status.d/         every file in that folder
 *   var/lib/pacman/local/ANY/desc  the file of that name in every folder there; after places of
 *                                  single files there, which such a place would take in
 *
 * Links are followed there as the program would follow them, in the image as it is unpacked: a file
 * counts for a place, wherever it is (image_tree.h). No two detectors name the same fixed place. Or
 * it begins with "*", for what is found wherever it is (applications):
 *
 *   ANY/package.json               the file of that name in any folder
 *   ANY.dist-info/METADATA         whose path ends so, with the whole name of the file
 *   ANY.jar                        whose name ends so, from a dot on
 *
 * Such a file counts for its own path, until an upper layer removes or replaces it (finds.h). Any
 * number of detectors may want the same file: it is read once, and each is given its bytes. */
#pragma once

#include <stdbool.h>

#include "base/slice.h"
#include "inventory/layer.h"

#define DETECTOR_HEAD_BYTES 512u

/* What is known of a file before it is read. */
typedef struct {
  const char *path; /* as LayerEntry has it */
  uint64_t size;
  uint32_t mode;
  Slice head;        /* its first DETECTOR_HEAD_BYTES, or all that it has */
  uint32_t uid;      /* of its owner */
  const char *place; /* what is observed is told to be here; NULL: at `path` */
} FileView;

static inline const char *
file_view_place(const FileView *file)
{
  return file->place != NULL ? file->place : file->path;
}

typedef struct {
  /* For people, tests and the fingerprint. */
  const char *name;
  /* Rises with the meaning of what it gives: what another version inspected is inspected again, in
   * the background (fingerprint.h). */
  unsigned version;
  /* NULL-ended, in order of preference. NULL: every file may be meant, `wants` tells. */
  const char *const *places;
  /* What it does with a file is the same at all of its fixed places (fixed_places.h). */
  bool alike;
  /* Of a file in a fixed folder: whether it is meant. NULL: every one is. */
  bool (*wants_name)(const char *file_name);
  /* Of a file that is found anywhere, whose path a place takes in, or of any file where there are
   * no places: whether its path is meant. Before anything of it is read. NULL: every one is. */
  bool (*wants_path)(const char *path);
  /* Of a file that is found anywhere: whether it is meant, where its path does not tell (an ELF
   * file, a script). Cheap: it may be asked of every file. NULL: every one is. */
  bool (*wants)(const FileView *file);
  /* Who has such a file at a fixed place has packages: where it is missing or unread, packages are.
   */
  bool lists_packages;
  /* The most bytes that read() is given; a larger file is unread. 0, and what is more than that:
   * limits.file_bytes. */
  uint64_t most;
  /* @bytes: the whole file. @location: the fixed place that it counts for, whatever links led
   * there, or its path. */
  void (*read)(Slice bytes, const char *location, LayerInventory *into);
  /* In the place of read(), for files of any size: pieces in their order, @at bytes from the start.
   * *state is NULL at the first and the detector's own. @bytes is empty once, after the last or
   * where the file cannot be read on: then what *state holds is freed. */
  void (*piece)(void **state, const FileView *file, uint64_t at, Slice bytes, LayerInventory *into);
  /* It only tells who owns files (layer_inventory_add_owned()), or which licences a deb has
   * (layer_inventory_add_licence()), wherever that is found: the image
   * need not know of the file. */
  bool lists_owners;
  /* It gives observations, not packages: a file of which it observes nothing leaves no trace in the
   * inventory. Of files that are found anywhere, all detectors that observe write into one
   * inventory. */
  bool observes;
  /* It goes by where bytes stand: of a sparse file it is given the zeros of holes, too. Where they
   * are too large for that they are passed over, and the file is told not to be looked through for
   * malware. Not for read(), which has them always. */
  bool needs_holes;
  /* Of which files that is so. NULL: of all. */
  bool (*needs_holes_of)(const FileView *file);
  /* With that: it tells by itself of a file whose pieces do not follow each other. */
  bool tells_skipped;
  /* What needs a file, once a worker, before the cage closes. NULL: nothing. */
  void (*prepare)(void);
} Detector;

/* NULL-ended. */
extern const Detector *const detectors[];
