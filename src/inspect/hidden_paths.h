/* Which paths of lower layers upper ones hide, whatever these have there: by what the layers'
 * weights say (inventory/weights.h). A path is asked for before it is looked for, so that what is
 * kept is as much as is asked. Two paths of one hash make one seem hidden: nothing is decided by it
 * but what is shown. Pure. */
#pragma once

#include <stdbool.h>

#include "inventory/layer.h"

typedef struct HiddenPaths HiddenPaths;

HiddenPaths *hidden_paths_new(void);
void hidden_paths_free(HiddenPaths *hidden);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HiddenPaths, hidden_paths_free)

/* @path as layers write it, without a slash in front. */
void hidden_paths_ask(HiddenPaths *hidden, const char *path);
/* @layers: LayerInventory, bottom first. Once, when all are asked for. */
void hidden_paths_look(HiddenPaths *hidden, const GPtrArray *layers);
/* Whether a layer above @layer, from 0, has something else at @path, or no folder where it is in.
 * Not where the file has another name by a hard link, or its layers tell nothing of their files. */
bool hidden_paths_has(const HiddenPaths *hidden, const char *path, unsigned layer);
