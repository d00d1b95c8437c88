/* What each feed's parser makes of its format: states, intervals, ids, and what it skips. The
 * fixtures have the layout that the publishers document; real data is read where it is present. */
#include <fcntl.h>
#include <gio/gio.h>
#include <string.h>

#include "advisory/cvss.h"
#include "advisory/ecosystem.h"
#include "advisory/feeds/feeds.h"
#include "advisory/feeds/unpack.h"
#include "base/error.h"
#include "base/fd.h"

#define REAL_DATA_MAX ((size_t)256 * 1024 * 1024)

static bool
write_range(const AdvisoryRange *range, void *data, GError **error)
{
  g_string_append_printf(data, "%s %s %s %s", range->id, range->ecosystem, range->package,
                         advisory_state_name(range->state));
  const struct {
    const char *name, *value;
  } members[] = {{"from", range->introduced},    {"fixed", range->fixed_version},
                 {"last", range->last_affected}, {"vendor", range->vendor_id},
                 {"module", range->module},      {"note", range->note}};
  for (size_t i = 0; i < G_N_ELEMENTS(members); i++)
    if (members[i].value != NULL)
      g_string_append_printf(data, " %s=%s", members[i].name, members[i].value);
  if (range->severity != SEVERITY_UNKNOWN)
    g_string_append_printf(data, " %s", severity_name(range->severity));
  g_string_append_c(data, '\n');
  return true;
}

static bool
write_details(const AdvisoryDetails *details, void *data, GError **error)
{
  g_string_append_printf(data, "details %s", details->id);
  for (guint i = 0; details->aliases != NULL && details->aliases[i] != NULL; i++)
    g_string_append_printf(data, " alias=%s", details->aliases[i]);
  if (details->cvss_score >= 0)
    g_string_append_printf(data, " cvss=%.1f", details->cvss_score);
  if (details->epss_score >= 0)
    g_string_append_printf(data, " epss=%.5f/%.5f", details->epss_score, details->epss_percentile);
  if (details->known_exploited)
    g_string_append_printf(data, " exploited=%s", details->known_exploited_due);
  g_string_append_c(data, '\n');
  return true;
}

typedef bool (*Parser)(Slice text, const char *ecosystem, const FeedSink *sink, uint64_t *skipped,
                       GError **error);

static bool
parse_tracker(Slice text, const char *ecosystem, const FeedSink *sink, uint64_t *skipped,
              GError **error)
{
  return debian_tracker_parse(text, sink, skipped, error);
}

static bool
parse_kev(Slice text, const char *ecosystem, const FeedSink *sink, uint64_t *skipped,
          GError **error)
{
  return kev_parse(text, sink, skipped, error);
}

static bool
parse_epss(Slice text, const char *ecosystem, const FeedSink *sink, uint64_t *skipped,
           GError **error)
{
  return epss_parse(text, sink, skipped, error);
}

#define TRACKER(release)                                                                           \
  "{\"openssl\": {\"CVE-2024-1\": {\"scope\": \"remote\", \"releases\": {\"bookworm\": {" release  \
  "}}}}}"
#define SECDB(fixes)                                                                               \
  "{\"distroversion\": \"v3.18\", \"reponame\": \"main\", \"packages\": [{\"pkg\": {\"name\": "    \
  "\"openssl\", \"secfixes\": {" fixes "}}}]}"
#define OSV(id, more, affected)                                                                    \
  "{\"id\": \"" id "\", " more "\"affected\": [{\"package\": {\"ecosystem\": \"AlmaLinux:9\", "    \
  "\"name\": \"p\"}, " affected "}]}"
#define EVENTS(events) "\"ranges\": [{\"type\": \"ECOSYSTEM\", \"events\": [" events "]}]"
#define UPDATE(type, body)                                                                         \
  "<updates><update type=\"" type "\"><id>RLSA-1</id>" body "</update></updates>"
#define PACKAGE(attributes)                                                                        \
  "<package name=\"p\" version=\"1\" release=\"2.el9\" " attributes "><filename>f</filename>"      \
  "</package>"

static const struct {
  const char *name;
  Parser parse;
  const char *text, *expected; /* NULL: the whole is an error */
  uint64_t skipped;
} cases[] = {
    {"tracker: fixed", parse_tracker,
     TRACKER("\"status\": \"resolved\", \"fixed_version\": \"3.0.1-1\", \"urgency\": \"medium**\""),
     "CVE-2024-1 debian:12 openssl fixed fixed=3.0.1-1 medium\n"},
    {"tracker: never affected", parse_tracker,
     TRACKER("\"status\": \"resolved\", \"fixed_version\": \"0\", \"urgency\": \"unimportant\""),
     "CVE-2024-1 debian:12 openssl not-affected negligible\n"},
    {"tracker: open", parse_tracker,
     TRACKER("\"status\": \"open\", \"urgency\": \"not yet assigned\""),
     "CVE-2024-1 debian:12 openssl affected\n"},
    {"tracker: no DSA", parse_tracker,
     TRACKER("\"status\": \"open\", \"urgency\": \"low\", \"nodsa\": \"Minor issue\", "
             "\"nodsa_reason\": \"postponed\""),
     "CVE-2024-1 debian:12 openssl will-not-fix note=postponed: Minor issue low\n"},
    {"tracker: no DSA without a reason", parse_tracker,
     TRACKER("\"status\": \"open\", \"nodsa\": \"Minor issue\", \"nodsa_reason\": \"\""),
     "CVE-2024-1 debian:12 openssl will-not-fix note=no-dsa: Minor issue\n"},
    {"tracker: end of life", parse_tracker,
     TRACKER("\"status\": \"open\", \"urgency\": \"end-of-life\""),
     "CVE-2024-1 debian:12 openssl end-of-life\n"},
    {"tracker: unimportant", parse_tracker,
     TRACKER("\"status\": \"open\", \"urgency\": \"unimportant\""),
     "CVE-2024-1 debian:12 openssl unimportant negligible\n"},
    {"tracker: undetermined", parse_tracker, TRACKER("\"status\": \"undetermined\""),
     "CVE-2024-1 debian:12 openssl under-review\n"},
    {"tracker: a word that it never used", parse_tracker, TRACKER("\"status\": \"maybe\""), "", 1},
    {"tracker: one broken source", parse_tracker,
     "{\"a\": {\"x\": tru}, \"b\": {\"CVE-2024-2\": {\"releases\": {\"sid\": {\"status\": "
     "\"open\"}}}}}",
     "CVE-2024-2 debian:sid b affected\n", 1},
    {"tracker: cut", parse_tracker, "{\"openssl\": {\"CVE-2024-1\": {", NULL},
    {"tracker: not an object", parse_tracker, "[]", NULL},
    {"tracker: empty", parse_tracker, "", NULL},

    {"secdb: fixed", alpine_secdb_parse, SECDB("\"3.1.1-r0\": [\"CVE-2023-2650\"]"),
     "CVE-2023-2650 alpine:3.18 openssl fixed fixed=3.1.1-r0\n"},
    {"secdb: never affected", alpine_secdb_parse, SECDB("\"0\": [\"CVE-2022-3996\"]"),
     "CVE-2022-3996 alpine:3.18 openssl not-affected\n"},
    {"secdb: several names", alpine_secdb_parse, SECDB("\"1-r0\": [\"XSA-2 CVE-2019-1\"]"),
     "CVE-2019-1 alpine:3.18 openssl fixed fixed=1-r0\ndetails CVE-2019-1 alias=XSA-2\n"},
    {"secdb: not a string", alpine_secdb_parse, SECDB("\"1-r0\": [7, \"CVE-2019-1\"]"),
     "CVE-2019-1 alpine:3.18 openssl fixed fixed=1-r0\n", 1},
    {"secdb: a branch without fixes", alpine_secdb_parse,
     "{\"distroversion\": \"v3.3\", \"reponame\": \"community\", \"packages\": null}", ""},
    {"secdb: something else", alpine_secdb_parse, "{\"a\": 1}", NULL},
    {"secdb: cut", alpine_secdb_parse, "{\"packages\": [", NULL},

    {"osv: fixed", osv_parse,
     OSV("CVE-2024-1", "", EVENTS("{\"introduced\": \"0\"}, {\"fixed\": \"2\"}")),
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
     "CVE-2024-2 almalinux:9 p fixed fixed=2 vendor=ALSA-2024:1 high\ndetails ALSA-2024:1\n"},
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

    {"updateinfo: one statement a CVE and package", updateinfo_parse,
     UPDATE(
         "security",
         "<severity>Important</severity><references><reference id=\"CVE-2024-1\" "
         "type=\"cve\"/><reference id=\"CVE-2024-2\"/></references><pkglist><collection>" PACKAGE(
             "epoch=\"0\" arch=\"x86_64\"") PACKAGE("epoch=\"0\" arch=\"aarch64\"")
             PACKAGE("arch=\"src\"") "</collection></pkglist>"),
     "CVE-2024-1 almalinux:9 p fixed fixed=1-2.el9 vendor=RLSA-1 high\n"
     "CVE-2024-2 almalinux:9 p fixed fixed=1-2.el9 vendor=RLSA-1 high\ndetails RLSA-1\n"},
    {"updateinfo: epoch, module, no CVE", updateinfo_parse,
     UPDATE("security", "<pkglist><collection><module name=\"nodejs\" stream=\"18\"/>" PACKAGE(
                            "epoch=\"1\" arch=\"noarch\"") "</collection></pkglist>"),
     "RLSA-1 almalinux:9 p fixed fixed=1:1-2.el9 module=nodejs:18\ndetails RLSA-1\n"},
    {"updateinfo: a bug fix is none of ours", updateinfo_parse,
     UPDATE("bugfix", "<pkglist><collection>" PACKAGE("") "</collection></pkglist>"), ""},
    {"updateinfo: a package without its version", updateinfo_parse,
     UPDATE("security", "<pkglist><collection><package name=\"p\"/></collection></pkglist>"),
     "details RLSA-1\n", 1},
    {"updateinfo: entities are refused", updateinfo_parse,
     "<!DOCTYPE updates [<!ENTITY a \"b\">]><updates>&a;</updates>", NULL},
    {"updateinfo: another document", updateinfo_parse, "<html></html>", NULL},
    {"updateinfo: cut", updateinfo_parse, "<updates><update type=\"security\">", NULL},

    {"kev", parse_kev,
     "{\"dateReleased\": \"2025\", \"vulnerabilities\": [{\"cveID\": \"CVE-2024-1\", \"dueDate\": "
     "\"2024-05-01\"}, {\"cveID\": 3}]}",
     "details CVE-2024-1 exploited=2024-05-01\n", 1},
    {"kev: something else", parse_kev, "{}", NULL},
    {"epss", parse_epss,
     "#model_version:v2025,score_date:2025-06-01\ncve,epss,percentile\nCVE-2024-1,0.12345,0.9\n"
     "CVE-2024-2,1.5,0\nCVE-2024-3\n",
     "details CVE-2024-1 epss=0.12345/0.90000\n", 2},
    {"epss: no head", parse_epss, "CVE-2024-1,0.1,0.9\n", NULL},
    {"epss: empty", parse_epss, "", NULL},
};

static void
test_parsers(void)
{
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_test_message("case: %s", cases[i].name);
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) text = g_string_new(NULL);
    const FeedSink sink = {.range = write_range, .details = write_details, .data = text};
    uint64_t skipped = 0;
    bool parsed =
        cases[i].parse(slice_from_string(cases[i].text), "almalinux:9", &sink, &skipped, &error);
    if (cases[i].expected == NULL) {
      g_assert_false(parsed);
      g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_INVALID);
      continue;
    }
    g_assert_no_error(error);
    g_assert_cmpstr(text->str, ==, cases[i].expected);
    g_assert_cmpuint(skipped, ==, cases[i].skipped);
  }
}

static bool
refuse_range(const AdvisoryRange *range, void *data, GError **error)
{
  return error_set(error, ASSAY_ERROR_IO, "the disk is full");
}

/* What the taker of a statement fails with is what the parser fails with. */
static void
test_sink_errors(void)
{
  const FeedSink sink = {.range = refuse_range};
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    if (cases[i].expected == NULL || strstr(cases[i].expected, " almalinux:9 ") == NULL)
      continue;
    g_test_message("case: %s", cases[i].name);
    g_autoptr(GError) error = NULL;
    uint64_t skipped = 0;
    g_assert_false(
        cases[i].parse(slice_from_string(cases[i].text), "almalinux:9", &sink, &skipped, &error));
    g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_IO);
  }
}

static void
test_cvss(void)
{
  /* Scores as NVD and FIRST's examples publish them. */
  static const struct {
    const char *vector;
    double score; /* negative: not a whole vector of a version we score */
  } vectors[] = {
      {"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 9.8},
      {"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", 10.0},
      {"CVSS:3.1/AV:N/AC:H/PR:N/UI:R/S:U/C:L/I:L/A:N", 4.2},
      {"CVSS:3.0/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N", 6.1},
      {"CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H", 7.8},
      {"CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:C/C:L/I:L/A:N", 6.4},
      {"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H", 7.5},
      {"CVSS:3.1/AV:P/AC:H/PR:H/UI:R/S:U/C:N/I:N/A:N", 0.0},
      {"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/E:P/RL:O", 9.8},
      {"AV:N/AC:L/Au:N/C:N/I:N/A:C", 7.8},
      {"AV:N/AC:L/Au:N/C:C/I:C/A:C", 10.0},
      {"AV:L/AC:H/Au:N/C:C/I:C/A:C", 6.2},
      {"AV:N/AC:M/Au:N/C:P/I:P/A:P", 6.8},
      {"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H", -1},
      {"CVSS:3.1/AV:X/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", -1},
      {"CVSS:3.1/AV:N/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", -1},
      {"CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", -1},
      {"", -1},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(vectors); i++) {
    g_test_message("case: %s", vectors[i].vector);
    double score = -1;
    g_assert_cmpint(cvss_base_score(vectors[i].vector, &score), ==, vectors[i].score >= 0);
    g_assert_cmpfloat_with_epsilon(score, vectors[i].score, 1e-9);
  }
}

static void
test_ecosystems(void)
{
  static const struct {
    const char *osv, *ours;
  } names[] = {
      {"Debian:12", "debian:12"},
      {"Alpine:v3.18", "alpine:3.18"},
      {"AlmaLinux:9", "almalinux:9"},
      {"Rocky Linux:8", "rocky:8"},
      {"Ubuntu:22.04:LTS", "ubuntu:22.04"},
      {"Ubuntu:Pro:18.04:LTS", "ubuntu-pro:18.04"},
      {"Red Hat:enterprise_linux:9::baseos", "rhel:9"},
      {"Red Hat:rhel_eus:9.2::baseos", "redhat:rhel_eus:9.2::baseos"},
      {"SUSE:Linux Enterprise Server 15 SP5", "sles:15.5"},
      {"SUSE:Linux Enterprise Module for Basesystem 15 SP5", "sles:15.5"},
      {"openSUSE:Leap 15.5", "opensuse-leap:15.5"},
      {"openSUSE:Tumbleweed", "opensuse-tumbleweed"},
      {"openEuler:22.03-LTS-SP1", "openeuler:22.03-LTS-SP1"},
      {"Azure Linux:3", "azurelinux:3.0"},
      {"Photon OS:5.0", "photon:5.0"},
      {"PyPI", "pypi"},
      {"crates.io", "crates.io"},
      {"Wolfi", "wolfi"},
      {"almalinux:9", "almalinux:9"},
      {"", ""},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
    g_autofree char *ours = ecosystem_from_osv(names[i].osv);
    g_assert_cmpstr(ours, ==, names[i].ours);
  }
}

static bool
count_range(const AdvisoryRange *range, void *data, GError **error)
{
  (*(unsigned *)data)++;
  return true;
}

/* The real files, where they are at hand. */
static void
test_real_data(void)
{
  static const struct {
    const char *path;
    Parser parse;
    unsigned least;
    const char *known;
  } files[] = {
      {"alpine-secdb/v3.11/main.json", alpine_secdb_parse, 1000,
       "CVE-2019-1551 alpine:3.11 openssl fixed fixed=1.1.1d-r3\n"},
      {"wolfi-secdb/security.json", alpine_secdb_parse, 20000, NULL},
      {"known_exploited_vulnerabilities.json", parse_kev, 0, "details CVE-2021-44228 exploited="},
  };
  const char *shared = g_getenv("ASSAY_SHARED");
  g_autofree char *data = g_build_filename(shared != NULL ? shared : "../shared", "data", NULL);
  if (!g_file_test(data, G_FILE_TEST_IS_DIR)) {
    g_test_skip("the real data is not here");
    return;
  }
  for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
    g_test_message("case: %s", files[i].path);
    g_autoptr(GError) error = NULL;
    g_autofree char *path = g_build_filename(data, files[i].path, NULL);
    g_autoptr(GBytes) bytes = file_read(AT_FDCWD, path, REAL_DATA_MAX, &error);
    g_assert_no_error(error);
    g_autoptr(GString) text = g_string_new(NULL);
    const FeedSink writer = {.range = write_range, .details = write_details, .data = text};
    unsigned count = 0;
    const FeedSink counter = {.range = count_range, .data = &count};
    uint64_t skipped = 0;
    g_assert_true(files[i].parse(slice_from_bytes(bytes), "wolfi", &writer, &skipped, &error));
    g_assert_no_error(error);
    g_assert_true(files[i].parse(slice_from_bytes(bytes), "wolfi", &counter, &skipped, &error));
    g_assert_cmpuint(count, >=, files[i].least);
    if (files[i].known != NULL)
      g_assert_nonnull(strstr(text->str, files[i].known));
    g_assert_cmpuint(skipped, <, 20);
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/feeds/parsers", test_parsers);
  g_test_add_func("/feeds/sink-errors", test_sink_errors);
  g_test_add_func("/feeds/cvss", test_cvss);
  g_test_add_func("/feeds/ecosystems", test_ecosystems);
  g_test_add_func("/feeds/real-data", test_real_data);
  return g_test_run();
}
