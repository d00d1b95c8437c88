/* Arch Linux's security tracker: groups of vulnerabilities that one version of packages repairs.
 *   [{"name": "AVG-20", "packages": ["curl", "lib32-curl"], "status": "Fixed", "severity": "Low",
 *     "type": "denial of service", "affected": "7.50.2-1", "fixed": "7.50.3-1",
 *     "issues": ["CVE-2016-7167"], "advisories": ["ASA-201609-19"]}]
 * `affected` is the version that the distribution had when the group was made, not the first that
 * is affected. */
#include <string.h>

#include "advisory/feeds/feeds.h"
#include "base/error.h"
#include "base/json.h"

#define ECOSYSTEM     "arch"
#define TRACKER_PAGES "https://security.archlinux.org/"

/* What the words of `status` are to us; false: one that the tracker never used. A fix that is only
 * in the repository for testing cannot be had yet: it bounds what is affected. */
static bool
read_status(const json_t *group, AdvisoryRange *range)
{
  static const struct {
    const char *status;
    AdvisoryState state;
    bool has_fix;
  } words[] = {{"Fixed", STATE_FIXED, true},
               {"Testing", STATE_AFFECTED, true},
               {"Vulnerable", STATE_AFFECTED, false},
               {"Unknown", STATE_UNDER_REVIEW, false},
               {"Not affected", STATE_NOT_AFFECTED, false}};
  const char *status = json_get_string(group, "status");
  for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
    if (g_strcmp0(status, words[i].status) != 0)
      continue;
    range->state = words[i].state;
    range->fixed_version = words[i].has_fix ? json_get_string(group, "fixed") : NULL;
    if (range->state == STATE_AFFECTED)
      range->release_version = json_get_string(group, "affected");
    return range->state != STATE_FIXED || range->fixed_version != NULL;
  }
  return false;
}

static bool
add_details(const json_t *group, const char *id, Severity severity, const FeedSink *sink,
            GError **error)
{
  AdvisoryDetails details = ADVISORY_DETAILS_UNKNOWN;
  g_autofree char *page = g_strconcat(TRACKER_PAGES, json_get_string(group, "name"), NULL);
  char *references[] = {page, NULL};
  const char *type = json_get_string(group, "type");
  details.id = id;
  details.title = g_strcmp0(type, "unknown") != 0 ? type : NULL;
  details.references = references;
  details.severity = severity;
  return feed_sink_add_details(sink, &details, error);
}

static bool
add_group(const json_t *group, const FeedSink *sink, uint64_t *skipped, GError **error)
{
  const char *name = json_get_string(group, "name");
  g_auto(GStrv) packages = json_get_strings(group, "packages");
  g_auto(GStrv) issues = json_get_strings(group, "issues");
  g_auto(GStrv) advisories = json_get_strings(group, "advisories");
  AdvisoryRange range = {.ecosystem = ECOSYSTEM, .scheme = VERSION_ALPM};
  if (name == NULL || *name == '\0' || packages == NULL)
    return feed_skip(sink, skipped, "a group without a name or packages");
  if (!read_status(group, &range))
    return feed_skip(sink, skipped, "the status of a group is not known, or has no version");
  const char *vendor = advisories != NULL && *advisories[0] != '\0' ? advisories[0] : name;
  severity_parse(json_get_string(group, "severity"), &range.severity);
  char *own[] = {(char *)(uintptr_t)name, NULL};
  for (char **issue = issues != NULL ? issues : own; *issue != NULL; issue++)
    for (char **package = packages; *package != NULL; package++) {
      range.id = *issue;
      range.package = *package;
      range.vendor_id = strcmp(*issue, vendor) != 0 ? vendor : NULL;
      if (**issue == '\0' || **package == '\0')
        feed_skip(sink, skipped, "an issue or a package without a name");
      else if (!feed_sink_add_range(sink, &range, error))
        return false;
    }
  return add_details(group, vendor, range.severity, sink, error);
}

bool
arch_tracker_parse(Slice text, const char *ecosystem, const FeedSink *sink, uint64_t *skipped,
                   GError **error)
{
  g_autoptr(json_t) groups = json_parse(text, error);
  size_t index;
  json_t *group;
  if (groups == NULL)
    return false;
  if (!json_is_array(groups) || json_array_size(groups) == 0)
    return error_set(error, ASSAY_ERROR_INVALID, "not the security tracker's list of groups");
  feed_sink_add_ecosystem(sink, ECOSYSTEM);
  json_array_foreach(groups, index, group) {
    if (!add_group(group, sink, skipped, error))
      return false;
  }
  return true;
}

static bool
arch_tracker_read(FeedContext *context, const char *path, GError **error)
{
  return feed_parse_file(context, path, arch_tracker_parse, error);
}

static const FeedSource sources[] = {
    {"arch", "https://security.archlinux.org/all.json"},
    {NULL},
};
const FeedType arch_tracker_feed = {"arch-tracker", feed_fetch_one_file, arch_tracker_read,
                                    sources};
