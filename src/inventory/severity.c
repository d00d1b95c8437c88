/* The words for severities. */
#include "inventory/severity.h"

#include <glib.h>

const char *const severity_names[] = {
    [SEVERITY_UNKNOWN] = "unknown",
    [SEVERITY_NEGLIGIBLE] = "negligible",
    [SEVERITY_LOW] = "low",
    [SEVERITY_MEDIUM] = "medium",
    [SEVERITY_HIGH] = "high",
    [SEVERITY_CRITICAL] = "critical",
    NULL,
};

/* What distributions and databases call them besides. */
static const struct {
  const char *word;
  Severity severity;
} severity_words[] = {
    {"none", SEVERITY_UNKNOWN},    {"unimportant", SEVERITY_NEGLIGIBLE}, {"minor", SEVERITY_LOW},
    {"moderate", SEVERITY_MEDIUM}, {"important", SEVERITY_HIGH},         {"major", SEVERITY_HIGH},
    {"urgent", SEVERITY_CRITICAL},
};

const char *
severity_name(Severity severity)
{
  return severity_names[severity <= SEVERITY_CRITICAL ? severity : SEVERITY_UNKNOWN];
}

bool
severity_parse(const char *name, Severity *severity)
{
  if (name == NULL)
    return false;
  for (unsigned i = 0; severity_names[i] != NULL; i++)
    if (g_ascii_strcasecmp(name, severity_names[i]) == 0) {
      *severity = (Severity)i;
      return true;
    }
  for (size_t i = 0; i < G_N_ELEMENTS(severity_words); i++)
    if (g_ascii_strcasecmp(name, severity_words[i].word) == 0) {
      *severity = severity_words[i].severity;
      return true;
    }
  return false;
}
