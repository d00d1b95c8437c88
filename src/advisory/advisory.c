/* The words for severities and states, and ownership of statements and details. */
#include "advisory/advisory.h"

#include "base/slice.h"

static const char *const severity_names[] = {
    [SEVERITY_UNKNOWN] = "unknown", [SEVERITY_NEGLIGIBLE] = "negligible",
    [SEVERITY_LOW] = "low",         [SEVERITY_MEDIUM] = "medium",
    [SEVERITY_HIGH] = "high",       [SEVERITY_CRITICAL] = "critical",
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

bool
advisory_is_cve(const char *id)
{
  return id != NULL && g_str_has_prefix(id, "CVE-");
}

const char *
advisory_architecture(const char *architecture)
{
  static const char *const x86[] = {"i386", "i486", "i586", "i686", "athlon", NULL};
  static const char *const none[] = {"all", "any", NULL};
  if (architecture == NULL)
    return NULL;
  return g_strv_contains(x86, architecture)    ? "i686"
         : g_strv_contains(none, architecture) ? ADVISORY_NO_ARCHITECTURE
                                               : architecture;
}

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
  for (size_t i = 0; i < G_N_ELEMENTS(severity_names); i++)
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

static const char *const state_names[] = {
    [STATE_FIXED] = "fixed",
    [STATE_AFFECTED] = "affected",
    [STATE_WILL_NOT_FIX] = "will-not-fix",
    [STATE_END_OF_LIFE] = "end-of-life",
    [STATE_UNIMPORTANT] = "unimportant",
    [STATE_NOT_AFFECTED] = "not-affected",
    [STATE_UNDER_REVIEW] = "under-review",
};

const char *
advisory_state_name(AdvisoryState state)
{
  return state < G_N_ELEMENTS(state_names) ? state_names[state] : "under-review";
}

bool
advisory_state_parse(const char *name, AdvisoryState *state)
{
  for (size_t i = 0; i < G_N_ELEMENTS(state_names); i++) {
    if (g_strcmp0(name, state_names[i]) == 0) {
      *state = (AdvisoryState)i;
      return true;
    }
  }
  return false;
}

/* The strings are const for those who only point at them; these are ours. */
static void
free_text(const char *text)
{
  g_free((gpointer)(uintptr_t)text);
}

void
advisory_details_free(AdvisoryDetails *details)
{
  if (details == NULL)
    return;
  free_text(details->id);
  g_strfreev(details->aliases);
  free_text(details->title);
  free_text(details->description);
  free_text(details->published);
  free_text(details->modified);
  free_text(details->cvss_vector);
  free_text(details->severity_source);
  g_strfreev(details->references);
  free_text(details->known_exploited_due);
  g_free(details);
}
