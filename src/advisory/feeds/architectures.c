/* The architectures of a package of an erratum; see the header. */
#include "advisory/feeds/architectures.h"

#include <string.h>

#include "advisory/advisory.h"

#define NAMES_MAX 200u /* bytes */

void
architectures_add(Architectures *architectures, const char *architecture)
{
  const char *name = advisory_architecture(architecture);
  if (architectures->names == NULL)
    architectures->names = g_string_new(NULL);
  GString *names = architectures->names;
  if (name == NULL || *name == '\0' || strchr(name, ',') != NULL ||
      names->len + strlen(name) > NAMES_MAX)
    architectures->all = true;
  g_auto(GStrv) known = g_strsplit(names->str, ",", -1);
  if (!architectures->all && !g_strv_contains((const char *const *)known, name))
    g_string_append_printf(names, "%s%s", names->len > 0 ? "," : "", name);
}

const char *
architectures_text(const Architectures *architectures)
{
  return architectures->all || architectures->names == NULL ? NULL : architectures->names->str;
}

void
architectures_clear(Architectures *architectures)
{
  if (architectures->names != NULL)
    g_string_free(g_steal_pointer(&architectures->names), TRUE);
}
