/* That somebody administers the registry: without an administrator only its own machine is served.
 * An administrator is a person that is not disabled and whom a grant of the role on "*", without
 * an end, lets manage access to all: their own grant, or one of a team of theirs. */
#pragma once

#include "access/access.h"

/* Last in a transaction that takes something away: a person, a right, a place in a team. False,
 * ASSAY_ERROR_EXISTS: there was an administrator before, and there would be none. */
bool administrators_remain(SqlPool *sql, SqlConnection *db, GError **error);
