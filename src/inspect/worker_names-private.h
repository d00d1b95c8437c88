/* Names of files in which something was observed: hard links of the same layer. Where the first
 * name is given to another file, the bytes are still under the others. */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct HardNames HardNames;

HardNames *hard_names_new(void);
void hard_names_free(HardNames *names);

/* What is at @target, by any of its names, is at @path as well. */
void hard_names_add(HardNames *names, const char *target, const char *path);
/* The first name of what is at @path, which may be @path itself. (transfer none) */
const char *hard_names_first(const HardNames *names, const char *path);
/* Something else is at @path, which was a link. */
void hard_names_forget(HardNames *names, const char *path);
/* Something else is at @path, the first name: the one that is the first from then on, (transfer
 * full); or NULL. *lost: it had more names than were kept, and none of these is left. */
char *hard_names_next(HardNames *names, const char *path, bool *lost);
