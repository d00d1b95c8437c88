/* Names in archives as paths inside an image: nothing leads out of its root. Pure. */
#pragma once

#include <stdbool.h>

/* Takes "." and empty parts out, and ".." with the part before it; *escapes when a ".." would leave
 * the root, where it stays. *depth: parts that are left. Valid UTF-8. (transfer full) */
char *path_normalise(const char *name, unsigned *depth, bool *escapes);

/* Where a symbolic link at @path (normalised) leads: from the root when @target is absolute, else
 * from the folder that the link is in. (transfer full) */
char *path_of_symlink(const char *path, const char *target);

/* What is left of @path below @folder ("a/b/c" below "a" is "b/c"; below "a/b/c" it is ""), or NULL
 * when it is not below. The empty folder is the root. (transfer none) */
const char *path_below(const char *path, const char *folder);

/* What is behind the last slash of @path. (transfer none) */
const char *path_last_name(const char *path);
