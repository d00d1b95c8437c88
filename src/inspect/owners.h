/* Which package of the distribution owns the file that shows an application's package: by the lists
 * of files that the distribution's packages have in the same layer. A package that is installed
 * writes both, and a database of files is written whole. A .deb is foreign whose list has no
 * copyright (packages/dpkg_files.c). Pure. */
#pragma once

#include "inventory/layer.h"

/* Sets Package.owner and foreign_owner of what was found anywhere. @owned: as LayerInventory.owned;
 * besides them counts Package.files. */
void owners_resolve(LayerInventory *inventory, const GPtrArray *owned);
