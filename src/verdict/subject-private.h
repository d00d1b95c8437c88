/* A package as statements speak of it: the names under which it is looked up, the version that
 * counts under each, and which of the statements found concern it at all. */
#pragma once

#include "advisory/database/database.h"
#include "inventory/layer.h"

/* @affected: by its version. False ends the visit. */
typedef bool (*SubjectVisitor)(const AdvisoryRange *range, bool affected, void *data);

/* Calls @visit for each statement of @ecosystem that concerns @package. *@withheld is set when
 * there were others that do not, for somebody else made the package. */
bool subject_look_up(AdvisoryDatabase *database, const char *ecosystem, const Package *package,
                     SubjectVisitor visit, void *data, bool *withheld, GError **error);
