/* What each feed's parser makes of its format: states, intervals, ids, and what it skips. The
 * fixtures have the layout that the publishers document; real data is read where it is present. */
#include <fcntl.h>
#include <glib.h>
#include <string.h>

#include "advisory/feeds/feeds.h"
#include "advisory/feeds/unpack.h"
#include "base/error.h"
#include "base/fd.h"
#include "feed-cases.h"
#include "inventory/cvss.h"
#include "stand-in.h"

#define REAL_DATA_MAX ((size_t)256 * 1024 * 1024)

#define ARCH(status, fixed, more)                                                                  \
  "[{\"name\": \"AVG-7\", \"packages\": [\"curl\", \"lib32-curl\"], \"status\": \"" status         \
  "\", \"severity\": \"Medium\", \"type\": \"denial of service\", \"affected\": \"7.50.2-1\", "    \
  "\"fixed\": " fixed ", " more "}]"
#define ARCH_ISSUE "\"issues\": [\"CVE-2016-1\"], \"advisories\": []"
#define ARCH_GROUP(id)                                                                             \
  "details " id " title=denial of service ref=https://security.archlinux.org/AVG-7\n"
#define RETIREJS(vulnerability)                                                                    \
  "{\"moment.js\": {\"npmname\": \"moment\", \"extractors\": {}, \"vulnerabilities\": "            \
  "[{" vulnerability "}]}}"
#define TRACKER(release)                                                                           \
  "{\"openssl\": {\"CVE-2024-1\": {\"scope\": \"remote\", \"releases\": {\"bookworm\": {" release  \
  "}}}}}"
#define PAGE(number)                                                                               \
  "details CVE-2024-" number " ref=https://security-tracker.debian.org/tracker/CVE-2024-" number   \
  "\n"
#define ALPINE_PAGE(number)                                                                        \
  "details CVE-" number " ref=https://security.alpinelinux.org/vuln/CVE-" number "\n"
#define SECDB(fixes)                                                                               \
  "{\"distroversion\": \"v3.18\", \"reponame\": \"main\", \"packages\": [{\"pkg\": {\"name\": "    \
  "\"openssl\", \"secfixes\": {" fixes "}}}]}"
#define UPDATE(type, body)                                                                         \
  "<updates><update type=\"" type "\"><id>RLSA-1</id>" body "</update></updates>"
#define PACKAGE(attributes)                                                                        \
  "<package name=\"p\" version=\"1\" release=\"2.el9\" " attributes "><filename>f</filename>"      \
  "</package>"

static const FeedCase cases[] = {
    {"tracker: fixed", debian_tracker_parse,
     TRACKER("\"status\": \"resolved\", \"fixed_version\": \"3.0.1-1\", \"urgency\": \"medium**\""),
     "CVE-2024-1 debian:12 openssl fixed fixed=3.0.1-1 medium\n" PAGE("1")},
    {"tracker: never affected", debian_tracker_parse,
     TRACKER("\"status\": \"resolved\", \"fixed_version\": \"0\", \"urgency\": \"unimportant\""),
     "CVE-2024-1 debian:12 openssl not-affected negligible\n" PAGE("1")},
    {"tracker: open", debian_tracker_parse,
     TRACKER("\"status\": \"open\", \"urgency\": \"not yet assigned\""),
     "CVE-2024-1 debian:12 openssl affected\n" PAGE("1")},
    {"tracker: what the release had when nothing was fixed", debian_tracker_parse,
     TRACKER("\"status\": \"open\", \"repositories\": {\"bookworm\": \"3.0.9-1\", "
             "\"bookworm-security\": \"3.0.11-1~deb12u2\"}"),
     "CVE-2024-1 debian:12 openssl affected has=3.0.11-1~deb12u2\n" PAGE("1")},
    {"tracker: no DSA", debian_tracker_parse,
     TRACKER("\"status\": \"open\", \"urgency\": \"low\", \"nodsa\": \"Minor issue\", "
             "\"nodsa_reason\": \"postponed\""),
     "CVE-2024-1 debian:12 openssl will-not-fix note=postponed: Minor issue low\n" PAGE("1")},
    {"tracker: no DSA without a reason", debian_tracker_parse,
     TRACKER("\"status\": \"open\", \"nodsa\": \"Minor issue\", \"nodsa_reason\": \"\""),
     "CVE-2024-1 debian:12 openssl will-not-fix note=no-dsa: Minor issue\n" PAGE("1")},
    {"tracker: end of life", debian_tracker_parse,
     TRACKER("\"status\": \"open\", \"urgency\": \"end-of-life\""),
     "CVE-2024-1 debian:12 openssl end-of-life\n" PAGE("1")},
    {"tracker: unimportant", debian_tracker_parse,
     TRACKER("\"status\": \"open\", \"urgency\": \"unimportant\""),
     "CVE-2024-1 debian:12 openssl unimportant negligible\n" PAGE("1")},
    {"tracker: undetermined", debian_tracker_parse, TRACKER("\"status\": \"undetermined\""),
     "CVE-2024-1 debian:12 openssl under-review\n" PAGE("1")},
    {"tracker: a word that it never used", debian_tracker_parse, TRACKER("\"status\": \"maybe\""),
     PAGE("1"), 1},
    {"tracker: one broken source", debian_tracker_parse,
     "{\"a\": {\"x\": tru}, \"b\": {\"CVE-2024-2\": {\"releases\": {\"sid\": {\"status\": "
     "\"open\"}}}}}",
     "CVE-2024-2 debian:sid b affected\n" PAGE("2"), 1},
    {"tracker: cut", debian_tracker_parse, "{\"openssl\": {\"CVE-2024-1\": {", NULL},
    {"tracker: not an object", debian_tracker_parse, "[]", NULL},
    {"tracker: empty", debian_tracker_parse, "", NULL},

    {"arch: fixed, in each package and for each issue, with the advisory", arch_tracker_parse,
     ARCH("Fixed", "\"7.50.3-1\"",
          "\"issues\": [\"CVE-2016-1\", \"CVE-2016-2\"], \"advisories\": [\"ASA-201609-19\"]"),
     "CVE-2016-1 arch curl fixed fixed=7.50.3-1 vendor=ASA-201609-19 medium\n"
     "CVE-2016-1 arch lib32-curl fixed fixed=7.50.3-1 vendor=ASA-201609-19 medium\n"
     "CVE-2016-2 arch curl fixed fixed=7.50.3-1 vendor=ASA-201609-19 medium\n"
     "CVE-2016-2 arch lib32-curl fixed fixed=7.50.3-1 vendor=ASA-201609-19 medium\n" ARCH_GROUP(
         "ASA-201609-19")},
    {"arch: vulnerable", arch_tracker_parse, ARCH("Vulnerable", "null", ARCH_ISSUE),
     "CVE-2016-1 arch curl affected vendor=AVG-7 has=7.50.2-1 medium\n"
     "CVE-2016-1 arch lib32-curl affected vendor=AVG-7 has=7.50.2-1 medium\n" ARCH_GROUP("AVG-7")},
    {"arch: a fix that is being tested cannot be had yet", arch_tracker_parse,
     ARCH("Testing", "\"7.50.3-1\"", ARCH_ISSUE),
     "CVE-2016-1 arch curl affected fixed=7.50.3-1 vendor=AVG-7 has=7.50.2-1 medium\n"
     "CVE-2016-1 arch lib32-curl affected fixed=7.50.3-1 vendor=AVG-7 has=7.50.2-1 "
     "medium\n" ARCH_GROUP("AVG-7")},
    {"arch: not affected", arch_tracker_parse, ARCH("Not affected", "null", ARCH_ISSUE),
     "CVE-2016-1 arch curl not-affected vendor=AVG-7 medium\n"
     "CVE-2016-1 arch lib32-curl not-affected vendor=AVG-7 medium\n" ARCH_GROUP("AVG-7")},
    {"arch: nobody knows yet, and no number", arch_tracker_parse,
     ARCH("Unknown", "null", "\"issues\": []"),
     "AVG-7 arch curl under-review medium\n"
     "AVG-7 arch lib32-curl under-review medium\n" ARCH_GROUP("AVG-7")},
    {"arch: fixed in no version, another word, no packages", arch_tracker_parse,
     "[{\"name\": \"AVG-1\", \"packages\": [\"a\"], \"status\": \"Fixed\"}, {\"name\": \"AVG-2\", "
     "\"packages\": [\"a\"], \"status\": \"Maybe\"}, {\"name\": \"AVG-3\", \"status\": "
     "\"Unknown\"}, 3]",
     "", 4},
    {"arch: something else", arch_tracker_parse, "{}", NULL},
    {"arch: nothing", arch_tracker_parse, "[]", NULL},

    {"secdb: fixed", alpine_secdb_parse, SECDB("\"3.1.1-r0\": [\"CVE-2023-2650\"]"),
     "CVE-2023-2650 alpine:3.18 openssl fixed fixed=3.1.1-r0\n" ALPINE_PAGE("2023-2650")},
    {"secdb: never affected", alpine_secdb_parse, SECDB("\"0\": [\"CVE-2022-3996\"]"),
     "CVE-2022-3996 alpine:3.18 openssl not-affected\n" ALPINE_PAGE("2022-3996")},
    {"secdb: several names", alpine_secdb_parse, SECDB("\"1-r0\": [\"XSA-2 CVE-2019-1\"]"),
     "CVE-2019-1 alpine:3.18 openssl fixed fixed=1-r0\ndetails CVE-2019-1 alias=XSA-2 "
     "ref=https://security.alpinelinux.org/vuln/CVE-2019-1\n"},
    {"secdb: not a string", alpine_secdb_parse, SECDB("\"1-r0\": [7, \"CVE-2019-1\"]"),
     "CVE-2019-1 alpine:3.18 openssl fixed fixed=1-r0\n" ALPINE_PAGE("2019-1"), 1},
    {"secdb: a branch without fixes", alpine_secdb_parse,
     "{\"distroversion\": \"v3.3\", \"reponame\": \"community\", \"packages\": null}", ""},
    {"secdb: something else", alpine_secdb_parse, "{\"a\": 1}", NULL},
    {"secdb: cut", alpine_secdb_parse, "{\"packages\": [", NULL},

    {"updateinfo: one statement a CVE and package", updateinfo_parse,
     UPDATE(
         "security",
         "<severity>Important</severity><references><reference id=\"CVE-2024-1\" "
         "type=\"cve\"/><reference id=\"CVE-2024-2\"/></references><pkglist><collection>" PACKAGE(
             "epoch=\"0\" arch=\"x86_64\"") PACKAGE("epoch=\"0\" arch=\"aarch64\"")
             PACKAGE("arch=\"src\"") "</collection></pkglist>"),
     "CVE-2024-1 almalinux:9 p fixed fixed=1-2.el9 vendor=RLSA-1 arch=x86_64,aarch64 high\n"
     "CVE-2024-2 almalinux:9 p fixed fixed=1-2.el9 vendor=RLSA-1 arch=x86_64,aarch64 high\n"
     "details RLSA-1\n"},
    {"updateinfo: epoch, module, no CVE", updateinfo_parse,
     UPDATE("security", "<pkglist><collection><module name=\"nodejs\" stream=\"18\"/>" PACKAGE(
                            "epoch=\"1\" arch=\"noarch\"") "</collection></pkglist>"),
     "RLSA-1 almalinux:9 p fixed fixed=1:1-2.el9 module=nodejs:18 arch=noarch\ndetails RLSA-1\n"},
    {"updateinfo: a build of an architecture that is not told is for all", updateinfo_parse,
     UPDATE("security",
            "<pkglist><collection>" PACKAGE("arch=\"i586\"") PACKAGE("") "</collection></pkglist>"),
     "RLSA-1 almalinux:9 p fixed fixed=1-2.el9\ndetails RLSA-1\n"},
    {"updateinfo: architectures with versions of their own", updateinfo_parse,
     UPDATE("security",
            "<pkglist><collection>" PACKAGE(
                "arch=\"i586\"") "<package name=\"q\" version=\"1\" "
                                 "release=\"3.el9\" arch=\"x86_64\"/></collection></pkglist>"),
     "RLSA-1 almalinux:9 p fixed fixed=1-2.el9 arch=i686\n"
     "RLSA-1 almalinux:9 q fixed fixed=1-3.el9 arch=x86_64\ndetails RLSA-1\n"},
    {"updateinfo: a module that nothing names", updateinfo_parse,
     UPDATE("security", "<pkglist><collection><package name=\"p\" version=\"1\" "
                        "release=\"2.module+el8.9.0+1+a\"/></collection></pkglist>"),
     "RLSA-1 almalinux:9 p fixed fixed=1-2.module+el8.9.0+1+a module=*\ndetails RLSA-1\n"},
    {"updateinfo: Fedora names the CVE in the title of a bug", updateinfo_parse,
     UPDATE(
         "security",
         "<title>p-1-2</title><issued date=\"2023-10-04 01:25:19\"/><updated date=\"2023-10-05\"/>"
         "<references><reference href=\"https://b.example/1\" id=\"2241933\" type=\"bugzilla\" "
         "title=\"CVE-2023-5217 p: a flaw\"/></references><pkglist><collection>" PACKAGE(
             "epoch=\"0\" arch=\"x86_64\"") "</collection></pkglist>"),
     "CVE-2023-5217 almalinux:9 p fixed fixed=1-2.el9 vendor=RLSA-1 arch=x86_64\n"
     "details RLSA-1 title=p-1-2 from=2023-10-04T01:25:19Z to=2023-10-05T00:00:00Z "
     "ref=https://b.example/1\n"},
    {"updateinfo: titles do not add to the CVEs that are listed", updateinfo_parse,
     UPDATE("security",
            "<issued date=\"1696382719\"/><updated date=\"soon\"/><references><reference "
            "id=\"CVE-2024-1\" type=\"cve\"/><reference id=\"7\" title=\"the fix of "
            "CVE-2020-11111 was not whole\"/></references><pkglist><collection>" PACKAGE("")
                PACKAGE("arch=\"nosrc\"") "</collection></pkglist>"),
     "CVE-2024-1 almalinux:9 p fixed fixed=1-2.el9 vendor=RLSA-1\n"
     "details RLSA-1 from=2023-10-04T01:25:19Z\n"},
    {"updateinfo: what SUSE took back", updateinfo_parse,
     UPDATE("security\" status=\"retracted",
            "<pkglist><collection>" PACKAGE("") "</collection></pkglist>"),
     ""},
    {"updateinfo: a bug fix is none of ours", updateinfo_parse,
     UPDATE("bugfix", "<pkglist><collection>" PACKAGE("") "</collection></pkglist>"), ""},
    {"updateinfo: a package without its version", updateinfo_parse,
     UPDATE("security", "<pkglist><collection><package name=\"p\"/></collection></pkglist>"),
     "details RLSA-1\n", 1},
    {"updateinfo: another document", updateinfo_parse, "<html></html>", NULL},
    {"updateinfo: cut", updateinfo_parse, "<updates><update type=\"security\">", NULL},

    {"kev", kev_parse,
     "{\"dateReleased\": \"2025\", \"vulnerabilities\": [{\"cveID\": \"CVE-2024-1\", \"dueDate\": "
     "\"2024-05-01\", \"vulnerabilityName\": \"Name\", \"shortDescription\": \"Text\", "
     "\"notes\": \"see https://a.example/1 ; https://b.example\", \"cwes\": [\"CWE-59\", 3]}, "
     "{\"cveID\": 3}]}",
     "details CVE-2024-1 title=Name text=Text exploited=2024-05-01 ref=https://a.example/1 "
     "ref=https://b.example cwe=59\n",
     1},
    {"kev: something else", kev_parse, "{}", NULL},
    {"epss", epss_parse,
     "#model_version:v2025,score_date:2025-06-01\ncve,epss,percentile\nCVE-2024-1,0.12345,0.9\n"
     "CVE-2024-2,1.5,0\nCVE-2024-3\n",
     "details CVE-2024-1 epss=0.12345/0.90000\n", 2},
    {"epss: no head", epss_parse, "CVE-2024-1,0.1,0.9\n", NULL},
    {"epss: empty", epss_parse, "", NULL},

    {"retirejs", retirejs_parse,
     RETIREJS("\"atOrAbove\": \"1.0\", \"below\": \"2.11.2\", \"severity\": \"medium\", "
              "\"identifiers\": {\"summary\": \"ReDoS\", \"CVE\": [\"CVE-2016-4055\"], "
              "\"githubID\": \"GHSA-1\"}, \"cwe\": [\"CWE-400\"], "
              "\"info\": [\"https://a.example\"]"),
     "CVE-2016-4055 npm moment fixed from=1.0 fixed=2.11.2 medium\n"
     "details CVE-2016-4055 alias=GHSA-1 title=ReDoS ref=https://a.example cwe=400\n"},
    {"retirejs: GitHub's id", retirejs_parse,
     RETIREJS("\"below\": \"2.11.2\", \"identifiers\": {\"githubID\": \"GHSA-1\"}"),
     "GHSA-1 npm moment fixed fixed=2.11.2\ndetails GHSA-1\n"},
    {"retirejs: the makers' own number", retirejs_parse,
     RETIREJS("\"below\": \"2.11.2\", \"identifiers\": {\"issue\": \"7\"}"),
     "RETIREJS-moment-issue-7 npm moment fixed fixed=2.11.2\ndetails RETIREJS-moment-issue-7\n"},
    {"retirejs: an end of support", retirejs_parse,
     RETIREJS("\"below\": \"2.99\", \"cwe\": [\"CWE-1104\"], \"identifiers\": {\"issue\": \"7\"}"),
     "", 1},
    {"retirejs: no version", retirejs_parse, RETIREJS("\"identifiers\": {\"issue\": \"7\"}"), "",
     1},
    {"retirejs: something else", retirejs_parse, "{\"a\": 1}", NULL},
};

static void
test_parsers(void)
{
  feed_cases_run(cases, G_N_ELEMENTS(cases));
}

/* An update says what it left out, and of what there is most first. */
static void
test_entities(void)
{
  g_autoptr(GError) error = NULL;
  const FeedSink sink = {0};
  static const char text[] = "<!DOCTYPE updates [<!ENTITY a \"b\">]><updates>&a;</updates>";
  uint64_t skipped = 0;
  g_assert_false(updateinfo_parse(slice_from_string(text), NULL, &sink, &skipped, &error));
  g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_LIMIT);
}

static void
test_reasons_of_skips(void)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(FeedSkips) skips = feed_skips_new();
  const FeedSink sink = {.skips = skips};
  static const char text[] =
      "{\"a\": {\"CVE-1\": {\"releases\": {\"sarge\": {}, \"woody\": {}}}, "
      "\"CVE-2\": {\"releases\": {\"sarge\": {}, \"sid\": {\"status\": \"maybe\"}, "
      "\"bookworm\": {\"status\": \"open\"}}}}, \"b\": {x}}";
  uint64_t skipped = 0;
  g_assert_null(feed_skips_in_words(skips));
  g_assert_true(debian_tracker_parse(slice_from_string(text), NULL, &sink, &skipped, &error));
  g_assert_cmpuint(skipped, ==, 5);
  g_autofree char *words = feed_skips_in_words(skips);
  g_assert_cmpstr(words, ==,
                  "5 records could not be understood: the release sarge is not known (2), the "
                  "release woody is not known (1), the status \"maybe\" of a release is not known, "
                  "or has no version (1), what is listed of the source b is not JSON (1)");
  /* However many, and whatever is in them. */
  for (int i = 0; i < 3000; i++)
    feed_skip(&sink, &skipped, "\033%d", i);
  g_autofree char *many = feed_skips_in_words(skips);
  g_assert_true(g_str_has_prefix(many, "3005 records could not be understood: other reasons (20"));
  g_assert_nonnull(strstr(many, "?0 (1)"));
  g_assert_true(g_str_has_suffix(many, " for other reasons"));
  g_assert_cmpuint(strlen(many), <, 2000);
}

static void
test_sink_errors(void)
{
  feed_cases_run_against_errors(cases, G_N_ELEMENTS(cases));
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
      {"CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", 9.3},
      {"CVSS:5.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", -1},
      {"", -1},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(vectors); i++) {
    g_test_message("case: %s", vectors[i].vector);
    double score = -1;
    g_assert_cmpint(cvss_base_score(vectors[i].vector, &score), ==, vectors[i].score >= 0);
    g_assert_cmpfloat_with_epsilon(score, vectors[i].score, 1e-9);
  }
}

static bool
count_range(const AdvisoryRange *range, void *data, GError **error)
{
  (*(unsigned *)data)++;
  return true;
}

/* One update may not come to more statements than there is memory for. */
static void
test_large_update(void)
{
  g_autoptr(GString) text = g_string_new("<updates><update type=\"security\"><id>RHSA-1</id>");
  const unsigned cves = 2000, packages = FEED_STATEMENTS_MAX / cves + 1;
  for (unsigned i = 0; i < cves; i++)
    g_string_append_printf(text, "<reference type=\"cve\" id=\"CVE-2024-%u\"/>", i);
  for (unsigned i = 0; i < packages; i++)
    g_string_append_printf(text, "<package name=\"p%u\" version=\"1\" release=\"1\"/>", i);
  g_string_append(text, "</update></updates>");
  g_autoptr(GError) error = NULL;
  unsigned count = 0;
  uint64_t skipped = 0;
  const FeedSink counter = {.range = count_range, .data = &count};
  g_assert_false(
      updateinfo_parse(slice_from_string(text->str), "almalinux:9", &counter, &skipped, &error));
  g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_LIMIT);
  g_assert_true(g_str_has_prefix(error->message, "RHSA-1: 2000 vulnerabilities in 2501 packages"));
  g_assert_cmpuint(count, ==, 0);
}

/* The real files, where they are at hand. */
static void
test_real_data(void)
{
  static const struct {
    const char *path;
    FeedParser parse;
    unsigned least;
    const char *known;
  } files[] = {
      {"alpine-secdb/v3.11/main.json", alpine_secdb_parse, 1000,
       "CVE-2019-1551 alpine:3.11 openssl fixed fixed=1.1.1d-r3\n"},
      {"wolfi-secdb/security.json", alpine_secdb_parse, 20000, NULL},
      {"retirejs/jsrepository-v5.json", retirejs_parse, 500,
       "CVE-2020-11022 npm jquery fixed from=1.12.0 fixed=3.5.0 medium\n"},
      {"known_exploited_vulnerabilities.json", kev_parse, 0,
       "details CVE-2021-44228 title=Apache Log4j2"},
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
    const FeedSink writer = {
        .range = feed_case_write_range, .details = feed_case_write_details, .data = text};
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

/* `printf packed | gzip -n` */
static GBytes *
packed_text(void)
{
  static const uint8_t bytes[] = {0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
                                  0x03, 0x2b, 0x48, 0x4c, 0xce, 0x4e, 0x4d, 0x01, 0x00,
                                  0x10, 0xb4, 0xf6, 0x21, 0x06, 0x00, 0x00, 0x00};
  return g_bytes_new_static(bytes, sizeof bytes);
}

/* It is the worker that unpacks: what takes its place decides what comes of it, and is distrusted.
 */
static void
test_worker(void)
{
  static const struct {
    const char *script, *expected; /* NULL: well */
  } workers[] = {
      {"kill -SEGV $$", "died of signal 11"},
      {"printf 'N\\0\\0\\0\\0E\\0\\0\\0\\0' >&3; kill -KILL $$", "died of signal 9"},
      {"echo '{\"ok\": {}}'", "what makes no sense"},
      {"printf 'N\\0\\0\\0\\0' >&3; echo '{\"ok\": {}}'", "what makes no sense"},
      {"printf 'D\\1\\0\\0\\0x' >&3; echo '{\"ok\": {}}'", "what makes no sense"},
      {"printf 'N\\0\\0\\0\\377' >&3; exec sleep 60", "what makes no sense"},
      {"printf 'N\\0\\0\\0\\0D\\10\\0\\0\\0too long' >&3; exec sleep 60", "more than 6 bytes"},
      {"printf 'N\\0\\0\\0\\0D\\3\\0\\0\\0itsE\\0\\0\\0\\0' >&3; echo '{\"ok\": {}}'", NULL},
  };
  g_autoptr(GBytes) packed = packed_text();
  for (size_t i = 0; i < G_N_ELEMENTS(workers); i++) {
    g_autoptr(GError) error = NULL;
    stand_in_use("/bin/bash", workers[i].script);
    g_autoptr(GBytes) text = unpack_compressed(packed, 6, &error);
    g_test_message("%s", error != NULL ? error->message : "well");
    if (workers[i].expected != NULL)
      g_assert_nonnull(strstr(error->message, workers[i].expected));
    else
      g_assert_cmpmem(g_bytes_get_data(text, NULL), g_bytes_get_size(text), "its", 3);
  }
  stand_in_end();
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) text = unpack_compressed(packed, 6, &error);
  g_assert_no_error(error);
  g_assert_cmpmem(g_bytes_get_data(text, NULL), g_bytes_get_size(text), "packed", 6);
  g_assert_null(unpack_compressed(packed, 5, &error));
  g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_LIMIT);
}

int
main(int argc, char **argv)
{
  stand_in_serve(argc, argv);
  g_test_init(&argc, &argv, NULL);
  feed_cases_open_cage();
  g_test_add_func("/feeds/parsers", test_parsers);
  g_test_add_func("/feeds/entities", test_entities);
  g_test_add_func("/feeds/reasons-of-skips", test_reasons_of_skips);
  g_test_add_func("/feeds/sink-errors", test_sink_errors);
  g_test_add_func("/feeds/cvss", test_cvss);
  g_test_add_func("/feeds/worker", test_worker);
  g_test_add_func("/feeds/large-update", test_large_update);
  g_test_add_func("/feeds/real-data", test_real_data);
  return g_test_run();
}
