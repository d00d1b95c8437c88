/* How what several feeds know of a vulnerability becomes one. */
#include "advisory/database/details-private.h"

#include <string.h>

static void
merge_text(const char **kept, const char *other)
{
  if (*kept == NULL && other != NULL && other[0] != '\0')
    *kept = g_strdup(other);
}

static void
merge_list(GStrv *kept, const GStrv other)
{
  guint have = *kept == NULL ? 0 : g_strv_length(*kept);
  guint more = other == NULL ? 0 : g_strv_length(other);
  if (more == 0 || have >= DETAILS_LIST_MAX)
    return;
  *kept = g_renew(char *, *kept, MIN(have + more, DETAILS_LIST_MAX) + 1);
  (*kept)[have] = NULL;
  for (guint i = 0; i < more && have < DETAILS_LIST_MAX; i++)
    if (!g_strv_contains((const char *const *)*kept, other[i])) {
      (*kept)[have++] = g_strdup(other[i]);
      (*kept)[have] = NULL;
    }
}

/* What each source says is kept beside what is shown. A single source, whose word is what is shown,
 * needs no list: that is most of them. */
static void
merge_ratings(AdvisoryDetails *kept, const AdvisoryDetails *details, const char *source)
{
  Severity word = details->word != SEVERITY_UNKNOWN ? details->word : details->severity;
  const AdvisoryRating own = {(char *)(uintptr_t)source, word,
                              (char *)(uintptr_t)details->cvss_vector, details->cvss_score};
  const AdvisoryRating shown = {(char *)(uintptr_t)kept->severity_source, kept->severity,
                                (char *)(uintptr_t)kept->cvss_vector, kept->cvss_score};
  bool is_first = kept->ratings == NULL && kept->severity == SEVERITY_UNKNOWN;
  if (word == SEVERITY_UNKNOWN && details->cvss_vector == NULL && details->ratings == NULL)
    return;
  if (is_first && details->ratings == NULL && word != SEVERITY_UNKNOWN && word == details->severity)
    return;
  if (kept->ratings == NULL) {
    kept->ratings = advisory_ratings_new();
    if (!is_first)
      advisory_ratings_add(kept->ratings, &shown);
  }
  if (details->ratings == NULL)
    advisory_ratings_add(kept->ratings, &own);
  for (guint i = 0; details->ratings != NULL && i < details->ratings->len; i++)
    advisory_ratings_add(kept->ratings, g_ptr_array_index(details->ratings, i));
}

/* What is shown: of GitHub, else of the first. A vector that we cannot score is better than none,
 * and gives way to one that we can. */
static void
merge_severity(AdvisoryDetails *kept, const AdvisoryDetails *details, const char *source)
{
  bool before = advisory_source_goes_before(source, kept->severity_source);
  if (details->cvss_score >= 0 && (before || kept->cvss_score < 0)) {
    g_free((gpointer)(uintptr_t)kept->cvss_vector);
    kept->cvss_vector = NULL;
    kept->cvss_score = details->cvss_score;
  }
  merge_text(&kept->cvss_vector, details->cvss_vector);
  if (details->severity == SEVERITY_UNKNOWN || (!before && kept->severity != SEVERITY_UNKNOWN))
    return;
  kept->severity = details->severity;
  g_free((gpointer)(uintptr_t)kept->severity_source);
  kept->severity_source = g_strdup(source);
}

void
details_merge(AdvisoryDetails *kept, const AdvisoryDetails *details, const char *feed)
{
  const char *source = details->severity_source != NULL ? details->severity_source : feed;
  merge_text(&kept->title, details->title);
  merge_text(&kept->description, details->description);
  merge_text(&kept->published, details->published);
  merge_text(&kept->modified, details->modified);
  merge_list(&kept->aliases, details->aliases);
  merge_list(&kept->references, details->references);
  cwes_unite(&kept->cwes, &details->cwes);
  merge_ratings(kept, details, source);
  merge_severity(kept, details, source);
  if (kept->epss_score < 0) {
    kept->epss_score = details->epss_score;
    kept->epss_percentile = details->epss_percentile;
  }
  kept->known_exploited |= details->known_exploited;
  merge_text(&kept->known_exploited_due, details->known_exploited_due);
}

/* First, so that it is among those that are kept. */
static void
add_alias(AdvisoryDetails *to, const char *id)
{
  GStrv longer = NULL;
  char *one[] = {(char *)(uintptr_t)id, NULL};
  if (to->aliases != NULL && (g_strv_contains((const char *const *)to->aliases, id) ||
                              g_strv_length(to->aliases) >= DETAILS_LIST_MAX))
    return;
  merge_list(&longer, one);
  merge_list(&longer, to->aliases);
  g_strfreev(to->aliases);
  to->aliases = longer;
}

void
details_unite_aliases(GHashTable *details)
{
  GHashTableIter iter;
  void *value;
  g_hash_table_iter_init(&iter, details);
  while (g_hash_table_iter_next(&iter, NULL, &value)) {
    const AdvisoryDetails *known = value;
    for (char **alias = advisory_is_cve(known->id) ? known->aliases : NULL;
         alias != NULL && *alias != NULL; alias++) {
      AdvisoryDetails *other = g_hash_table_lookup(details, *alias);
      if (other != NULL && !advisory_is_cve(other->id))
        add_alias(other, known->id);
    }
  }
}
