/* Manifests of npm's packages, wherever they are read from. */
#pragma once

#include <stdbool.h>

#include "base/slice.h"
#include "inventory/layer.h"

/* Whether a package.json at @path is at the root of a package. */
bool npm_manifest_is_root(const char *path);
/* Of the package that it is of, or NULL: it is of none. (transfer none) */
Package *npm_manifest_read(Slice bytes, const char *location, LayerInventory *into);
