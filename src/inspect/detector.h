/* Detectors: each turns the bytes of one file of an image into what an inventory holds. A detector
 * is one `const Detector`, defined in a file of its own and listed once in detectors.c.
 *
 * Hostile bytes: detectors run only in the caged worker and in fuzz targets. They neither log nor
 * block. A broken file gives what could be read of it, and is `unread`. */
#pragma once

#include <stdbool.h>

#include "base/slice.h"
#include "inventory/layer.h"

typedef struct {
  const char *name;
  /* Rises with the meaning of what it gives: what was inspected by another is inspected again. */
  unsigned version;
  /* NULL-ended, in order of preference. A place that ends in a slash means every file in that
   * folder; one that has "*" for the folder of the file, the file of that name in every folder
   * there (after places of single files there, which such a place would take in). No two detectors
   * name the same place. */
  const char *const *places;
  /* Of a file in such a folder: whether it is meant. NULL: every one is. */
  bool (*wants)(const char *file_name);
  /* Who has such a file has packages: where it is missing or unread, packages are. */
  bool lists_packages;
  /* @bytes: the whole file, of at most limits.file_bytes. @location: the place that it counts for,
   * one of `places`, whatever links led there. */
  void (*read)(Slice bytes, const char *location, LayerInventory *into);
} Detector;

/* NULL-ended. */
extern const Detector *const detectors[];

/* Of a place: whether it has "*" for a folder, and how long the path above that is. */
bool detectors_split_pattern(const char *place, size_t *above);

/* What a detector does with a file is the same at places that have the same last name
 * ("var/lib/rpm/Packages", "usr/lib/sysimage/rpm/Packages"): one reading. They are numbered from 0,
 * so that a set of them is a bit mask. */
#define READINGS_MAX 64u
typedef struct {
  const Detector *detector;
  const char *place; /* the first of its places */
} PlaceReading;
unsigned detectors_reading_count(void);
const PlaceReading *detectors_reading(unsigned index);
/* Of a place as detectors spell it, or of a file at one. -1: there is none. O(1). */
int detectors_find_reading(const char *path);
/* The place that a file at @path counts for, which is read as @index says: itself, or the first of
 * those that are read in the same way. (transfer full) */
char *detectors_location(const char *path, unsigned index);

/* The detector that reads @path, or NULL. O(1). */
const Detector *detector_of(const char *path);
/* True for a package database, and for a folder that it is in: who has one there, has packages. */
bool detectors_path_is_database(const char *path);
/* True when removing @path (a file or a folder) could remove something that is wanted. */
bool detectors_want_below(const char *path);

/* The paths that the detectors read, from 0 on, NULL behind the last; one that ends in a slash
 * means every file in that folder, and one that has "*" for a folder the file in every folder. For
 * sources that are no layers. */
const char *detectors_place(unsigned index);
