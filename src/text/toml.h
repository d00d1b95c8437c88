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

/* Where keys stand in a text that was read, as long as its tree lives. */
typedef struct TomlLines TomlLines;
/* The same, and *@lines. (transfer full), both */
json_t *toml_parse_lines(Slice text, size_t most, TomlLines **lines, GError **error);
/* The line of @key in the table @table; NULL: that of the table's header, where it is one of an
 * array of tables. 0: it is not known. */
unsigned toml_line_of(const TomlLines *lines, const json_t *table, const char *key);
void toml_lines_free(TomlLines *lines);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TomlLines, toml_lines_free)
