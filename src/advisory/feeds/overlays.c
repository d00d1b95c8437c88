/* The feeds that say something of vulnerabilities, not of packages: KEV and EPSS. */
#include <string.h>

#include "advisory/feeds/feeds.h"
#include "base/error.h"
#include "base/json.h"

/* The notes are addresses, separated by " ; ", with words between them. (transfer full) */
static GStrv
find_addresses(const char *notes)
{
  g_autoptr(GStrvBuilder) found = g_strv_builder_new();
  g_auto(GStrv) words = g_strsplit_set(notes != NULL ? notes : "", " ;,", -1);
  for (char **word = words; *word != NULL; word++)
    if (g_str_has_prefix(*word, "https://") || g_str_has_prefix(*word, "http://"))
      g_strv_builder_add(found, *word);
  return g_strv_builder_end(found);
}

bool
kev_parse(Slice text, const char *ecosystem, const FeedSink *sink, uint64_t *skipped,
          GError **error)
{
  g_autoptr(json_t) catalog = json_parse(text, error);
  if (catalog == NULL)
    return false;
  json_t *list = json_get_array(catalog, "vulnerabilities"), *entry;
  if (list == NULL)
    return error_set(error, ASSAY_ERROR_INVALID, "not a KEV catalog: no `vulnerabilities`");
  feed_sink_set_source_date(sink, json_get_string(catalog, "dateReleased"));
  size_t index;
  json_array_foreach(list, index, entry) {
    AdvisoryDetails details = ADVISORY_DETAILS_UNKNOWN;
    details.id = json_get_string(entry, "cveID");
    details.known_exploited = true;
    details.known_exploited_due = json_get_string(entry, "dueDate");
    details.title = json_get_string(entry, "vulnerabilityName");
    details.description = json_get_string(entry, "shortDescription");
    g_auto(GStrv) references = find_addresses(json_get_string(entry, "notes"));
    details.references = references;
    cwes_add_all(&details.cwes, json_get_array(entry, "cwes"));
    if (!advisory_is_cve(details.id))
      feed_skip(sink, skipped, "an entry without a CVE number");
    else if (!feed_sink_add_details(sink, &details, error))
      return false;
  }
  return true;
}

/* A number from 0 to 1; the locale does not matter. */
static bool
parse_share(Slice text, double *share)
{
  g_autofree char *string = slice_to_string(text);
  char *end;
  *share = g_ascii_strtod(string, &end);
  return end != string && *end == '\0' && *share >= 0 && *share <= 1;
}

/* "#model_version:v2025.03.14,score_date:2025-06-01T12:55:00Z" */
static void
tell_score_date(Slice comment, const FeedSink *sink)
{
  Slice field;
  while (slice_next_field(&comment, ',', &field))
    if (slice_has_prefix(field, SLICE_LITERAL("score_date:"))) {
      g_autofree char *date = slice_to_utf8(slice_sub(field, strlen("score_date:"), field.size));
      feed_sink_set_source_date(sink, date);
    }
}

bool
epss_parse(Slice text, const char *ecosystem, const FeedSink *sink, uint64_t *skipped,
           GError **error)
{
  Slice line;
  bool has_head = false;
  while (slice_next_line(&text, &line)) {
    Slice id = SLICE_EMPTY, score = SLICE_EMPTY, percentile = SLICE_EMPTY;
    if (line.size == 0)
      continue;
    if (line.data[0] == '#') {
      tell_score_date(line, sink);
      continue;
    }
    if (!has_head) {
      has_head = slice_has_prefix(line, SLICE_LITERAL("cve,epss,percentile"));
      if (!has_head)
        return error_set(error, ASSAY_ERROR_INVALID,
                         "not EPSS scores: the head is not \"cve,epss,percentile\"");
      continue;
    }
    AdvisoryDetails details = ADVISORY_DETAILS_UNKNOWN;
    bool whole = slice_next_field(&line, ',', &id) && slice_next_field(&line, ',', &score) &&
                 slice_next_field(&line, ',', &percentile);
    if (!whole || !slice_has_prefix(id, SLICE_LITERAL("CVE-")) ||
        !parse_share(score, &details.epss_score) ||
        !parse_share(percentile, &details.epss_percentile)) {
      feed_skip(sink, skipped, "a line that is not a CVE number and two numbers from 0 to 1");
      continue;
    }
    g_autofree char *name = slice_to_utf8(id);
    details.id = name;
    if (!feed_sink_add_details(sink, &details, error))
      return false;
  }
  return has_head || error_set(error, ASSAY_ERROR_INVALID, "not EPSS scores: empty");
}

static bool
kev_read(FeedContext *context, const char *path, GError **error)
{
  return feed_parse_file(context, path, kev_parse, error);
}

static bool
epss_read(FeedContext *context, const char *path, GError **error)
{
  return feed_parse_file(context, path, epss_parse, error);
}

static const FeedSource kev_sources[] = {
    {"kev", "https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json"},
    {NULL},
};
const FeedType kev_feed = {"kev", feed_fetch_one_file, kev_read, kev_sources};
static const FeedSource epss_sources[] = {
    {"epss", "https://epss.empiricalsecurity.com/epss_scores-current.csv.gz"},
    {NULL},
};
const FeedType epss_feed = {"epss", feed_fetch_one_file, epss_read, epss_sources};
