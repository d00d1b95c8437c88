/* What is made of OSV records, and what every distribution says in them in its own way. The real
 * databases are counted where they are present: each record becomes statements, or is left out for
 * a reason. */
#include <fcntl.h>

#include "advisory/feeds/unpack.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/json.h"
#include "feed-cases.h"

#define OSV_OF(ecosystem, id, more, affected)                                                      \
  "{\"id\": \"" id "\", " more "\"affected\": [{\"package\": {\"ecosystem\": \"" ecosystem         \
  "\", \"name\": \"p\"}, " affected "}]}"
#define OSV(id, more, affected) OSV_OF("AlmaLinux:9", id, more, affected)
#define EVENTS(events)          "\"ranges\": [{\"type\": \"ECOSYSTEM\", \"events\": [" events "]}]"

/* The others keep to the ecosystem of the cases. */
static bool
parse_any(Slice text, const char *ecosystem, const FeedSink *sink, uint64_t *skipped,
          GError **error)
{
  return osv_parse(text, NULL, sink, skipped, error);
}

static const FeedCase cases[] = {
    {"osv: fixed", osv_parse,
     OSV("CVE-2024-1", "", EVENTS("{\"introduced\": \"0\"}, {\"fixed\": \"2\"}")),
     "CVE-2024-1 almalinux:9 p fixed fixed=2\ndetails CVE-2024-1\n"},
    {"osv: kinds of weakness, and what is none", osv_parse,
     OSV("CVE-2024-1",
         "\"database_specific\": {\"cwe_ids\": [\"CWE-1333\", \"cwe-79\", \"CWE-79\", \"CWE-0\", "
         "\"CWE-\", \"CWE-65536\", \"CWE-+7\", \"CWE- 7\", \"CWE-7a\", \"NVD-CWE-noinfo\", \"79\", "
         "7, "
         "null, {}, \"CWE-1\", \"CWE-2\", \"CWE-3\", \"CWE-4\", \"CWE-5\", \"CWE-6\", "
         "\"CWE-8\"]}, ",
         EVENTS("{\"introduced\": \"0\"}, {\"fixed\": \"2\"}")),
     "CVE-2024-1 almalinux:9 p fixed fixed=2\ndetails CVE-2024-1 cwe=1333 cwe=79 cwe=1 cwe=2 cwe=3 "
     "cwe=4 cwe=5 cwe=6\n"},
    {"osv: kinds of weakness of malicious packages", osv_parse,
     OSV("MAL-1", "",
         EVENTS("{\"introduced\": \"0\"}") ", \"database_specific\": {\"cwes\": [{\"cweId\": "
                                           "\"CWE-506\", \"name\": \"n\"}, 7, {\"cweId\": 7}, "
                                           "{\"cweId\": \"CWE-506\"}]}"),
     "MAL-1 almalinux:9 p affected critical\ndetails MAL-1 cwe=506\n"},
    {"osv: kinds of weakness in another form", osv_parse,
     OSV("CVE-2024-1", "\"database_specific\": {\"cwe_ids\": \"CWE-79\"}, ",
         EVENTS("{\"introduced\": \"0\"}, {\"fixed\": \"2\"}")),
     "CVE-2024-1 almalinux:9 p fixed fixed=2\ndetails CVE-2024-1\n"},
    {"osv: two intervals, the last open", osv_parse,
     OSV("CVE-2024-1", "",
         EVENTS("{\"introduced\": \"1\"}, {\"fixed\": \"2\"}, {\"introduced\": \"3\"}")),
     "CVE-2024-1 almalinux:9 p fixed from=1 fixed=2\nCVE-2024-1 almalinux:9 p affected from=3\n"
     "details CVE-2024-1\n"},
    {"osv: last affected", osv_parse,
     OSV("CVE-2024-1", "", EVENTS("{\"introduced\": \"0\"}, {\"last_affected\": \"2\"}")),
     "CVE-2024-1 almalinux:9 p affected last=2\ndetails CVE-2024-1\n"},
    {"osv: versions", osv_parse, OSV("CVE-2024-1", "", "\"versions\": [\"1\", \"2\"]"),
     "CVE-2024-1 almalinux:9 p affected from=1 last=1\n"
     "CVE-2024-1 almalinux:9 p affected from=2 last=2\ndetails CVE-2024-1\n"},
    {"osv: listed, and in no range", parse_any,
     OSV_OF(
         "npm", "CVE-2024-1", "",
         EVENTS(
             "{\"introduced\": \"1.0.0\"}, {\"fixed\": \"2.0.0\"}, "
             "{\"introduced\": \"3.0.0\"}, {\"last_affected\": \"3.1.0\"}") ", \"versions\": "
                                                                            "[\"0.9.0\", "
                                                                            "\"1.0.0\", \"1.5.0\", "
                                                                            "\"2.0.0\", \"3.1.0\", "
                                                                            "\"3.1.1\"]"),
     "CVE-2024-1 npm p fixed from=1.0.0 fixed=2.0.0\n"
     "CVE-2024-1 npm p affected from=3.0.0 last=3.1.0\n"
     "CVE-2024-1 npm p affected from=0.9.0 last=0.9.0\n"
     "CVE-2024-1 npm p affected from=2.0.0 last=2.0.0\n"
     "CVE-2024-1 npm p affected from=3.1.1 last=3.1.1\ndetails CVE-2024-1\n"},
    {"osv: what the release had when nothing was fixed", osv_parse,
     OSV("CVE-2024-1", "", EVENTS("{\"introduced\": \"0\"}") ", \"versions\": [\"1\", \"1.2\"]"),
     "CVE-2024-1 almalinux:9 p affected has=1.2\ndetails CVE-2024-1\n"},
    {"osv: builds of one architecture", osv_parse,
     "{\"id\": \"CVE-2024-1\", \"affected\": [{\"package\": {\"ecosystem\": \"AlmaLinux:9\", "
     "\"name\": \"p\", \"purl\": \"pkg:rpm/almalinux/p?distro=9&arch=aarch64\"}, " EVENTS(
         "{\"introduced\": \"0\"}, {\"fixed\": \"2\"}") "}]}",
     "CVE-2024-1 almalinux:9 p fixed fixed=2 arch=aarch64\ndetails CVE-2024-1\n"},
    {"osv: a source is of no architecture", osv_parse,
     "{\"id\": \"CVE-2024-1\", \"affected\": [{\"package\": {\"ecosystem\": \"AlmaLinux:9\", "
     "\"name\": \"p\", \"purl\": \"pkg:rpm/almalinux/p?arch=source\"}, " EVENTS(
         "{\"introduced\": \"0\"}, {\"fixed\": \"2\"}") "}]}",
     "CVE-2024-1 almalinux:9 p fixed fixed=2\ndetails CVE-2024-1\n"},
    {"osv: alias and score", osv_parse,
     OSV("GHSA-1",
         "\"aliases\": [\"CVE-2024-1\"], \"severity\": [{\"type\": \"CVSS_V3\", \"score\": "
         "\"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H\"}], ",
         EVENTS("{\"introduced\": \"0\"}")),
     "CVE-2024-1 almalinux:9 p affected vendor=GHSA-1\n"
     "details CVE-2024-1 alias=GHSA-1 cvss=9.8\n"},
    {"osv: an erratum of two CVEs", osv_parse,
     OSV("ALSA-2024:1",
         "\"summary\": \"Important: p security update\", \"related\": [\"CVE-2024-1\", "
         "\"CVE-2024-2\"], ",
         EVENTS("{\"introduced\": \"0\"}, {\"fixed\": \"2\"}")),
     "CVE-2024-1 almalinux:9 p fixed fixed=2 vendor=ALSA-2024:1 high\n"
     "CVE-2024-2 almalinux:9 p fixed fixed=2 vendor=ALSA-2024:1 high\n"
     "details ALSA-2024:1 title=Important: p security update\n"},
    {"osv: an erratum for a bug is no vulnerability", osv_parse,
     OSV("ALBA-2024:1", "\"summary\": \"p bug fix update\", \"related\": [], ",
         EVENTS("{\"introduced\": \"0\"}, {\"fixed\": \"2\"}")),
     ""},
    {"osv: an erratum for a bug that names one", osv_parse,
     OSV("ALBA-2024:1", "\"related\": [\"CVE-2024-1\"], ",
         EVENTS("{\"introduced\": \"0\"}, {\"fixed\": \"2\"}")),
     "CVE-2024-1 almalinux:9 p fixed fixed=2 vendor=ALBA-2024:1\n"
     "details CVE-2024-1 alias=ALBA-2024:1\n"},
    {"osv: a security erratum without a number", osv_parse,
     OSV("ALSA-2024:1", "", EVENTS("{\"introduced\": \"0\"}, {\"fixed\": \"2\"}")),
     "ALSA-2024:1 almalinux:9 p fixed fixed=2\ndetails ALSA-2024:1\n"},
    {"osv: a distribution's view of a CVE", osv_parse,
     OSV("DEBIAN-CVE-2024-1", "", EVENTS("{\"introduced\": \"0\"}")),
     "CVE-2024-1 almalinux:9 p affected\ndetails CVE-2024-1 alias=DEBIAN-CVE-2024-1\n"},
    {"osv: what is only related is not it", osv_parse,
     OSV("GHSA-1", "\"related\": [\"CVE-2024-1\"], ", EVENTS("{\"introduced\": \"0\"}")),
     "GHSA-1 almalinux:9 p affected\ndetails GHSA-1\n"},
    {"osv: withdrawn", osv_parse,
     OSV("CVE-2024-1", "\"withdrawn\": \"2024-01-01T00:00:00Z\", ",
         EVENTS("{\"introduced\": \"0\"}")),
     ""},
    {"osv: git ranges alone say nothing of versions", osv_parse,
     OSV("CVE-2024-1", "",
         "\"ranges\": [{\"type\": \"GIT\", \"events\": [{\"introduced\": \"0\"}]}]"),
     "details CVE-2024-1\n"},
    {"osv: no package", osv_parse, "{\"id\": \"CVE-2024-1\", \"affected\": [{}]}",
     "details CVE-2024-1\n", 1},
    {"osv: no id", osv_parse, "{}", NULL},
    {"osv: cut", osv_parse, "{\"id\": \"CVE", NULL},
    {"osv: events out of order", osv_parse,
     OSV("CVE-2024-1", "",
         EVENTS("{\"fixed\": \"10\"}, {\"introduced\": \"9\"}, {\"fixed\": \"2\"}, "
                "{\"introduced\": \"0\"}, {\"fixed\": \"11\"}")),
     "CVE-2024-1 almalinux:9 p fixed fixed=2\nCVE-2024-1 almalinux:9 p fixed from=9 fixed=10\n"
     "details CVE-2024-1\n"},
    {"osv: events in the order in which versions are held against them", parse_any,
     OSV_OF("Packagist", "CVE-2024-1", "",
            EVENTS("{\"introduced\": \"0\"}, {\"last_affected\": \"1-p1\"}, "
                   "{\"introduced\": \"1.1.9.0\"}, {\"fixed\": \"3\"}")),
     "CVE-2024-1 packagist p affected last=1-p1\n"
     "CVE-2024-1 packagist p fixed from=1.1.9.0 fixed=3\ndetails CVE-2024-1\n"},
    {"osv: a limit", osv_parse,
     OSV("CVE-2024-1", "", EVENTS("{\"introduced\": \"1\"}, {\"limit\": \"5\"}")),
     "CVE-2024-1 almalinux:9 p affected from=1 fixed=5\ndetails CVE-2024-1\n"},
    {"osv: no limit", osv_parse,
     OSV("CVE-2024-1", "", EVENTS("{\"introduced\": \"1\"}, {\"limit\": \"*\"}")),
     "CVE-2024-1 almalinux:9 p affected from=1\ndetails CVE-2024-1\n"},
    {"osv: a first day is no date", osv_parse,
     OSV("CVE-2024-1",
         "\"withdrawn\": \"0001-01-01T00:00:00Z\", \"published\": "
         "\"0001-01-01T00:00:00Z\", \"modified\": \"2026-01-01T00:00:00Z\", ",
         EVENTS("{\"introduced\": \"0\"}")),
     "CVE-2024-1 almalinux:9 p affected\ndetails CVE-2024-1 to=2026-01-01T00:00:00Z\n"},
    {"osv: a vector that we cannot score", osv_parse,
     OSV("CVE-2024-1", "\"severity\": [{\"type\": \"CVSS_V4\", \"score\": \"CVSS:4.0/AV:N\"}], ",
         EVENTS("{\"introduced\": \"0\"}")),
     "CVE-2024-1 almalinux:9 p affected\ndetails CVE-2024-1 vector=CVSS:4.0/AV:N\n"},
    {"osv: a vector of version 4 behind a broken one", osv_parse,
     OSV("CVE-2024-1",
         "\"severity\": [{\"type\": \"CVSS_V3\", \"score\": \"CVSS:3.1/AV:N\"}, "
         "{\"type\": \"CVSS_V2\", \"score\": \"AV:N/AC:L/Au:N/C:P/I:P/A:P\"}, "
         "{\"type\": \"CVSS_V4\", \"score\": "
         "\"CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N\"}], ",
         EVENTS("{\"introduced\": \"0\"}")),
     "CVE-2024-1 almalinux:9 p affected\ndetails CVE-2024-1 cvss=9.3\n"},
    {"osv: Ubuntu's priority, beside a vector", osv_parse,
     OSV("UBUNTU-CVE-2024-1",
         "\"severity\": [{\"type\": \"CVSS_V3\", \"score\": "
         "\"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H\"}, {\"type\": \"Ubuntu\", \"score\": "
         "\"low\"}], ",
         EVENTS("{\"introduced\": \"0\"}")),
     "CVE-2024-1 almalinux:9 p affected low\n"
     "details CVE-2024-1 alias=UBUNTU-CVE-2024-1 cvss=9.8\n"},
    {"osv: the severity of a package", osv_parse,
     OSV("CVE-2024-1", "\"summary\": \"Low: p\", ",
         "\"severity\": [{\"type\": \"Ubuntu\", \"score\": \"high\"}, {\"type\": \"CVSS_V3\", "
         "\"score\": \"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H\"}], " EVENTS(
             "{\"introduced\": \"0\"}")),
     "CVE-2024-1 almalinux:9 p affected high\ndetails CVE-2024-1 title=Low: p cvss=9.8\n"},
    {"osv: what Debian's tracker says of a release", parse_any,
     OSV_OF("Debian:12", "DEBIAN-CVE-2024-1", "\"upstream\": [\"CVE-2024-1\"], ",
            "\"ecosystem_specific\": {\"urgency\": \"unimportant\"}, " EVENTS(
                "{\"introduced\": \"0\"}")),
     "CVE-2024-1 debian:12 p unimportant negligible\n"
     "details CVE-2024-1 alias=DEBIAN-CVE-2024-1\n"},
    {"osv: end of life in Debian", parse_any,
     OSV_OF("Debian:11", "DEBIAN-CVE-2024-1", "",
            "\"ecosystem_specific\": {\"urgency\": \"end-of-life\"}, " EVENTS(
                "{\"introduced\": \"0\"}")),
     "CVE-2024-1 debian:11 p end-of-life\ndetails CVE-2024-1 alias=DEBIAN-CVE-2024-1\n"},
    {"osv: Rocky names the source", parse_any,
     OSV_OF("Rocky Linux:9", "RLSA-2024:1", "\"upstream\": [\"CVE-2024-1\"], ",
            EVENTS("{\"introduced\": \"0\"}, {\"fixed\": \"0:2-1.el9\"}")),
     "CVE-2024-1 rocky:9 source:p fixed fixed=0:2-1.el9 vendor=RLSA-2024:1\n"
     "details CVE-2024-1 alias=RLSA-2024:1\n"},
    {"osv: Azure Linux names the source", parse_any,
     OSV_OF("Azure Linux:2", "AZL-1", "\"upstream\": [\"CVE-2024-1\"], ",
            EVENTS("{\"introduced\": \"0\"}, {\"last_affected\": \"2-1\"}")),
     "CVE-2024-1 mariner:2.0 source:p affected last=2-1 vendor=AZL-1\n"
     "details CVE-2024-1 alias=AZL-1\n"},
    {"osv: the small SUSE lists the binaries, too", parse_any,
     OSV_OF("SUSE:Linux Micro 6.0", "SUSE-SU-2024:1-1", "\"related\": [\"CVE-2024-1\"], ",
            "\"ecosystem_specific\": {\"binaries\": [{\"libp3\": \"2-1\"}]}, " EVENTS(
                "{\"introduced\": \"0\"}, {\"fixed\": \"2-1\"}")),
     "CVE-2024-1 sl-micro:6.0 libp3 fixed fixed=2-1 vendor=SUSE-SU-2024:1-1\n"
     "details CVE-2024-1 alias=SUSE-SU-2024:1-1\n"},
    {"osv: an urgency from elsewhere", parse_any,
     OSV_OF("Debian:12", "DEBIAN-CVE-2024-1", "",
            "\"ecosystem_specific\": {\"urgency\": \"low**\"}, " EVENTS("{\"introduced\": \"0\"}")),
     "CVE-2024-1 debian:12 p affected low\ndetails CVE-2024-1 alias=DEBIAN-CVE-2024-1\n"},
    {"osv: SUSE names the source and lists the binaries", parse_any,
     OSV_OF(
         "SUSE:Linux Enterprise Server 15 SP5", "SUSE-SU-2024:1-1",
         "\"related\": [\"CVE-2024-1\"], ",
         "\"ecosystem_specific\": {\"binaries\": [{\"libp3\": \"2-1\", \"p\": \"2-1\"}]}, " EVENTS(
             "{\"introduced\": \"0\"}, {\"fixed\": \"2-1\"}")),
     "CVE-2024-1 sles:15.5 libp3 fixed fixed=2-1 vendor=SUSE-SU-2024:1-1\n"
     "CVE-2024-1 sles:15.5 p fixed fixed=2-1 vendor=SUSE-SU-2024:1-1\n"
     "details CVE-2024-1 alias=SUSE-SU-2024:1-1\n"},
    {"osv: a package of a module that the summary names", osv_parse,
     OSV("ALSA-2024:1",
         "\"summary\": \"Moderate: virt:rhel and virt-devel:rhel security update\", \"related\": "
         "[\"CVE-2024-1\"], ",
         EVENTS("{\"introduced\": \"0\"}, {\"fixed\": \"2-1.module_el8.6.0+1+abc\"}")),
     "CVE-2024-1 almalinux:9 p fixed fixed=2-1.module_el8.6.0+1+abc vendor=ALSA-2024:1 "
     "module=virt:rhel medium\n"
     "CVE-2024-1 almalinux:9 p fixed fixed=2-1.module_el8.6.0+1+abc vendor=ALSA-2024:1 "
     "module=virt-devel:rhel medium\n"
     "details CVE-2024-1 alias=ALSA-2024:1 title=Moderate: virt:rhel and virt-devel:rhel security "
     "update\n"},
    {"osv: a package of a module that nothing names", osv_parse,
     OSV("ALSA-2024:1", "\"summary\": \"Low: ruby update\", \"related\": [\"CVE-2024-1\"], ",
         EVENTS("{\"introduced\": \"0\"}, {\"fixed\": \"2-1.module+el8.6.0\"}")),
     "CVE-2024-1 almalinux:9 p fixed fixed=2-1.module+el8.6.0 vendor=ALSA-2024:1 module=* low\n"
     "details CVE-2024-1 alias=ALSA-2024:1 title=Low: ruby update\n"},
    {"osv: a version in the summary is no module", osv_parse,
     OSV("ALSA-2024:1", "\"summary\": \"Low: pam:1.5.1 update\", \"related\": [\"CVE-2024-1\"], ",
         EVENTS("{\"introduced\": \"0\"}, {\"fixed\": \"1.5.1-22.el9_5\"}")),
     "CVE-2024-1 almalinux:9 p fixed fixed=1.5.1-22.el9_5 vendor=ALSA-2024:1 low\n"
     "details CVE-2024-1 alias=ALSA-2024:1 title=Low: pam:1.5.1 update\n"},
};

static void
test_parser(void)
{
  feed_cases_run(cases, G_N_ELEMENTS(cases));
}

static void
test_sink_errors(void)
{
  feed_cases_run_against_errors(cases, G_N_ELEMENTS(cases));
}

/* --- what one record may come to --- */

static char *
record_of(const char *id, unsigned cves, unsigned versions)
{
  g_autoptr(GString) text = g_string_new(NULL);
  g_string_append_printf(text, "{\"id\": \"%s\", \"upstream\": [", id);
  for (unsigned i = 0; i < cves; i++)
    g_string_append_printf(text, "%s\"CVE-2024-%u\"", i > 0 ? "," : "", i);
  g_string_append(text,
                  "], \"affected\": [{\"package\": {\"ecosystem\": \"npm\", \"name\": \"p\"}, "
                  "\"versions\": [");
  for (unsigned i = 0; i < versions; i++)
    g_string_append_printf(text, "%s\"%u\"", i > 0 ? "," : "", i);
  g_string_append(text, "]}]}");
  return g_strdup(text->str);
}

static bool
count_statement(const AdvisoryRange *range, void *count, GError **error)
{
  (*(unsigned *)count)++;
  return true;
}

static void
test_extent(void)
{
  static const struct {
    const char *name;
    unsigned cves, versions, statements;
  } extents[] = {
      {"few", 3, 5, 15},
      {"as many as there may be", FEED_STATEMENTS_MAX / 5000, 5000, FEED_STATEMENTS_MAX},
      {"one more", FEED_STATEMENTS_MAX / 5000, 5001, 0},
      {"many of one", 1, 20000, 20000},
      {"a few lines that ask for two thousand million", 100000, 20000, 0},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(extents); i++) {
    g_test_message("case: %s", extents[i].name);
    g_autofree char *text = record_of("GHSA-1", extents[i].cves, extents[i].versions);
    g_autoptr(GError) error = NULL;
    unsigned statements = 0;
    uint64_t skipped = 0;
    const FeedSink sink = {.range = count_statement, .data = &statements};
    bool parsed = osv_parse(slice_from_string(text), NULL, &sink, &skipped, &error);
    g_assert_cmpuint(statements, ==, extents[i].statements);
    g_assert_cmpuint(skipped, ==, 0);
    if (extents[i].statements > 0) {
      g_assert_no_error(error);
      continue;
    }
    g_assert_false(parsed);
    g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_LIMIT);
    g_assert_true(g_str_has_prefix(error->message, "GHSA-1: "));
  }
}

/* The others of its feed are taken, and it is named. */
static void
test_too_large_is_left_out(void)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *folder = g_dir_make_tmp("assay-osv-XXXXXX", &error);
  g_assert_no_error(error);
  static char name[] = "feed", type[] = "osv";
  const FeedSettings config = {.name = name, .type = type};
  unsigned statements = 0;
  const FeedSink sink = {.range = count_statement, .data = &statements};
  g_autoptr(GPtrArray) messages = g_ptr_array_new_with_free_func(g_free);
  FeedContext context = {.config = &config, .sink = &sink, .notes = messages};
  for (unsigned large = 0; large < 2; large++) {
    g_autofree char *path = g_strdup_printf("%s/%u.json", folder, large);
    g_autofree char *text = record_of(large > 0 ? "GHSA-2" : "GHSA-1", 2000, large > 0 ? 9999 : 2);
    g_assert_true(g_file_set_contents(path, text, -1, &error));
  }
  g_assert_true(feed_type_find("osv")->read(&context, folder, &error));
  g_assert_no_error(error);
  g_assert_cmpuint(statements, ==, 4000);
  g_assert_cmpuint(context.skipped, ==, 1);
  g_assert_cmpuint(messages->len, ==, 1);
  g_assert_true(g_str_has_prefix(messages->pdata[0], "feed: left out: GHSA-2: would be more than"));
  g_assert_true(directory_remove(AT_FDCWD, folder, NULL));
}

/* --- the real databases --- */

typedef struct {
  unsigned records, withdrawn, without_versions, of_bugs; /* as the records themselves say */
  unsigned given, silent; /* records that gave statements, and that did not */
  unsigned statements;
  uint64_t skipped;
} Tally;

static bool
count_range(const AdvisoryRange *range, void *data, GError **error)
{
  g_assert_nonnull(range->id);
  g_assert_true(range->state != STATE_FIXED || range->fixed_version != NULL);
  ((Tally *)data)->statements++;
  return true;
}

static bool
has_versions(const json_t *record)
{
  size_t index, at;
  json_t *affected, *range;
  json_array_foreach(json_get_array(record, "affected"), index, affected) {
    if (json_array_size(json_get_array(affected, "versions")) > 0)
      return true;
    json_array_foreach(json_get_array(affected, "ranges"), at, range) {
      if (g_strcmp0(json_get_string(range, "type"), "GIT") != 0)
        return true;
    }
  }
  return false;
}

static bool
names_a_cve(const json_t *record)
{
  g_auto(GStrv) related = json_get_strings(record, "related");
  bool named = false;
  for (char **name = related; name != NULL && *name != NULL; name++)
    named = named || g_str_has_prefix(*name, "CVE-");
  return named;
}

static bool
tally_record(const char *name, Slice content, void *data, GError **error)
{
  Tally *tally = data;
  const FeedSink sink = {.range = count_range, .data = tally};
  unsigned before = tally->statements;
  g_autoptr(json_t) record = json_parse(content, error);
  g_assert_no_error(*error);
  tally->records++;
  bool withdrawn = json_get_string(record, "withdrawn") != NULL;
  tally->withdrawn += withdrawn;
  const char *id = json_get_string(record, "id");
  bool of_bug =
      (g_str_has_prefix(id, "ALBA-") || g_str_has_prefix(id, "ALEA-")) && !names_a_cve(record);
  tally->of_bugs += of_bug;
  tally->without_versions += !withdrawn && !of_bug && !has_versions(record);
  if (!osv_parse(content, NULL, &sink, &tally->skipped, error))
    return false;
  tally->given += tally->statements > before;
  tally->silent += tally->statements == before;
  return true;
}

static void
test_real_databases(void)
{
  static const char *const names[] = {"AlmaLinux", "Go", "Packagist", "PyPI", "npm", "crates.io"};
  const char *shared = g_getenv("ASSAY_SHARED");
  for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
    g_autofree char *file = g_strconcat(names[i], ".zip", NULL);
    g_autofree char *path =
        g_build_filename(shared != NULL ? shared : "../shared", "data", "osv", file, NULL);
    g_autoptr(GError) error = NULL;
    Tally tally = {0};
    if (!g_file_test(path, G_FILE_TEST_EXISTS)) {
      g_test_skip("the real data is not here");
      return;
    }
    bool unpacked =
        unpack_all(UNPACK_ZIP, path, "*.json", G_MAXINT, G_MAXUINT, tally_record, &tally, &error);
    g_assert_no_error(error);
    g_assert_true(unpacked);
    g_test_message("%s: %u records, %u statements, %u withdrawn, %u without versions", names[i],
                   tally.records, tally.statements, tally.withdrawn, tally.without_versions);
    g_assert_cmpuint(tally.given, >, 400);
    g_assert_cmpuint(tally.skipped, ==, 0);
    g_assert_cmpuint(tally.given + tally.silent, ==, tally.records);
    g_assert_cmpuint(tally.silent, ==, tally.withdrawn + tally.without_versions + tally.of_bugs);
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  feed_cases_open_cage();
  g_test_add_func("/osv/parser", test_parser);
  g_test_add_func("/osv/sink-errors", test_sink_errors);
  g_test_add_func("/osv/extent", test_extent);
  g_test_add_func("/osv/too-large", test_too_large_is_left_out);
  g_test_add_func("/osv/real-databases", test_real_databases);
  return g_test_run();
}
