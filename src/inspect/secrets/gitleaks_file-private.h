/* One file in gitleaks' form, read and checked, for gitleaks.c. */
#pragma once

#include "base/json.h"
#include "base/slice.h"

#define GITLEAKS_BYTES_MAX ((size_t)1024 * 1024)
/* What a rule, or a list for rules, is kept with until all files are together: where it is, for
 * messages. */
#define GITLEAKS_WHERE "where"

/* {"extend": {"default": true, "path": "...", "disabled": [...]}, "rules": [...], "allow": [...],
 * "targets": [{"rule": ID, "list": {...}}]}, of which lists are always there. @name: what to
 * call it where another file is meant first, or NULL. @warnings: of char *, or NULL; what gitleaks
 * passes over and could not let anything through is told there. ASSAY_ERROR_INVALID, with the line;
 * _LIMIT. (transfer full) */
json_t *gitleaks_file_read(Slice text, const char *name, GPtrArray *warnings, GError **error);
