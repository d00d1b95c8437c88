/* Packages of applications against records of OSV: by each ecosystem's rules, and against the real
 * databases where they are present. */
#include <string.h>

#include "../advisory/database-fixture.h"
#include "../advisory/feed-cases.h"
#include "advisory/feeds/unpack.h"
#include "inventory/ecosystem.h"
#include "verdict/finding.h"
#include "verdict/match.h"

/* --- a record and a version --- */

#define RECORD(ecosystem, name, id, affected)                                                      \
  "{\"id\": \"" id "\", \"affected\": [{\"package\": {\"ecosystem\": \"" ecosystem                 \
  "\", \"name\": \"" name "\"}, " affected "}]}"
#define RANGE(type, events)         "\"ranges\": [{\"type\": \"" type "\", \"events\": [" events "]}]"
#define FIXED(version)              "{\"introduced\": \"0\"}, {\"fixed\": \"" version "\"}"
#define OF(ecosystem, type, events) RECORD(ecosystem, "p", "CVE-2026-1", RANGE(type, events))

typedef struct {
  const char *record, *ecosystem, *name, *version;
  const char *expected; /* "affected", "clean", "undecided" */
} Case;

static const Case cases[] = {
    /* An advisory's range of npm does not follow npm's own rule of prereleases. */
    {OF("npm", "SEMVER", FIXED("2.0.0")), "npm", "p", "1.4.4-lts.1", "affected"},
    {OF("npm", "SEMVER", FIXED("2.0.0")), "npm", "p", "2.0.0-beta", "affected"},
    {OF("npm", "SEMVER", FIXED("2.0.0")), "npm", "p", "2.0.0", "clean"},
    {OF("npm", "SEMVER", FIXED("2.0.0")), "npm", "P", "1.0.0", "clean"},
    {OF("npm", "SEMVER", FIXED("2.0.0")), "npm", "p", "unknown", "undecided"},
    /* Several events, several intervals. */
    {OF("npm", "SEMVER", FIXED("1.3.3") ", {\"introduced\": \"2.0.0\"}, {\"fixed\": \"2.3.1\"}"),
     "npm", "p", "1.9.0", "clean"},
    {OF("npm", "SEMVER", FIXED("1.3.3") ", {\"introduced\": \"2.0.0\"}, {\"fixed\": \"2.3.1\"}"),
     "npm", "p", "2.3.0", "affected"},
    /* PyPI: a bound that is included covers local versions; names are normalised on both sides. */
    {OF("PyPI", "ECOSYSTEM", "{\"introduced\": \"0\"}, {\"last_affected\": \"1.0\"}"), "pypi", "p",
     "1.0+local", "affected"},
    {OF("PyPI", "ECOSYSTEM", FIXED("1.0")), "pypi", "p", "1.0+local", "clean"},
    {OF("PyPI", "ECOSYSTEM", FIXED("1.0")), "pypi", "p", "1.0rc1", "affected"},
    {OF("PyPI", "ECOSYSTEM", FIXED("1.0")), "pypi", "p", "1.2..4", "undecided"},
    {RECORD("PyPI", "Ruamel.Yaml", "CVE-2026-1", RANGE("ECOSYSTEM", FIXED("1.0"))), "pypi",
     "ruamel_yaml", "0.9", "affected"},
    /* Exact lists, where there is no range of versions. */
    {RECORD("PyPI", "p", "CVE-2026-1", "\"versions\": [\"1.0\", \"1.2\"]"), "pypi", "p", "1.2.0",
     "affected"},
    {RECORD("PyPI", "p", "CVE-2026-1", "\"versions\": [\"1.0\", \"1.2\"]"), "pypi", "p", "1.1",
     "clean"},
    {RECORD("npm", "p", "MAL-2026-1", "\"versions\": [\"1.0.0\"]"), "npm", "p", "unknown", "clean"},
    {RECORD("npm", "p", "MAL-2026-1", RANGE("SEMVER", "{\"introduced\": \"0\"}")), "npm", "p",
     "unknown", "affected"},
    /* GitHub's last known version, where there is no fix. */
    {RECORD(
         "npm", "p", "CVE-2026-1",
         RANGE("SEMVER",
               "{\"introduced\": \"0\"}") ", \"database_specific\": "
                                          "{\"last_known_affected_version_range\": \"<= 1.5.0\"}"),
     "npm", "p", "1.5.0", "affected"},
    {RECORD(
         "npm", "p", "CVE-2026-1",
         RANGE("SEMVER",
               "{\"introduced\": \"0\"}") ", \"database_specific\": "
                                          "{\"last_known_affected_version_range\": \"<= 1.5.0\"}"),
     "npm", "p", "1.5.1", "clean"},
    {RECORD(
         "npm", "p", "CVE-2026-1",
         RANGE("SEMVER",
               "{\"introduced\": \"0\"}") ", \"database_specific\": "
                                          "{\"last_known_affected_version_range\": \"< 1.5.0\"}"),
     "npm", "p", "1.5.0", "clean"},
    /* Go: what comes before any tag says nothing of tags. */
    {OF("Go", "SEMVER", FIXED("1.13.2")), "go", "p", "v0.0.0-20220101000000-0123456789ab",
     "undecided"},
    {OF("Go", "SEMVER", FIXED("0.0.0-20190125091013-d26f9f9a57f3")), "go", "p",
     "v0.0.0-20180101000000-0123456789ab", "affected"},
    {OF("Go", "SEMVER", FIXED("0.0.0-20190125091013-d26f9f9a57f3")), "go", "p",
     "v0.0.0-20220101000000-0123456789ab", "clean"},
    {OF("Go", "SEMVER", FIXED("0.0.0-20190125091013-d26f9f9a57f3")), "go", "p", "v0.1.0", "clean"},
    {OF("Go", "SEMVER", FIXED("1.13.2")), "go", "p", "v1.13.2-0.20220101000000-0123456789ab",
     "affected"},
    {OF("Go", "SEMVER", FIXED("1.13.2")), "go", "p", "(devel)", "undecided"},
    {OF("Go", "SEMVER", FIXED("3.2.1")), "go", "p", "v3.2.0+incompatible", "affected"},
    {RECORD("Go", "stdlib", "CVE-2026-1",
            RANGE("SEMVER", "{\"introduced\": \"1.21.0-0\"}, {\"fixed\": \"1.21.0-rc.3\"}")),
     "go", "stdlib", "go1.21rc2", "affected"},
    {RECORD("Go", "stdlib", "CVE-2026-1",
            RANGE("SEMVER", "{\"introduced\": \"1.21.0-0\"}, {\"fixed\": \"1.21.0-rc.3\"}")),
     "go", "stdlib", "1.20.9", "clean"},
    {OF("Maven:https://repo.spring.io", "ECOSYSTEM", FIXED("5.2.26")), "maven", "p",
     "5.2.25.RELEASE", "affected"},
    {OF("Maven", "ECOSYSTEM", FIXED("1.0")), "maven", "p", "1.0-SNAPSHOT", "affected"},
    {OF("Maven", "ECOSYSTEM", FIXED("1.0")), "maven", "p", "unspecified", "undecided"},
    {OF("RubyGems", "ECOSYSTEM", FIXED("1.19.3")), "rubygems", "p", "1.19.3-x86_64-linux-musl",
     "clean"},
    {OF("RubyGems", "ECOSYSTEM", FIXED("1.19.3")), "rubygems", "p", "1.19.2-java", "affected"},
    {RECORD("NuGet", "Newtonsoft.Json", "CVE-2026-1", RANGE("ECOSYSTEM", FIXED("13.0.1"))), "nuget",
     "newtonsoft.JSON", "12.0.3", "affected"},
    {OF("Packagist", "ECOSYSTEM", "{\"introduced\": \"1.0.0\"}, {\"fixed\": \"2.0\"}"), "packagist",
     "P", "v1.0", "affected"},
    {OF("Packagist", "ECOSYSTEM", FIXED("2.0")), "packagist", "p", "dev-main", "undecided"},
    {OF("Packagist", "ECOSYSTEM", FIXED("2.0")), "packagist", "p", "2.0.0", "clean"},
    {RECORD("SwiftURL", "https://github.com/apple/swift-nio.git", "CVE-2026-1",
            RANGE("SEMVER", FIXED("2.39.1"))),
     "swifturl", "github.com/apple/swift-nio", "2.39.0", "affected"},
    {OF("Bitnami", "SEMVER", "{\"introduced\": \"0\"}, {\"last_affected\": \"2.3.1\"}"), "bitnami",
     "p", "2.3.1-7", "affected"},
    {OF("CRAN", "ECOSYSTEM", FIXED("0.9-10")), "cran", "p", "0.9-9", "affected"},
    {OF("Hackage", "ECOSYSTEM", FIXED("1.2.0.1")), "hackage", "p", "1.2.0.1", "clean"},
    {OF("Pub", "SEMVER", FIXED("1.0.0+2")), "pub", "p", "1.0.0+1", "affected"},
    {OF("crates.io", "SEMVER", FIXED("1.0.0")), "crates.io", "p", "1.0.0-rc.1", "affected"},
    {OF("Hex", "SEMVER", FIXED("1.0.0")), "hex", "p", "1.0.0", "clean"},
};

static bool
build_range(const AdvisoryRange *range, void *data, GError **error)
{
  return advisory_builder_add_range(data, range, error);
}

static bool
build_details(const AdvisoryDetails *details, void *data, GError **error)
{
  return advisory_builder_add_details(data, details, error);
}

static void
count_fact(const MatchFact *fact, void *data)
{
  g_hash_table_add(data, g_strdup(fact->id));
}

/* What the database says of one package: the ids, and *@undecided. (transfer full) */
static GHashTable *
look_up(AdvisoryDatabase *database, const char *ecosystem, const char *name, const char *version,
        bool *undecided)
{
  g_autoptr(GError) error = NULL;
  GHashTable *ids = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  Package package = {.type = (char *)(uintptr_t)ecosystem_find(ecosystem)->package_type,
                     .name = (char *)(uintptr_t)name,
                     .version = (char *)(uintptr_t)version,
                     .source_name = (char *)(uintptr_t)name,
                     .source_version = (char *)(uintptr_t)version};
  g_assert_true(
      match_package_facts(database, ecosystem, &package, count_fact, ids, undecided, &error));
  g_assert_no_error(error);
  return ids;
}

static void
test_case(Fixture *fixture, gconstpointer data)
{
  const Case *test = data;
  g_autoptr(GError) error = NULL;
  uint64_t skipped = 0;
  bool undecided = false;
  g_autoptr(AdvisoryBuilder) builder = new_builder(fixture, "osv");
  const FeedSink sink = {.range = build_range, .details = build_details, .data = builder};
  g_assert_true(osv_parse(slice_from_string(test->record), NULL, &sink, &skipped, &error));
  finish(builder);
  g_autoptr(AdvisoryDatabase) database = open_database(fixture);
  g_autoptr(GHashTable) ids =
      look_up(database, test->ecosystem, test->name, test->version, &undecided);
  bool found = g_hash_table_size(ids) > 0;
  g_assert_false(found && undecided);
  g_test_message("%s %s: %s", test->ecosystem, test->version, test->record);
  g_assert_cmpstr(found ? "affected" : undecided ? "undecided" : "clean", ==, test->expected);
}

/* --- malicious packages --- */

static void
test_malware(Fixture *fixture, gconstpointer data)
{
  static const char record[] = RECORD("npm", "p", "MAL-2026-1", "\"versions\": [\"1.0.0\"]");
  static const char other[] = OF("npm", "SEMVER", FIXED("2.0.0"));
  g_autoptr(GError) error = NULL;
  uint64_t skipped = 0;
  g_autoptr(AdvisoryBuilder) builder = new_builder(fixture, "osv");
  const FeedSink sink = {.range = build_range, .details = build_details, .data = builder};
  g_assert_true(osv_parse(slice_from_string(record), NULL, &sink, &skipped, &error));
  g_assert_true(osv_parse(slice_from_string(other), NULL, &sink, &skipped, &error));
  finish(builder);
  g_autoptr(AdvisoryDatabase) database = open_database(fixture);
  g_autoptr(AdvisoryDetails) details = advisory_database_details(database, "MAL-2026-1", &error);
  g_assert_nonnull(details);
  g_assert_cmpint(details->severity, ==, SEVERITY_CRITICAL);
  g_assert_true(advisory_is_malware(details->id));
  g_assert_cmpstr(finding_kind_name(FINDING_MALWARE), ==, "malware");
}

/* --- the real databases --- */

typedef struct {
  const char *file, *ecosystem;
  unsigned statements; /* at least */
  struct {
    const char *name, *version, *id;
    bool affected;
  } packages[4];
} Archive;

static const Archive archives[] = {
    {"npm-ghsa",
     "npm",
     2500,
     {{"lodash", "4.17.20", "CVE-2021-23337", true},
      {"lodash", "4.17.21", "CVE-2021-23337", false}}},
    {"npm", "npm", 400, {{"lodash", "4.17.4", "CVE-2018-3721", true}}},
    {"Maven",
     "maven",
     7000,
     {{"org.apache.logging.log4j:log4j-core", "2.14.1", "CVE-2021-44228", true},
      {"org.apache.logging.log4j:log4j-core", "2.12.2", "CVE-2021-44228", false},
      {"org.apache.logging.log4j:log4j-core", "2.17.1", "CVE-2021-44228", false}}},
    {"PyPI",
     "pypi",
     2600,
     {{"Django", "3.2.0", "CVE-2021-31542", true}, {"django", "3.2.1", "CVE-2021-31542", false}}},
    {"Go",
     "go",
     5000,
     {{"golang.org/x/net", "v0.16.0", "CVE-2023-39325", true},
      {"golang.org/x/net", "v0.17.0", "CVE-2023-39325", false},
      {"stdlib", "go1.16", "CVE-2021-27919", true},
      {"stdlib", "1.16.1", "CVE-2021-27919", false}}},
    {"RubyGems",
     "rubygems",
     1500,
     {{"actionpack", "2.1.2", "CVE-2008-7248", true},
      {"actionpack", "2.1.3", "CVE-2008-7248", false}}},
    {"NuGet",
     "nuget",
     2000,
     {{"Newtonsoft.Json", "12.0.3", "CVE-2024-21907", true},
      {"newtonsoft.json", "13.0.1", "CVE-2024-21907", false}}},
    {"Packagist",
     "packagist",
     5000,
     {{"symfony/http-kernel", "v2.3.18", "CVE-2014-5245", true},
      {"symfony/http-kernel", "2.3.19", "CVE-2014-5245", false}}},
    {"crates.io",
     "crates.io",
     1000,
     {{"tokio", "1.5.0", "CVE-2021-38191", true}, {"tokio", "1.5.1", "CVE-2021-38191", false}}},
};

typedef struct {
  AdvisoryBuilder *builder;
  unsigned statements;
} Import;

static bool
import_range(const AdvisoryRange *range, void *data, GError **error)
{
  Import *import = data;
  import->statements++;
  return advisory_builder_add_range(import->builder, range, error);
}

static bool
import_record(const char *name, Slice content, void *data, GError **error)
{
  uint64_t skipped = 0;
  const FeedSink sink = {.range = import_range, .data = data};
  return osv_parse(content, NULL, &sink, &skipped, error);
}

static void
test_archive(Fixture *fixture, gconstpointer data)
{
  const Archive *archive = data;
  g_autoptr(GError) error = NULL;
  const char *shared = g_getenv("ASSAY_SHARED");
  g_autofree char *file = g_strconcat(archive->file, ".zip", NULL);
  g_autofree char *path =
      g_build_filename(shared != NULL ? shared : "../shared", "data", "osv", file, NULL);
  if (!g_file_test(path, G_FILE_TEST_EXISTS)) {
    g_test_skip("the real data is not here");
    return;
  }
  g_autoptr(AdvisoryBuilder) builder = new_builder(fixture, archive->file);
  Import import = {builder, 0};
  bool unpacked =
      unpack_all(UNPACK_ZIP, path, "*.json", G_MAXINT, G_MAXUINT, import_record, &import, &error);
  g_assert_no_error(error);
  g_assert_true(unpacked);
  finish(builder);
  g_test_message("%s: %u statements", archive->file, import.statements);
  g_assert_cmpuint(import.statements, >=, archive->statements);
  g_autoptr(AdvisoryDatabase) database = open_database(fixture);
  for (size_t i = 0; i < G_N_ELEMENTS(archive->packages) && archive->packages[i].name; i++) {
    bool undecided = false;
    const char *name = archive->packages[i].name, *version = archive->packages[i].version;
    g_autoptr(GHashTable) ids = look_up(database, archive->ecosystem, name, version, &undecided);
    g_test_message("%s %s: %u vulnerabilities", name, version, g_hash_table_size(ids));
    g_assert_cmpint(g_hash_table_contains(ids, archive->packages[i].id), ==,
                    archive->packages[i].affected);
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  feed_cases_open_cage();
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *path = g_strdup_printf("/applications/case/%zu", i);
    g_test_add(path, Fixture, &cases[i], set_up, test_case, tear_down);
  }
  g_test_add("/applications/malware", Fixture, NULL, set_up, test_malware, tear_down);
  for (size_t i = 0; i < G_N_ELEMENTS(archives); i++) {
    g_autofree char *path = g_strdup_printf("/applications/archive/%s", archives[i].file);
    g_test_add(path, Fixture, &archives[i], set_up, test_archive, tear_down);
  }
  return g_test_run();
}
