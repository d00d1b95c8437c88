/* TOML 1.0 as a tree of JSON values: tables are objects, arrays arrays, strings strings, integers
 * and booleans themselves; floats, dates and times are strings, as they are written. For lock files
 * of strangers: a text is bounded in size by its caller, in values and depth here, and is read in
 * linear time. Pure functions over bytes.
 *
 * It accepts everything that TOML 1.0 allows. What TOML forbids is refused where a value could be
 * meant in two ways (a key twice), not where it is merely untidy (a table opened twice). */
#pragma once

#include "base/json.h"
#include "base/slice.h"

#define TOML_DEPTH_MAX 32u

/* An object. More than @most values are ASSAY_ERROR_LIMIT, deeper ones than TOML_DEPTH_MAX as well;
 * a text that is no TOML is ASSAY_ERROR_INVALID, with its line. (transfer full) */
json_t *toml_parse(Slice text, size_t most, GError **error);
