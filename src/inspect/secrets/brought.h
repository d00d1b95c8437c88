/* Rules and allowlists that a team brings (gitleaks.h), for this process and its workers: they are
 * set once, before any inspection, go to a worker with its job, and are made ready there when a
 * file is first looked at.
 *
 * A rule of theirs is looked for where one of its keywords is in the window, by PCRE2. Their
 * patterns come from people, so a match has a limit of steps: of a text that needs more, it is told
 * that it was not looked at. */
#pragma once

#include "base/json.h"
#include "inspect/secrets/rule.h"

/* As gitleaks_read() gives them, or NULL. Takes a reference. ASSAY_ERROR_INVALID: PCRE2 refuses a
 * pattern, with the rule's id. */
bool brought_rules_set(json_t *rules, GError **error);
void brought_rules_tell(json_t *job);
void brought_rules_take(const json_t *job);
/* Differs with what they say; 0: there are none. Of what was inspected by others, nothing is known.
 */
uint32_t brought_rules_fingerprint(void);

/* --- in the worker --- */

/* A window of a file. */
typedef struct {
  const char *path;
  Slice text;
  bool first, last; /* it begins the file, and ends it */
} BroughtWindow;

typedef struct {
  const SecretRule *rule; /* with the id, the title and the severity */
  size_t start, end;      /* of the match */
  size_t secret, size;
} BroughtMatch;
typedef void (*BroughtFound)(const BroughtMatch *match, void *data);

/* Each match in a window that no allowlist of theirs takes out. False: there was more to look at
 * than is looked at. An allowlist that cannot be asked takes nothing out. What must be beside a
 * match and may be in a window that is not seen counts as being there. */
bool brought_rules_find(const BroughtWindow *window, BroughtFound found, void *data);
typedef void (*BroughtNamed)(const SecretRule *rule, void *data);
/* The rules that are for a path alone, whatever is in its file; @named may be NULL. Returns whether
 * there is one. */
bool brought_rules_name(const char *path, BroughtNamed named, void *data);

/* What a rule of ours is where they add to it: its row with what they say anew. NULL: it does not
 * count in a file at @path, for they have their own alone, disable it, replace it, or have it for
 * other files. */
const SecretRule *brought_rules_row(const SecretRule *rule, const char *path);
/* Whether an allowlist of theirs for all rules, or for this one, takes out what a rule of ours
 * found. */
bool brought_rules_allow(const SecretRule *rule, const char *path, Slice text, size_t start,
                         size_t end, Slice secret);
