/* Giving rights and taking them away; see the header. */
#include "access/rights/delegation.h"

#include <string.h>

#include "base/error.h"
#include "text/glob.h"

/* --- patterns --- */

/* A star of @narrow is a character like another, that only a star of @wide fits. */
bool
pattern_covers(const char *wide, const char *narrow)
{
  if (strcmp(narrow, "*") == 0)
    return strcmp(wide, "*") == 0;
  return glob_matches_across(wide, narrow);
}

static bool
ends_agree(const char *one, size_t one_size, const char *other, size_t other_size)
{
  size_t size = MIN(one_size, other_size);
  return memcmp(one + one_size - size, other + other_size - size, size) == 0;
}

/* What is before the first star and after the last one must agree. */
bool
patterns_overlap(const char *one, const char *other)
{
  const char *first = strchr(one, '*'), *second = strchr(other, '*');
  if (first == NULL)
    return glob_matches_across(other, one);
  if (second == NULL)
    return glob_matches_across(one, other);
  size_t before = MIN((size_t)(first - one), (size_t)(second - other));
  const char *tail = strrchr(one, '*') + 1, *other_tail = strrchr(other, '*') + 1;
  return strncmp(one, other, before) == 0 &&
         ends_agree(tail, strlen(tail), other_tail, strlen(other_tail));
}

/* --- rights --- */

static bool
lasts(const Binding *own, const Binding *gift, int64_t now)
{
  if (own->until == 0)
    return true;
  return own->until > now && gift->until != 0 && gift->until <= own->until;
}

static bool
tags_cover(const char *own, const char *gift)
{
  return own == NULL || (gift != NULL && glob_matches_across(own, gift));
}

static bool
limits_hold(const Principal *who, Verb verb, const char *pattern)
{
  bool hold = who->limits == NULL;
  for (guint i = 0; !hold && i < who->limits->len; i++) {
    const Scope *scope = &g_array_index(who->limits, Scope, i);
    hold = (scope->verbs & VERB_BIT(verb)) != 0 && pattern_covers(scope->pattern, pattern);
  }
  return hold;
}

static bool
may_do_all(const Principal *who)
{
  return who->kind == PRINCIPAL_OPERATOR || who->kind == PRINCIPAL_OPEN;
}

/* Whether @who has the right to @verb on all of the gift. */
static bool
holds(const AccessRules *rules, const Principal *who, Verb verb, const Binding *gift, int64_t now)
{
  const GArray *bindings = access_rules_bindings(rules);
  if ((who->expires != 0 && who->expires <= now) || !limits_hold(who, verb, gift->pattern))
    return false;
  bool held = may_do_all(who);
  for (guint i = 0; i < bindings->len && !may_do_all(who); i++) {
    const Binding *own = &g_array_index(bindings, Binding, i);
    if ((own->verbs & VERB_BIT(verb)) == 0 || !binding_speaks_of(own, who))
      continue;
    if (own->deny && (own->until == 0 || own->until > now) &&
        patterns_overlap(own->pattern, gift->pattern))
      return false;
    held = held || (!own->deny && lasts(own, gift, now) && tags_cover(own->tags, gift->tags) &&
                    pattern_covers(own->pattern, gift->pattern));
  }
  return held;
}

bool
access_may_give(const AccessRules *rules, const Principal *who, const Binding *gift, int64_t now,
                GError **error)
{
  VerbSet needed = gift->verbs | VERB_BIT(VERB_MANAGE_ACCESS);
  for (unsigned verb = VERB_NONE + 1; verb < VERB_COUNT; verb++) {
    if ((needed & VERB_BIT(verb)) == 0 || holds(rules, who, (Verb)verb, gift, now))
      continue;
    return error_set(error, ASSAY_ERROR_DENIED,
                     "%s may not %s rights on %s: the right to %s is needed on all of it, and for "
                     "as long; an administrator can",
                     who->name, gift->deny ? "deny" : "give", gift->pattern, verb_name((Verb)verb));
  }
  return true;
}

bool
access_manages(const AccessRules *rules, const Principal *who, const char *pattern, int64_t now)
{
  const Binding all = {.pattern = (char *)(uintptr_t)pattern, .until = now + 1};
  return access_decide(rules, who, VERB_MANAGE_ACCESS, (Resource){NULL, NULL}, now).allowed ||
         holds(rules, who, VERB_MANAGE_ACCESS, &all, now);
}

static bool
administers_all(const AccessRules *rules, const Principal *who, int64_t now)
{
  for (unsigned verb = VERB_NONE + 1; verb < VERB_COUNT; verb++)
    if (!access_decide(rules, who, (Verb)verb, (Resource){NULL, NULL}, now).allowed)
      return false;
  return true;
}

bool
access_may_take(const AccessRules *rules, const Principal *who, const Binding *binding, int64_t now,
                GError **error)
{
  if (!access_manages(rules, who, binding->pattern, now))
    return error_set(error, ASSAY_ERROR_DENIED,
                     "%s does not manage access on all of %s; an administrator does", who->name,
                     binding->pattern);
  if (binding->deny && !may_do_all(who) && binding_speaks_of(binding, who) &&
      !administers_all(rules, who, now))
    return error_set(error, ASSAY_ERROR_DENIED,
                     "grant %" G_GINT64_FORMAT " denies %s something, so an administrator must "
                     "take it away",
                     binding->id, who->name);
  return true;
}
