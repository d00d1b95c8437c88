/* Which licences Debian's packages have: by the copyright files of the same layer. A package that
 * is installed writes both. Of packages of one source some have a link in the place of the folder
 * of another one, with the copyright file there: they have its licences. Pure. */
#pragma once

#include "inventory/layer.h"

/* Moves those of @from (LayerInventory.licences) to @licences, as far as they are not too many. */
void licences_take(LayerInventory *from, GPtrArray *licences);
/* Sets Package.licenses where there are none. @licences: as LayerInventory.licences. */
void licences_resolve(LayerInventory *inventory, const GPtrArray *licences);
