/* The words for states, and ownership of statements and details. */
#include "advisory/advisory.h"

#include <string.h>

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

static void
rating_free(void *data)
{
  AdvisoryRating *rating = data;
  g_free(rating->source);
  g_free(rating->cvss_vector);
  g_free(rating);
}

GPtrArray *
advisory_ratings_new(void)
{
  return g_ptr_array_new_with_free_func(rating_free);
}

bool
advisory_source_goes_before(const char *source, const char *other)
{
  return g_strcmp0(source, ADVISORY_SOURCE_GHSA) == 0 &&
         g_strcmp0(other, ADVISORY_SOURCE_GHSA) != 0;
}

static void
fill_in(AdvisoryRating *known, const AdvisoryRating *more)
{
  if (known->severity == SEVERITY_UNKNOWN)
    known->severity = more->severity;
  if (known->cvss_score >= 0 || (known->cvss_vector != NULL && more->cvss_score < 0))
    return;
  g_free(known->cvss_vector);
  known->cvss_vector = g_strdup(more->cvss_vector);
  known->cvss_score = more->cvss_score;
}

void
advisory_ratings_add(GPtrArray *ratings, const AdvisoryRating *rating)
{
  if (rating->severity == SEVERITY_UNKNOWN && rating->cvss_vector == NULL)
    return;
  for (guint i = 0; i < ratings->len; i++) {
    AdvisoryRating *known = g_ptr_array_index(ratings, i);
    if (strcmp(known->source, rating->source) == 0) {
      fill_in(known, rating);
      return;
    }
  }
  if (ratings->len >= ADVISORY_RATINGS_MAX)
    return;
  AdvisoryRating *added = g_new(AdvisoryRating, 1);
  *added = (AdvisoryRating){g_strdup(rating->source), rating->severity,
                            g_strdup(rating->cvss_vector), rating->cvss_score};
  bool first = advisory_source_goes_before(rating->source, NULL);
  g_ptr_array_insert(ratings, first ? 0 : -1, added);
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
  g_clear_pointer(&details->ratings, g_ptr_array_unref);
  free_text(details->known_exploited_due);
  g_free(details);
}
