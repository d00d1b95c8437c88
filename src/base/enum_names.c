/* The words for the values of an enum; see the header. */
#include "base/enum_names.h"

#include <string.h>

#include "base/error.h"

const char *
enum_name(const char *const *names, unsigned value)
{
  for (; *names != NULL && value > 0; names++)
    value--;
  return *names;
}

bool
enum_find(const char *const *names, const char *name, unsigned *value)
{
  for (unsigned i = 0; name != NULL && names[i] != NULL; i++) {
    if (strcmp(names[i], name) != 0)
      continue;
    *value = i;
    return true;
  }
  return false;
}

char *
enum_list(const char *const *names)
{
  GString *text = g_string_new(NULL);
  for (const char *const *name = names; *name != NULL; name++)
    g_string_append_printf(text, "%s%s",
                           name == names     ? ""
                           : name[1] == NULL ? " or "
                                             : ", ",
                           *name);
  return g_string_free(text, FALSE);
}

bool
enum_parse(const char *const *names, const char *name, unsigned *value, GError **error)
{
  if (enum_find(names, name, value))
    return true;
  g_autofree char *list = enum_list(names);
  return error_set(error, ASSAY_ERROR_INVALID, "must be %s", list);
}
