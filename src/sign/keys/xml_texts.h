/* Answers in XML, of services that have no other: each text by its element's name. Pure. */
#pragma once

#include "base/slice.h"

/* Name -> text (both char *) of the elements that have a text; of several of one name, the first.
 * ASSAY_ERROR_INVALID, _LIMIT. (transfer full) */
GHashTable *xml_texts(Slice xml, GError **error);
