/* Which package of the distribution owns the file that shows an application's package: by the lists
 * of files that the distribution's packages have in the same layer. A package that is installed
 * writes both, and a database of files is written whole. Pure. */
#pragma once

#include "inventory/layer.h"

/* Sets Package.owner of what was found anywhere. @owned: as LayerInventory.owned; besides them
 * counts Package.files. */
void owners_resolve(LayerInventory *inventory, const GPtrArray *owned);
