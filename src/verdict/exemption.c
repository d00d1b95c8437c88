/* What exemptions fit; see the header. */
#include "verdict/exemption.h"

#include <string.h>

#include "base/slice.h"
#include "text/glob.h"

#define DAY        ((int64_t)86400 * G_USEC_PER_SEC)
#define WORDS_MAX  3u
#define LENGTH_MAX ((size_t)100)

/* --- what one fits --- */

/* A list that the file does not name (an allowlist has none of some) is empty. */
static bool
is_empty(const GStrv list)
{
  return list == NULL || *list == NULL;
}

static bool
lists(const GStrv list, const char *text)
{
  return list != NULL && text != NULL && g_strv_contains((const char *const *)list, text);
}

static bool
fits_pattern(const GStrv patterns, const char *text)
{
  for (char **pattern = patterns; text != NULL && pattern != NULL && *pattern != NULL; pattern++)
    if (glob_matches(*pattern, text))
      return true;
  return false;
}

static bool
names_id(const char *id, const Finding *finding)
{
  if (strcmp(id, "*") == 0 || g_ascii_strcasecmp(id, finding->id) == 0 ||
      (finding->vendor_id != NULL && g_ascii_strcasecmp(id, finding->vendor_id) == 0))
    return true;
  for (char **alias = finding->aliases; alias != NULL && *alias != NULL; alias++)
    if (g_ascii_strcasecmp(id, *alias) == 0)
      return true;
  return false;
}

static bool
names_finding(const GStrv ids, const Finding *finding)
{
  for (char **id = ids; id != NULL && *id != NULL; id++)
    if (names_id(*id, finding))
      return true;
  return false;
}

bool
exemption_fits_repository(const Exemption *exemption, const char *repository)
{
  return is_empty(exemption->repositories) || fits_pattern(exemption->repositories, repository);
}

/* Malware and secrets are taken out by who means them: by the key, the rule or the value.
 * Exemptions of the time before there were such findings meant vulnerabilities. */
static bool
means_kind(const Exemption *exemption, const char *rule, const Finding *finding)
{
  if (!is_empty(exemption->rules) || !is_empty(exemption->values) ||
      (strcmp(rule, "malware") != 0 && strcmp(rule, "secrets") != 0))
    return true;
  for (char **id = exemption->ids; id != NULL && *id != NULL; id++)
    if (strcmp(*id, "*") != 0 && names_id(*id, finding))
      return true;
  return false;
}

static bool
fits_finding(const Exemption *exemption, const char *rule, const Finding *finding)
{
  const char *path = finding->location;
  if (path != NULL && *path == '/')
    path++;
  return means_kind(exemption, rule, finding) &&
         (is_empty(exemption->ids) || names_finding(exemption->ids, finding)) &&
         (is_empty(exemption->rules) || lists(exemption->rules, rule)) &&
         (is_empty(exemption->packages) || fits_pattern(exemption->packages, finding->package) ||
          fits_pattern(exemption->packages, finding->source_package)) &&
         (is_empty(exemption->paths) || fits_pattern(exemption->paths, path)) &&
         (is_empty(exemption->values) || lists(exemption->values, finding->same));
}

int64_t
exemption_end_of(int64_t moment)
{
  return moment == 0 ? 1 : moment;
}

int64_t
exemption_day_end(int64_t start)
{
  return start + DAY - 1;
}

bool
exemption_ended(const Exemption *exemption, int64_t now)
{
  return exemption->expires != 0 && now >= exemption->expires;
}

const Exemption *
exemption_find(const GPtrArray *exemptions, const char *rule, const Finding *finding, int64_t now)
{
  const Exemption *ended = NULL;
  for (guint i = 0; i < exemptions->len; i++) {
    const Exemption *each = g_ptr_array_index(exemptions, i);
    if (finding != NULL ? !fits_finding(each, rule, finding) : !lists(each->rules, rule))
      continue;
    if (!exemption_ended(each, now))
      return each;
    if (ended == NULL || each->expires > ended->expires)
      ended = each;
  }
  return ended;
}

void
exemptions_mark(const GPtrArray *exemptions, const GPtrArray *findings, int64_t now)
{
  for (guint i = 0; i < findings->len; i++) {
    Finding *finding = g_ptr_array_index(findings, i);
    const Exemption *exemption = exemption_find(exemptions, finding_rule(finding), finding, now);
    if (exemption == NULL || exemption_ended(exemption, now))
      continue;
    g_free(finding->exempt_reason);
    g_free(finding->exempt_until);
    finding->exempt_reason = g_strdup(exemption->reason);
    finding->exempt_until = exemption_end_as_text(exemption->expires);
  }
}

/* "*", "**", "**" "/" "*": whatever there is. */
static bool
is_boundless(const GStrv patterns)
{
  for (char **pattern = patterns; pattern != NULL && *pattern != NULL; pattern++)
    if ((*pattern)[strspn(*pattern, "*/")] == '\0')
      return true;
  return is_empty(patterns);
}

bool
exemption_is_boundless(const Exemption *exemption, bool whole)
{
  if (!is_empty(exemption->ids))
    return false; /* "*" among them is how one says so */
  return whole ? is_boundless(exemption->repositories)
               : is_boundless(exemption->packages) && is_boundless(exemption->paths) &&
                     is_empty(exemption->values);
}

/* --- in words --- */

/* Rounded down, before 1970, too. */
static int64_t
seconds_of(int64_t microseconds)
{
  int64_t seconds = microseconds / G_USEC_PER_SEC;
  return seconds * G_USEC_PER_SEC > microseconds ? seconds - 1 : seconds;
}

char *
exemption_end_in_words(int64_t expires)
{
  if (expires == 0)
    return g_strdup("for good");
  /* RFC 3339 text of it has lost the microseconds. */
  g_autoptr(GDateTime) end = g_date_time_new_from_unix_utc(seconds_of(expires));
  bool is_day = seconds_of(exemption_day_end(expires - expires % DAY)) == seconds_of(expires);
  return end == NULL ? g_strdup("a day far away")
                     : g_date_time_format(end, is_day ? "%Y-%m-%d" : "%Y-%m-%dT%H:%M:%SZ");
}

static void
append_list(GString *text, const char *before, const GStrv list)
{
  for (guint i = 0; !is_empty(list) && list[i] != NULL; i++) {
    if (i == WORDS_MAX) {
      g_string_append_printf(text, " and %u more", g_strv_length(list) - WORDS_MAX);
      return;
    }
    g_autofree char *shown = slice_to_printable(slice_from_string(list[i]), LENGTH_MAX);
    g_string_append_printf(text, "%s%s", i == 0 ? before : ", ", shown);
  }
}

char *
exemption_in_words(const Exemption *exemption)
{
  GString *text = g_string_new(NULL);
  append_list(text, "", exemption->ids);
  append_list(text, text->len == 0 ? "" : " of ", exemption->rules);
  if (text->len == 0)
    g_string_append(text, "all findings");
  append_list(text, " in ", exemption->packages);
  append_list(text, " at ", exemption->paths);
  append_list(text, " of the value ", exemption->values);
  append_list(text, " of ", exemption->repositories);
  return g_string_free(text, FALSE);
}

char *
exemption_end_as_text(int64_t expires)
{
  g_autoptr(GDateTime) end =
      expires == 0 ? NULL : g_date_time_new_from_unix_utc(seconds_of(expires));
  return end == NULL ? NULL : g_date_time_format_iso8601(end);
}
