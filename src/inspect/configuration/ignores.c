/* What a Dockerfile's comments take out of sight; see configuration.h. */
#include <string.h>

#include "inspect/configuration/configuration-private.h"
#include "inventory/rule.h"

/* "assay:ignore=user-root,sudo  a reason": whether @id is in the list after @mark. */
static bool
lists(const char *comment, const char *mark, const char *id)
{
  if (!g_str_has_prefix(comment, mark))
    return false;
  const char *list = comment + strlen(mark);
  list += strspn(list, " ");
  g_autofree char *ids = g_strndup(list, strcspn(list, " \t"));
  g_auto(GStrv) each = g_strsplit(ids, ",", 100);
  return g_strv_contains((const char *const *)each, id);
}

/* hadolint's list has space after its commas. */
static bool
lists_reference(const char *comment, const char *mark, const char *references)
{
  if (!g_str_has_prefix(comment, mark))
    return false;
  g_auto(GStrv) asked = g_strsplit_set(comment + strlen(mark), ", \t", 100);
  g_auto(GStrv) known = g_strsplit_set(references, ", ", 20);
  for (char **id = asked; *id != NULL; id++)
    if (g_str_has_prefix(*id, "DL") && g_strv_contains((const char *const *)known, *id))
      return true;
  return false;
}

static bool
any(const GPtrArray *comments, const char *mark, const char *other, const Rule *rule)
{
  const char *references = rule->references != NULL ? rule->references : "";
  for (guint i = 0; comments != NULL && i < comments->len; i++) {
    const char *comment = g_ptr_array_index(comments, i);
    if (lists(comment, mark, rule->id) || lists_reference(comment, other, references))
      return true;
  }
  return false;
}

bool
configuration_is_ignored(const BuildStep *step, const GPtrArray *global, const char *id)
{
  const Rule *rule = rule_find(OBSERVED_CONFIGURATION, id);
  return rule != NULL && (any(step->comments, "assay:ignore=", "hadolint ignore=", rule) ||
                          any(global, "assay:ignore-file=", "hadolint global ignore=", rule));
}
