/* The words for verbs; see the header. */
#include "access/rights/verb.h"

#include <glib.h>

static const char *const names[VERB_COUNT] = {
    [VERB_NONE] = "none",
    [VERB_PULL] = "pull",
    [VERB_PUSH] = "push",
    [VERB_DELETE] = "delete",
    [VERB_LIST] = "list",
    [VERB_READ_FINDINGS] = "read-findings",
    [VERB_READ_METRICS] = "read-metrics",
    [VERB_OPERATE] = "operate",
    [VERB_SCAN] = "scan",
    [VERB_WAIVE] = "waive",
    [VERB_FIX] = "fix",
    [VERB_SIGN] = "sign",
    [VERB_VERIFY] = "verify",
    [VERB_MANAGE_POLICY] = "manage-policy",
    [VERB_MANAGE_ACCESS] = "manage-access",
    [VERB_MANAGE_ENDPOINTS] = "manage-endpoints",
    [VERB_MANAGE_NAMESPACES] = "manage-namespaces",
    [VERB_READ_AUDIT] = "read-audit",
};

const char *
verb_name(Verb verb)
{
  return verb < VERB_COUNT ? names[verb] : NULL;
}

bool
verb_find(const char *name, Verb *verb)
{
  for (unsigned i = VERB_NONE + 1; i < VERB_COUNT; i++) {
    if (g_strcmp0(name, names[i]) == 0) {
      *verb = (Verb)i;
      return true;
    }
  }
  return false;
}

VerbSet
verbs_parse(const char *words)
{
  g_auto(GStrv) list = g_strsplit_set(words != NULL ? words : "", " ,", -1);
  VerbSet verbs = 0;
  for (char **word = list; *word != NULL; word++) {
    Verb verb;
    if (verb_find(*word, &verb))
      verbs |= VERB_BIT(verb);
  }
  return verbs;
}

char *
verbs_text(VerbSet verbs)
{
  GString *text = g_string_new(NULL);
  for (unsigned i = VERB_NONE + 1; i < VERB_COUNT; i++)
    if ((verbs & VERB_BIT(i)) != 0)
      g_string_append_printf(text, "%s%s", text->len > 0 ? "," : "", names[i]);
  return g_string_free(text, FALSE);
}
