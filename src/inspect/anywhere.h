/* Which files are wanted wherever they are: the places of detectors that begin with "*", compiled
 * once. A look-up is O(1), however many detectors there are. Any thread. */
#pragma once

#include "inspect/detector.h"

/* The detectors that want files anywhere are numbered from 0, so that a set of them is a bit mask.
 */
#define ANYWHERE_MAX 64u
const Detector *anywhere_detector(unsigned index);
/* All of them; 0: there are none, and nothing of this costs anything. */
uint64_t anywhere_all(void);
/* Those that observe. */
uint64_t anywhere_observers(void);
/* Those that only list owners. */
uint64_t anywhere_owners(void);
/* Those whose places take in @path and who want it. Detectors without places are not among them. */
uint64_t anywhere_by_path(const char *path);
/* Those without places who want @path: whether they want the file, wants() tells. */
uint64_t anywhere_by_content(const char *path);
/* Those who want a file at @path for its name, of both. */
uint64_t anywhere_by_name(const char *path);
/* All without places, and those among them whose wants() alone tells: any path may be theirs. */
uint64_t anywhere_placeless(void);
uint64_t anywhere_by_head(void);
