/* Names in filters and distinguished names; see the header. */
#include "access/directory/ldap_text.h"

#include <glib.h>
#include <stdbool.h>
#include <string.h>

typedef void (*Escape)(GString *out, const char *value);

static void
escape_filter(GString *out, const char *value)
{
  for (const char *p = value; *p != '\0'; p++) {
    if (strchr("*()\\", *p) != NULL || (unsigned char)*p >= 0x80 || (unsigned char)*p < 0x20)
      g_string_append_printf(out, "\\%02x", (unsigned char)*p);
    else
      g_string_append_c(out, *p);
  }
}

static void
escape_dn(GString *out, const char *value)
{
  for (const char *p = value; *p != '\0'; p++) {
    bool edge = (p == value && (*p == ' ' || *p == '#')) || (p[1] == '\0' && *p == ' ');
    if (edge || strchr(",+\"\\<>;=/", *p) != NULL || (unsigned char)*p < 0x20)
      g_string_append_printf(out, "\\%02x", (unsigned char)*p);
    else
      g_string_append_c(out, *p);
  }
}

/* One pass: a value is not looked at again. */
static char *
fill(const char *template, const char *name, const char *dn, Escape escape)
{
  GString *out = g_string_new(NULL);
  for (const char *p = template; *p != '\0';) {
    const char *value = g_str_has_prefix(p, "{name}") ? name
                        : g_str_has_prefix(p, "{dn}") ? dn
                                                      : NULL;
    if (g_str_has_prefix(p, "{name}") || g_str_has_prefix(p, "{dn}")) {
      if (value != NULL)
        escape(out, value);
      p = strchr(p, '}') + 1;
    } else {
      g_string_append_c(out, *p++);
    }
  }
  return g_string_free(out, FALSE);
}

char *
ldap_fill_filter(const char *template, const char *name, const char *dn)
{
  return fill(template, name, dn, escape_filter);
}

char *
ldap_fill_dn(const char *template, const char *name)
{
  return fill(template, name, NULL, escape_dn);
}
