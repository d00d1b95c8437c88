/* gitleaks' configuration (TOML), as rules that a team brings. What is read: [extend] useDefault,
 * which stands for the rules of ours, path and disabledRules; [[rules]] with all that gitleaks has;
 * [[allowlists]] of all rules, of some (targetRules) and of one. Commits mean nothing in an image:
 * a list that asks for one allows nothing.
 *
 * What cannot be honoured is refused, with its line, and never passed over: a rule that a team
 * believes in must be one. */
#pragma once

#include "base/json.h"
#include "base/slice.h"

/* For brought_rules_set(). @folder: where the files are that it extends; NULL: it may extend none.
 * @warnings: of char *, what has no effect is told there; or NULL. ASSAY_ERROR_INVALID: with the
 * line, and the rule's id; _LIMIT: too large; _IO. (transfer full) */
json_t *gitleaks_read(Slice text, const char *folder, GPtrArray *warnings, GError **error);
/* Reads the file at @path, and has this process and its workers look by it (brought.h), and
 * @comments: take out what is in a line with "gitleaks:allow", whoever wrote it. NULL: our own
 * rules. Before any inspection. Warnings are logged. The same errors. */
bool gitleaks_load(const char *path, bool comments, GError **error);
