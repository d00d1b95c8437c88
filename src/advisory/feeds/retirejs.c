/* RetireJS's list of libraries for browsers, jsrepository: under the name of each, what is
 * vulnerable, from `atOrAbove` on and `below` a version. How RetireJS finds the libraries is in the
 * same file and is not read: Assay has rules of its own (inspect/programs/version_rules_browser.c),
 * whose names are npm's. */
#include <string.h>

#include "advisory/feeds/feeds.h"
#include "base/error.h"
#include "base/json.h"

/* A bundle of weaknesses that says: nobody maintains it. */
#define UNMAINTAINED "CWE-1104"

/* What npm calls it, where the list does not say. */
static const char *
package_name(const char *key, const json_t *library)
{
  static const struct {
    const char *key, *npm;
  } names[] = {{"ember", "ember-source"}, {"easyXDM", "easyxdm"}, {"ExtJS", "extjs"}};
  const char *npm = json_get_string(library, "npmname");
  for (size_t i = 0; npm == NULL && i < G_N_ELEMENTS(names); i++)
    if (strcmp(names[i].key, key) == 0)
      npm = names[i].npm;
  return npm != NULL ? npm : key;
}

/* The CVE numbers, else GitHub's id, else what the library's own makers call it. (transfer full):
 * none, where it has no name at all. */
static GStrv
find_ids(const char *name, const json_t *identifiers)
{
  static const char *const members[] = {"retid",   "issue", "bug",    "PR",
                                        "release", "osvdb", "tenable"};
  GStrv cves = json_get_strings(identifiers, "CVE");
  if (cves != NULL)
    return cves;
  g_autoptr(GStrvBuilder) ids = g_strv_builder_new();
  const char *github = json_get_string(identifiers, "githubID");
  if (github != NULL)
    g_strv_builder_add(ids, github);
  for (size_t i = 0; github == NULL && i < G_N_ELEMENTS(members); i++) {
    const char *number = json_get_string(identifiers, members[i]);
    if (number == NULL)
      continue;
    g_autofree char *id = g_strdup_printf("RETIREJS-%s-%s-%s", name, members[i], number);
    g_strv_builder_add(ids, id);
    break;
  }
  return g_strv_builder_end(ids);
}

static bool
is_unmaintained(const json_t *vulnerability)
{
  g_auto(GStrv) weaknesses = json_get_strings(vulnerability, "cwe");
  return weaknesses != NULL && g_strv_contains((const char *const *)weaknesses, UNMAINTAINED);
}

static bool
add_one(const AdvisoryRange *range, const json_t *vulnerability, const FeedSink *sink,
        GError **error)
{
  const json_t *identifiers = json_get_object(vulnerability, "identifiers");
  const char *github = json_get_string(identifiers, "githubID");
  bool other = github != NULL && strcmp(github, range->id) != 0;
  char *aliases[] = {other ? (char *)(uintptr_t)github : NULL, NULL};
  g_auto(GStrv) references = json_get_strings(vulnerability, "info");
  AdvisoryDetails details = ADVISORY_DETAILS_UNKNOWN;
  details.id = range->id;
  details.aliases = other ? aliases : NULL;
  details.title = json_get_string(identifiers, "summary");
  details.references = references;
  cwes_add_all(&details.cwes, json_get_array(vulnerability, "cwe"));
  return feed_sink_add_range(sink, range, error) && feed_sink_add_details(sink, &details, error);
}

static bool
add_vulnerability(const char *name, const json_t *vulnerability, const FeedSink *sink,
                  uint64_t *skipped, GError **error)
{
  const char *below = json_get_string(vulnerability, "below");
  g_auto(GStrv) ids = find_ids(name, json_get_object(vulnerability, "identifiers"));
  if (is_unmaintained(vulnerability))
    return feed_skip(sink, skipped, "an end of support, which is no vulnerability");
  if (below == NULL || ids[0] == NULL)
    return feed_skip(sink, skipped,
                     "an entry without a name, or without a version that it is below");
  AdvisoryRange range = {.ecosystem = "npm",
                         .package = name,
                         .scheme = VERSION_NPM,
                         .state = STATE_FIXED,
                         .introduced = json_get_string(vulnerability, "atOrAbove"),
                         .fixed_version = below};
  severity_parse(json_get_string(vulnerability, "severity"), &range.severity);
  for (char **id = ids; *id != NULL; id++) {
    range.id = *id;
    if (!add_one(&range, vulnerability, sink, error))
      return false;
  }
  return true;
}

bool
retirejs_parse(Slice text, const char *ecosystem, const FeedSink *sink, uint64_t *skipped,
               GError **error)
{
  g_autoptr(json_t) repository = json_parse(text, error);
  const char *key;
  json_t *library, *vulnerability;
  bool any = false;
  if (repository == NULL)
    return false;
  json_object_foreach(repository, key, library) {
    size_t index;
    any |= json_is_object(json_object_get(library, "extractors"));
    json_array_foreach(json_object_get(library, "vulnerabilities"), index, vulnerability) {
      if (!add_vulnerability(package_name(key, library), vulnerability, sink, skipped, error))
        return false;
    }
  }
  return any || error_set(error, ASSAY_ERROR_INVALID,
                          "not RetireJS's jsrepository: no library has `extractors`");
}

static bool
retirejs_read(FeedContext *context, const char *path, GError **error)
{
  return feed_parse_file(context, path, retirejs_parse, error);
}

const FeedType retirejs_feed = {"retirejs", feed_fetch_one_file, retirejs_read, NULL};
