/* Who may give rights to others, and take them away: nobody can make more of his rights than he
 * has. Whoever gives must manage access on the whole pattern, and hold there each right that he
 * gives, for as long as he gives it. What is denied him there, in part or for some tags, he cannot
 * give. Pure. */
#pragma once

#include "access/rights/rights.h"

/* Whether @wide fits all that @narrow fits. "*" alone is also what is of no repository, and so only
 * "*" covers it. False where that cannot be told. */
bool pattern_covers(const char *wide, const char *narrow);
/* Whether something may fit both. True where that cannot be told. */
bool patterns_overlap(const char *one, const char *other);

/* @gift: its verbs, pattern, tags and end count, and `deny`: to deny others needs the same.
 * ASSAY_ERROR_DENIED: @who may not; the message says which right is missing. */
bool access_may_give(const AccessRules *rules, const Principal *who, const Binding *gift,
                     int64_t now, GError **error);
/* Who manages access on all ("*") may take away each binding, also where it is denied them for a
 * part. A binding that denies something to @who can be taken away by an administrator of all alone.
 * ASSAY_ERROR_DENIED. */
bool access_may_take(const AccessRules *rules, const Principal *who, const Binding *binding,
                     int64_t now, GError **error);
/* Whether @who manages access on all that fits @pattern, and so may see who has which right there.
 */
bool access_manages(const AccessRules *rules, const Principal *who, const char *pattern,
                    int64_t now);
