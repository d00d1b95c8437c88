/* The Debian security tracker's JSON: source package -> vulnerability -> releases.
 *   {"openssl": {"CVE-2024-1": {"description": "...", "releases": {"bookworm": {
 *      "status": "resolved", "fixed_version": "3.0.1-1", "urgency": "medium",
 *      "nodsa": "Minor issue", "nodsa_reason": "ignored"}}}}}
 * The file has tens of megabytes: it is read one source package at a time. */
#include <string.h>

#include "advisory/feeds/feeds.h"
#include "base/error.h"
#include "base/json.h"
#include "inventory/ecosystem.h"

#define TRACKER_PAGES "https://security-tracker.debian.org/tracker/"

static void
skip_blanks(Slice *rest)
{
  while (rest->size > 0 && strchr(" \t\r\n", rest->data[0]) != NULL && rest->data[0] != '\0')
    *rest = slice_sub(*rest, 1, rest->size);
}

static bool
take_byte(Slice *rest, uint8_t byte)
{
  skip_blanks(rest);
  if (rest->size == 0 || rest->data[0] != byte)
    return false;
  *rest = slice_sub(*rest, 1, rest->size);
  return true;
}

/* The size of the string that @text begins with, its quotes counted; 0 when it does not end. */
static size_t
string_size(Slice text)
{
  for (size_t at = 1; at < text.size; at++) {
    if (text.data[at] == '\\')
      at++;
    else if (text.data[at] == '"')
      return at + 1;
  }
  return 0;
}

/* The size of the object that @text begins with; 0 when it does not end. What is inside is checked
 * when it is parsed. */
static size_t
object_size(Slice text)
{
  size_t depth = 0;
  for (size_t at = 0; at < text.size; at++) {
    uint8_t byte = text.data[at];
    if (byte == '"') {
      size_t size = string_size(slice_sub(text, at, text.size));
      if (size == 0)
        return 0;
      at += size - 1;
    } else if (byte == '{' || byte == '[') {
      depth++;
    } else if ((byte == '}' || byte == ']') && --depth == 0) {
      return at + 1;
    }
  }
  return 0;
}

/* Splits off "name": {...} and the comma after it. */
static bool
next_member(Slice *rest, Slice *name, Slice *value)
{
  skip_blanks(rest);
  if (rest->size == 0 || rest->data[0] != '"')
    return false;
  size_t size = string_size(*rest);
  if (size == 0)
    return false;
  *name = slice_sub(*rest, 1, size - 2);
  *rest = slice_sub(*rest, size, rest->size);
  if (!take_byte(rest, ':'))
    return false;
  skip_blanks(rest);
  if (rest->size == 0 || rest->data[0] != '{' || (size = object_size(*rest)) == 0)
    return false;
  *value = slice_sub(*rest, 0, size);
  *rest = slice_sub(*rest, size, rest->size);
  take_byte(rest, ',');
  return true;
}

/* "medium**" is medium, "not yet assigned" is nothing. */
static Severity
parse_urgency(const char *urgency)
{
  Severity severity = SEVERITY_UNKNOWN;
  g_autofree char *word = urgency != NULL ? g_strndup(urgency, strcspn(urgency, "*")) : NULL;
  severity_parse(word, &severity);
  return severity;
}

/* How the tracker's words become a state; false when they are none that it uses. */
static bool
read_state(const json_t *release, AdvisoryRange *range)
{
  const char *status = json_get_string(release, "status");
  const char *urgency = json_get_string(release, "urgency");
  const char *nodsa = json_get_string(release, "nodsa");
  const char *fixed = json_get_string(release, "fixed_version");
  if (g_strcmp0(status, "resolved") == 0 && fixed != NULL) {
    bool affected = strcmp(fixed, "0") != 0;
    range->state = affected ? STATE_FIXED : STATE_NOT_AFFECTED;
    range->fixed_version = affected ? fixed : NULL;
    return true;
  }
  if (g_strcmp0(status, "undetermined") == 0)
    range->state = STATE_UNDER_REVIEW;
  else if (g_strcmp0(status, "open") != 0)
    return false;
  else if (g_strcmp0(urgency, "end-of-life") == 0)
    range->state = STATE_END_OF_LIFE;
  else if (g_strcmp0(urgency, "unimportant") == 0)
    range->state = STATE_UNIMPORTANT;
  else
    range->state = nodsa != NULL ? STATE_WILL_NOT_FIX : STATE_AFFECTED;
  return true;
}

/* The newest version that the release has, of "repositories": {"bookworm": "1.22.1-9", ...}. */
static const char *
find_release_version(const json_t *release)
{
  const char *newest = NULL, *repository;
  json_t *version;
  json_object_foreach(json_get_object(release, "repositories"), repository, version) {
    const char *text = json_string_value(version);
    if (text != NULL &&
        (newest == NULL || version_compare_strings(VERSION_DEBIAN, text, newest) > 0))
      newest = text;
  }
  return newest;
}

static bool
add_release(const char *source, const char *id, const char *codename, const json_t *release,
            const FeedSink *sink, uint64_t *skipped, GError **error)
{
  const char *status = json_get_string(release, "status");
  const char *nodsa = json_get_string(release, "nodsa");
  const char *reason = json_get_string(release, "nodsa_reason");
  bool has_reason = reason != NULL && reason[0] != '\0';
  g_autofree char *ecosystem = ecosystem_from_codename(codename);
  g_autofree char *note =
      nodsa == NULL ? NULL : g_strconcat(has_reason ? reason : "no-dsa", ": ", nodsa, NULL);
  AdvisoryRange range = {.id = id,
                         .ecosystem = ecosystem,
                         .package = source,
                         .scheme = VERSION_DEBIAN,
                         .severity = parse_urgency(json_get_string(release, "urgency")),
                         .note = note};
  if (ecosystem == NULL)
    return feed_skip(sink, skipped, "the release %s is not known", codename);
  if (!read_state(release, &range))
    return feed_skip(sink, skipped,
                     "the status \"%s\" of a release is not known, or has no version",
                     status != NULL ? status : "");
  if (range.fixed_version == NULL)
    range.release_version = find_release_version(release);
  feed_sink_add_ecosystem(sink, ecosystem);
  return feed_sink_add_range(sink, &range, error);
}

static bool
add_source(const char *source, const json_t *vulnerabilities, const FeedSink *sink,
           uint64_t *skipped, GError **error)
{
  const char *id, *codename;
  json_t *entry, *release;
  json_object_foreach((json_t *)(uintptr_t)vulnerabilities, id, entry) {
    AdvisoryDetails details = ADVISORY_DETAILS_UNKNOWN;
    g_autofree char *page = g_strconcat(TRACKER_PAGES, id, NULL);
    char *references[] = {page, NULL};
    details.id = id;
    details.description = json_get_string(entry, "description");
    details.references = references;
    if (id[0] == '\0') {
      feed_skip(sink, skipped, "a vulnerability without a name");
      continue;
    }
    json_object_foreach(json_get_object(entry, "releases"), codename, release) {
      if (!add_release(source, id, codename, release, sink, skipped, error))
        return false;
    }
    if (!feed_sink_add_details(sink, &details, error))
      return false;
  }
  return true;
}

bool
debian_tracker_parse(Slice text, const char *ecosystem, const FeedSink *sink, uint64_t *skipped,
                     GError **error)
{
  Slice name, value;
  if (!take_byte(&text, '{'))
    return error_set(error, ASSAY_ERROR_INVALID, "not the security tracker's JSON");
  bool has_source = false;
  while (next_member(&text, &name, &value)) {
    has_source = true;
    g_autoptr(json_t) vulnerabilities = json_parse(value, NULL);
    g_autofree char *source = slice_to_utf8(name);
    if (vulnerabilities == NULL || source[0] == '\0')
      feed_skip(sink, skipped, "what is listed of the source %s is not JSON", source);
    else if (!add_source(source, vulnerabilities, sink, skipped, error))
      return false;
  }
  if (!take_byte(&text, '}'))
    return error_set(error, ASSAY_ERROR_INVALID, "the security tracker's JSON is cut or broken");
  return has_source || error_set(error, ASSAY_ERROR_INVALID, "no source package is in it");
}

static bool
debian_tracker_read(FeedContext *context, const char *path, GError **error)
{
  return feed_parse_file(context, path, debian_tracker_parse, error);
}

static const FeedSource sources[] = {
    {"debian", "https://security-tracker.debian.org/tracker/data/json"},
    {NULL},
};
const FeedType debian_tracker_feed = {"debian-tracker", feed_fetch_one_file, debian_tracker_read,
                                      sources};
