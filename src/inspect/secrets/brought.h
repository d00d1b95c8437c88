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

typedef struct {
  const SecretRule *rule; /* with the id, the title and the severity */
  size_t start, end;      /* of the match */
  size_t secret, size;
} BroughtMatch;
typedef void (*BroughtFound)(const BroughtMatch *match, void *data);

/* Each match in @text of a file at @path that no allowlist of theirs takes out. False: there was
 * more to look at than is looked at. An allowlist that cannot be asked takes nothing out. */
bool brought_rules_find(const char *path, Slice text, BroughtFound found, void *data);
/* Whether a rule of ours counts: not where they have their own alone, or disable it. */
bool brought_rules_keep(const SecretRule *rule);
/* Whether an allowlist of theirs that is for all rules takes out what a rule of ours found. */
bool brought_rules_allow(const char *path, Slice text, size_t start, size_t end, Slice secret);
