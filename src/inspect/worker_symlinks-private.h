/* Where symbolic links lead within the layer that has them, as in a root of its own: an absolute
 * target counts from the layer's root, and ".." leads no higher. Pure. */
#pragma once

#include <glib.h>

/* Bytes of names that are followed for a layer, over and over: far more than honest links have. */
#define SYMLINK_WORK_MAX ((size_t)256 * 1024 * 1024)

/* @targets: path of a symbolic link, normalised -> its target as written. *@work: what was followed
 * so far. The path of what @path leads to, which is no link itself, whether the layer has it or
 * not; NULL: links lead around, or it is too much. (transfer full) */
char *symlink_resolve(GHashTable *targets, const char *path, size_t *work);
