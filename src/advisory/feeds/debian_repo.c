/* The debian-repo feed: from a suite's sources and their changelogs to statements.
 *
 * Each CVE that an entry of a changelog names is taken as fixed by that entry's version, the oldest
 * entry that names it counting. When no CVE leads to the suite's newest version, the update itself
 * becomes a statement with an id of ours, SUITE/SOURCE/VERSION, so that the set of sources with a
 * fix is what the package manager would upgrade. All are derived: an advisory overrides them. */
#include <fcntl.h>
#include <string.h>

#include "advisory/feeds/changelog.h"
#include "advisory/feeds/debian-private.h"
#include "advisory/feeds/debian_release.h"
#include "advisory/feeds/debian_source.h"
#include "advisory/feeds/feeds.h"
#include "base/error.h"
#include "base/fd.h"
#include "inventory/ecosystem.h"
#include "text/deb822.h"
#include "version/version.h"

#define ENTRIES_MAX 20000u

typedef struct {
  FeedContext *context;
  const char *ecosystem;
  bool packages_known;
} SuiteReader;

/* A CVE and the entry that fixed it first, as the text of its version. */
typedef struct {
  char *version, *advisory;
} CveFix;

static void
cve_fix_free(gpointer data)
{
  CveFix *fix = data;
  g_free(fix->version);
  g_free(fix->advisory);
  g_free(fix);
}

/* id -> CveFix. Entries come newest first, so the last one that names a CVE is the oldest. Whatever
 * was built on it has the fix too, and may have a lower version: 5.2.5-2.1~deb11u1
 * follows 5.2.5-2.1.
 */
static GHashTable *
read_fixes(Slice changelog)
{
  GHashTable *fixes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, cve_fix_free);
  ChangelogEntry entry;
  Slice lowest = SLICE_EMPTY;
  for (unsigned i = 0; i < ENTRIES_MAX && changelog_next_entry(&changelog, &entry); i++) {
    if (lowest.size == 0 || version_compare(VERSION_DEBIAN, entry.version, lowest) < 0)
      lowest = entry.version;
    Slice body = entry.body, advisory = changelog_find_advisory(entry.body);
    char id[CVE_TEXT_MAX];
    while (changelog_next_cve(&body, id)) {
      CveFix *fix = g_new0(CveFix, 1);
      fix->version = slice_to_utf8(lowest);
      fix->advisory = advisory.size > 0 ? slice_to_utf8(advisory) : NULL;
      g_hash_table_replace(fixes, g_strdup(id), fix);
    }
  }
  return fixes;
}

/* A fix that has no binaries for this architecture yet cannot be installed. */
static bool
can_be_installed(const SuiteReader *reader, const DebianSource *source, const char *version)
{
  return !reader->packages_known ||
         (source->installable != NULL &&
          version_compare_strings(VERSION_DEBIAN, version, source->installable) <= 0);
}

static bool
add_statement(const SuiteReader *reader, const DebianSource *source, const char *id,
              const char *version, const char *advisory, GError **error)
{
  bool installable = can_be_installed(reader, source, version);
  g_autofree char *note =
      installable ? NULL
                  : g_strdup_printf("fixed in source version %s, which is not built for %s yet",
                                    version, debian_architecture());
  AdvisoryRange range = {.id = id,
                         .ecosystem = reader->ecosystem,
                         .package = source->name,
                         .scheme = VERSION_DEBIAN,
                         .state = installable ? STATE_FIXED : STATE_AFFECTED,
                         .fixed_version = version,
                         .vendor_id = advisory,
                         .note = note,
                         .derived = true};
  return feed_sink_add_range(reader->context->sink, &range, error);
}

/* The update itself, when no CVE speaks for it. */
static bool
add_own_statement(const SuiteReader *reader, const DebianSource *source, const char *version,
                  Slice changelog, GError **error)
{
  const char *suite = reader->context->config->suite;
  g_autofree char *id = g_strdup_printf("%s/%s/%s", suite, source->name, version);
  g_autofree char *title =
      g_strdup_printf("Update of %s to %s in %s", source->name, version, suite);
  ChangelogEntry entry = {0};
  bool has_entry = changelog_next_entry(&changelog, &entry);
  g_autofree char *text = has_entry ? slice_to_utf8(slice_strip(entry.body)) : NULL;
  Slice advisory = has_entry ? changelog_find_advisory(entry.body) : SLICE_EMPTY;
  g_autofree char *vendor_id = advisory.size > 0 ? slice_to_utf8(advisory) : NULL;
  AdvisoryDetails details = ADVISORY_DETAILS_UNKNOWN;
  details.id = id;
  details.title = title;
  details.description = text;
  return add_statement(reader, source, id, version, vendor_id, error) &&
         feed_sink_add_details(reader->context->sink, &details, error);
}

static bool
read_source(const SuiteReader *reader, const char *folder, const DebianSource *source,
            GError **error)
{
  g_autofree char *path = debian_changelog_path(folder, source->name, source->version);
  g_autoptr(GBytes) bytes = file_read(AT_FDCWD, path, DEBIAN_CHANGELOG_MAX, NULL);
  Slice changelog = slice_from_bytes(bytes);
  g_autoptr(GHashTable) fixes = read_fixes(changelog);
  const char *newest =
      reader->packages_known && source->installable != NULL ? source->installable : source->version;
  bool newest_has_cve = false;
  GHashTableIter iter;
  gpointer id, value;
  g_hash_table_iter_init(&iter, fixes);
  while (g_hash_table_iter_next(&iter, &id, &value)) {
    const CveFix *fix = value;
    newest_has_cve |= version_compare_strings(VERSION_DEBIAN, fix->version, newest) == 0;
    if (!add_statement(reader, source, id, fix->version, fix->advisory, error))
      return false;
  }
  return newest_has_cve || add_own_statement(reader, source, newest, changelog, error);
}

static bool
debian_read(FeedContext *context, const char *path, GError **error)
{
  g_autofree char *release_path = g_build_filename(path, "Release", NULL);
  g_autoptr(GBytes) release = file_read(AT_FDCWD, release_path, DEBIAN_RELEASE_MAX, error);
  if (release == NULL)
    return false;
  Slice text = slice_from_bytes(release);
  SuiteReader reader = {.context = context};
  g_autofree char *ecosystem = context->config->ecosystem != NULL
                                   ? g_strdup(context->config->ecosystem)
                                   : debian_release_ecosystem(text, error);
  g_autofree char *date = deb822_get_text(text, "Date");
  g_autoptr(GHashTable) sources =
      ecosystem == NULL
          ? NULL
          : debian_read_indices(path, text, debian_architecture(), &reader.packages_known,
                                context->sink, &context->skipped, error);
  if (sources == NULL)
    return false;
  reader.ecosystem = ecosystem;
  feed_sink_add_ecosystem(context->sink, ecosystem);
  feed_sink_set_source_date(context->sink, date);
  GHashTableIter iter;
  gpointer source;
  g_hash_table_iter_init(&iter, sources);
  while (g_hash_table_iter_next(&iter, NULL, &source))
    if (!read_source(&reader, path, source, error))
      return false;
  return true;
}

const FeedType debian_repo_feed = {"debian-repo", debian_fetch, debian_read};
