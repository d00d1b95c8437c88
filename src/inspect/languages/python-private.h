/* Metadata of Python's packages, wherever they are read from. */
#pragma once

#include "base/slice.h"
#include "inventory/layer.h"

/* Of the package that METADATA or PKG-INFO is of; NULL: it has no name or no version, which was
 * noted. (transfer none) */
Package *python_metadata_read(Slice bytes, const char *location, LayerInventory *into);
