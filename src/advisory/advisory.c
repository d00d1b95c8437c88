/* The words for states, and ownership of statements and details. */
#include "advisory/advisory.h"

#include "base/enum_names.h"
#include "base/slice.h"

bool
advisory_is_cve(const char *id)
{
  return id != NULL && g_str_has_prefix(id, "CVE-");
}

bool
advisory_is_malware(const char *id)
{
  return id != NULL && g_str_has_prefix(id, "MAL-");
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

const char *const advisory_state_names[] = {
    [STATE_FIXED] = "fixed",
    [STATE_AFFECTED] = "affected",
    [STATE_WILL_NOT_FIX] = "will-not-fix",
    [STATE_END_OF_LIFE] = "end-of-life",
    [STATE_UNIMPORTANT] = "unimportant",
    [STATE_NOT_AFFECTED] = "not-affected",
    [STATE_UNDER_REVIEW] = "under-review",
    NULL,
};

const char *
advisory_state_name(AdvisoryState state)
{
  const char *name = enum_name(advisory_state_names, state);
  return name != NULL ? name : "under-review";
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
