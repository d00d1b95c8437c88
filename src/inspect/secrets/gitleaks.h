/* gitleaks' configuration (TOML), as rules that a team brings. What is read: [extend] useDefault
 * and disabledRules; [[rules]] with id, description, regex, secretGroup, entropy, keywords, path
 * and allowlists; [allowlist] and [[allowlists]]; an allowlist's paths, regexes, regexTarget,
 * stopwords and condition. Commits mean nothing in an image. Pure. */
#pragma once

#include "base/json.h"
#include "base/slice.h"

#define GITLEAKS_BYTES_MAX ((size_t)1024 * 1024)

/* For brought_rules_set(). ASSAY_ERROR_INVALID: with the line, and the rule's id; _LIMIT: too
 * large. (transfer full) */
json_t *gitleaks_read(Slice text, GError **error);
/* Reads the file at @path and has this process and its workers look by it (brought.h). Before any
 * inspection. The same errors, and ASSAY_ERROR_IO. */
bool gitleaks_load(const char *path, GError **error);
