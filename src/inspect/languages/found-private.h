/* What detectors of languages share: reading a file's JSON, and what packages say of licences. */
#pragma once

#include <jansson.h>

#include "base/slice.h"
#include "inventory/layer.h"

/* The most of a file that is read of one: what is larger is unread. */
#define FOUND_BYTES_MAX ((uint64_t)16 * 1024 * 1024)
/* The same of what is a program or a term, whose tokens are read. */
#define FOUND_TOKENS_BYTES_MAX ((uint64_t)4 * 1024 * 1024)

/* The file's JSON (json_parse_lenient()), which must be an object. NULL: it is none, which was
 * noted; or it has more values than are read, and is unread. (transfer full) */
json_t *found_json(Slice bytes, const char *location, LayerInventory *into);
/* The same of a value of any kind. (transfer full) */
json_t *found_json_value(Slice bytes, const char *location, LayerInventory *into);

/* The member when it is a string without a NUL and not empty; else NULL. (transfer none) */
const char *found_text(const json_t *object, const char *key);

/* Adds @text, stripped, to what a package says of its licences, after @separator where there is
 * something already; nothing that would make it very long. */
void found_licenses_add(GString *licenses, const char *separator, Slice text);
/* The strings of a value that is one, or a list of them. */
void found_licenses_add_json(GString *licenses, const char *separator, const json_t *value);
/* Gives them to @package, which may be NULL; frees @licenses. */
void found_licenses_give(GString *licenses, Package *package);

/* Adds one that says nothing of licences, or @licenses (transfer full). The name and the version
 * need no NUL. The new one, or NULL. (transfer none) */
Package *found_add(LayerInventory *into, const char *type, Slice name, Slice version,
                   const char *location, GString *licenses);
