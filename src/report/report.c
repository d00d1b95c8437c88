/* What the writers share; see report.h. */
#include "report/report.h"

#include <string.h>

#include "report/report-private.h"

char *
report_counted_note(unsigned counted, Severity as)
{
  return g_strdup_printf("%u of the findings have a fix and no severity: they are counted as %s, "
                         "as policies do unless they say otherwise",
                         counted, severity_name(as));
}

json_t *
report_kinds_to_json(const GPtrArray *findings)
{
  unsigned counts[FINDING_KINDS] = {0};
  for (guint i = 0; i < findings->len; i++)
    counts[((const Finding *)g_ptr_array_index(findings, i))->kind]++;
  json_t *object = json_object();
  for (int i = 0; i < FINDING_KINDS; i++)
    json_object_set_new(object, finding_kind_name((FindingKind)i), json_integer(counts[i]));
  return object;
}

void
report_count(const GPtrArray *findings, unsigned counts[SEVERITY_CRITICAL + 1])
{
  memset(counts, 0, (SEVERITY_CRITICAL + 1) * sizeof *counts);
  for (guint i = 0; i < findings->len; i++)
    counts[((const Finding *)g_ptr_array_index(findings, i))->severity]++;
}

const char *
report_severity_colour(Severity severity)
{
  static const char *const colours[] = {
      [SEVERITY_UNKNOWN] = "90", [SEVERITY_NEGLIGIBLE] = "90", [SEVERITY_LOW] = "36",
      [SEVERITY_MEDIUM] = "33",  [SEVERITY_HIGH] = "31",       [SEVERITY_CRITICAL] = "1;35",
  };
  return colours[severity];
}

char *
report_coloured(const char *text, const char *attributes, bool colour)
{
  return colour ? g_strdup_printf("\033[%sm%s\033[0m", attributes, text) : g_strdup(text);
}

char *
report_clean_text(const char *text)
{
  if (text == NULL)
    return g_strdup("");
  g_autofree char *valid = g_utf8_make_valid(text, -1);
  GString *clean = g_string_new(NULL);
  for (char *p = valid; *p != '\0'; p = g_utf8_next_char(p)) {
    gunichar character = g_utf8_get_char(p);
    /* Controls, and the marks that turn the direction of writing. */
    bool harmless = !g_unichar_iscntrl(character) && g_unichar_type(character) != G_UNICODE_FORMAT;
    g_string_append_unichar(clean, harmless ? character : ' ');
  }
  return g_string_free(clean, FALSE);
}
