/* What the OVAL feed makes of definitions, which are made by hand in Oracle's layout. */
#include "feed-cases.h"

static bool
parse_any(Slice text, const char *ecosystem, const FeedSink *sink, uint64_t *skipped,
          GError **error)
{
  return oval_parse(text, NULL, sink, skipped, error);
}

static bool
parse_ol_9(Slice text, const char *ecosystem, const FeedSink *sink, uint64_t *skipped,
           GError **error)
{
  return oval_parse(text, "ol:9", sink, skipped, error);
}

#define OVAL(class, metadata, criteria)                                                            \
  "<oval_definitions xmlns:a=\"b\"><definitions><definition class=\"" class "\"><metadata><title>" \
                                                                            " ELSA-1: Important: " \
                                                                            "p </title>" metadata  \
                                                                            "</metadata>" criteria \
                                                                            "</definition></"      \
                                                                            "definitions></"       \
                                                                            "oval_definitions>"
#define ELSA                                                                                       \
  "<reference source=\"elsa\" ref_id=\"ELSA-1\"/><reference source=\"CVE\" "                       \
  "ref_id=\"CVE-2024-1\"/><advisory><severity>IMPORTANT</severity></advisory>"
#define ALL(criteria) "<criteria operator=\"AND\">" criteria "</criteria>"
#define SAYS(comment) "<criterion comment=\"" comment "\"/>"
#define EARLIER(name, evr)                                                                         \
  ALL(SAYS(name " is earlier than " evr) SAYS(name " is signed with a key"))
#define DETAILS "details ELSA-1 title=ELSA-1: Important: p\n"

static const FeedCase cases[] = {
    {"each package, for each vulnerability", parse_any,
     OVAL("patch",
          "<reference source=\"elsa\" ref_id=\"ELSA-1\"/><advisory><severity>IMPORTANT</severity>"
          "<issued date=\"2024-02-03\"/><cve cvss3=\"9.8/CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/"
          "A:H\">CVE-2024-1</cve><cve "
          "cwe=\"CWE-190-&gt;(CWE-122|CWE-x|7)\">CVE-2024-2</cve></advisory>",
          ALL(SAYS("Oracle Linux 9 is installed")
                  ALL(EARLIER("p", "1:1-2.el9") EARLIER("q-r", "3-4.el9")))),
     "details CVE-2024-1 cvss=9.8\n"
     "details CVE-2024-2 cwe=190 cwe=122\n"
     "CVE-2024-1 ol:9 p fixed fixed=1:1-2.el9 vendor=ELSA-1 high\n"
     "CVE-2024-2 ol:9 p fixed fixed=1:1-2.el9 vendor=ELSA-1 high\n"
     "CVE-2024-1 ol:9 q-r fixed fixed=3-4.el9 vendor=ELSA-1 high\n"
     "CVE-2024-2 ol:9 q-r fixed fixed=3-4.el9 vendor=ELSA-1 high\n"
     "details ELSA-1 title=ELSA-1: Important: p from=2024-02-03T00:00:00Z\n"},
    {"architectures and modules are those of their own branches", parse_any,
     OVAL("patch", ELSA,
          ALL(SAYS("Oracle Linux 8 is installed") ALL(SAYS("Oracle Linux arch is aarch64") SAYS(
              "Module nodejs:18 is enabled") EARLIER("p", "1-2")) ALL(EARLIER("q", "3-4")))),
     "CVE-2024-1 ol:8 p fixed fixed=1-2 vendor=ELSA-1 module=nodejs:18 arch=aarch64 high\n"
     "CVE-2024-1 ol:8 q fixed fixed=3-4 vendor=ELSA-1 high\n" DETAILS},
    {"two releases in one", parse_any,
     OVAL("patch", ELSA,
          "<criteria operator=\"OR\">" ALL(SAYS("Oracle Linux 8 is installed") EARLIER("p", "1-2"))
              ALL(SAYS("Oracle Linux 9 is installed") EARLIER("p", "1-3")) "</criteria>"),
     "CVE-2024-1 ol:8 p fixed fixed=1-2 vendor=ELSA-1 high\n"
     "CVE-2024-1 ol:9 p fixed fixed=1-3 vendor=ELSA-1 high\n" DETAILS},
    {"only the release that is asked for", parse_ol_9,
     OVAL("patch", ELSA,
          "<criteria operator=\"OR\">" ALL(SAYS("Oracle Linux 8 is installed") EARLIER("p", "1-2"))
              ALL(SAYS("Oracle Linux 9 is installed") EARLIER("p", "1-3")) "</criteria>"),
     "CVE-2024-1 ol:9 p fixed fixed=1-3 vendor=ELSA-1 high\n" DETAILS},
    {"a release that is not told is the one that is asked for", oval_parse,
     OVAL("patch", ELSA, ALL(EARLIER("p", "1-2"))),
     "CVE-2024-1 almalinux:9 p fixed fixed=1-2 vendor=ELSA-1 high\n" DETAILS},
    {"or nothing", parse_any, OVAL("patch", ELSA, ALL(EARLIER("p", "1-2"))), DETAILS, 1},
    {"an erratum without a number", oval_parse,
     OVAL("patch", "<reference ref_id=\"ELSA-1\"/>", ALL(EARLIER("p", "1-2"))),
     "ELSA-1 almalinux:9 p fixed fixed=1-2\n" DETAILS},
    {"a definition that is no patch", oval_parse,
     OVAL("vulnerability", ELSA, ALL(EARLIER("p", "1-2"))), ""},
    {"no erratum", oval_parse, OVAL("patch", "", ALL(EARLIER("p", "1-2"))), "", 1},
    {"half a comment", oval_parse,
     OVAL("patch", ELSA, ALL(SAYS(" is earlier than 1") SAYS("p is earlier than "))), DETAILS},
    {"another document", oval_parse, "<updates/>", NULL},
    {"cut", oval_parse, "<oval_definitions><definitions>", NULL},
};

static void
test_definitions(void)
{
  feed_cases_run(cases, G_N_ELEMENTS(cases));
  feed_cases_run_against_errors(cases, G_N_ELEMENTS(cases));
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/advisory/oval/definitions", test_definitions);
  return g_test_run();
}
