/* YAML of strangers, walked value by value, without a tree: for lock files of any size. Keys that
 * lead to a value are at hand; aliases stand for nothing, so that no text is more than its bytes.
 * Pure functions over bytes. */
#pragma once

#include "base/slice.h"

#define YAML_WALK_DEPTH_MAX 32u
/* In the place of a key: an element of a list. */
#define YAML_WALK_ELEMENT "-"

/* Called for each word with its @value, and with NULL at the end of each mapping and list. @keys
 * lead there, from the root on. */
typedef void YamlVisit(const char *const *keys, unsigned depth, const char *value, void *data);

/* Of several documents all are walked. Broken YAML, or deeper than YAML_WALK_DEPTH_MAX, is
 * ASSAY_ERROR_INVALID or _LIMIT, after the visits of what is before it. */
bool yaml_walk(Slice text, YamlVisit *visit, void *data, GError **error);
