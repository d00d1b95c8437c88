/* Bringing the tables of all rooms up to date. */
#pragma once

#include "storage/schema.h"
#include "storage/sql.h"

/* Runs the steps that the database lacks. @schemas ends with NULL. ASSAY_ERROR_UNSUPPORTED, and
 * nothing is changed: a newer program made the tables. */
bool schemas_bring_up(SqlPool *pool, const Schema *const *schemas, GError **error);
/* ASSAY_ERROR_UNSUPPORTED: a newer program made the tables, or steps are missing. */
bool schemas_check(SqlPool *pool, const Schema *const *schemas, GError **error);
