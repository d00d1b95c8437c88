/* The fixed places of all detectors, compiled once: which detector reads a path. Each look-up is
 * O(1), however many detectors there are. Any thread. */
#pragma once

#include "inspect/detector.h"

/* The fixed places as detectors spell them, from 0 on in their order of preference; NULL: no more.
 */
const char *fixed_places_get(unsigned index);
/* Of a fixed place: whether it has "*" for a folder, and how long the path above that is. */
bool fixed_places_split_pattern(const char *place, size_t *above);

/* What a detector does with a file is the same at fixed places that have the same last name
 * ("var/lib/rpm/Packages", "usr/lib/sysimage/rpm/Packages"), and at all
 * places of a detector that says so (`alike`): one reading. They are numbered from 0,
 * so that a set of them is a bit mask. Only fixed places have readings: what links may lead to them
 * is followed for sets of these (asked_paths.h). */
#define READINGS_MAX 64u
typedef struct {
  const Detector *detector;
  const char *place; /* the first of its places */
} PlaceReading;
unsigned fixed_places_reading_count(void);
const PlaceReading *fixed_places_reading(unsigned index);
/* Of a fixed place as detectors spell it, or of a file at one. -1: there is none. */
int fixed_places_find_reading(const char *path);
/* The place that a file at @path counts for, which is read as @index says: itself, or the first of
 * those that are read in the same way. (transfer full) */
char *fixed_places_location(const char *path, unsigned index);

/* The detector that has @path as a fixed place, or NULL. */
const Detector *fixed_places_detector_of(const char *path);
/* True for a package database, and for a folder that it is in: who has one there, has packages. */
bool fixed_places_is_database(const char *path);
