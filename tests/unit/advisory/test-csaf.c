/* What the CSAF feed makes of a distribution's documents. They are made by hand, in the layouts in
 * which Red Hat, SUSE and openEuler publish theirs. */
#include "feed-cases.h"

static bool
parse_csaf(Slice text, const char *ecosystem, const FeedSink *sink, uint64_t *skipped,
           GError **error)
{
  return csaf_parse(text, NULL, sink, skipped, error);
}

static bool
parse_csaf_of_rhel_8(Slice text, const char *ecosystem, const FeedSink *sink, uint64_t *skipped,
                     GError **error)
{
  return csaf_parse(text, "rhel:8", sink, skipped, error);
}

#define PRODUCT(id, helper)                                                                        \
  "{\"category\":\"product_version\",\"name\":\"" id "\",\"product\":{\"product_id\":\"" id        \
  "\",\"name\":\"" id "\",\"product_identification_helper\":{" helper "}}}"
#define CPE(id, cpe)   PRODUCT(id, "\"cpe\":\"cpe:/" cpe "\"")
#define PURL(id, purl) PRODUCT(id, "\"purl\":\"pkg:" purl "\"")
#define NAMED(id)      PRODUCT(id, "")
#define IN(whole, part)                                                                            \
  "{\"category\":\"default_component_of\",\"product_reference\":\"" part                           \
  "\",\"relates_to_product_reference\":\"" whole                                                   \
  "\",\"full_product_name\":{\"name\":\"both\",\"product_id\":\"" whole ":" part "\"}}"
#define CSAF(category, products, relations, said)                                                  \
  "{\"document\":{\"category\":\"" category "\",\"csaf_version\":\"2.0\","                         \
  "\"tracking\":{\"id\":\"SA-2024-1\",\"status\":\"final\"}},"                                     \
  "\"product_tree\":{\"branches\":[{\"category\":\"vendor\",\"name\":\"V\",\"branches\":"          \
  "[" products "]}],\"relationships\":[" relations "]},"                                           \
  "\"vulnerabilities\":[{\"cve\":\"CVE-2024-1\"," said "}]}"
#define VEX(products, relations, said) CSAF("csaf_vex", products, relations, said)
#define RHEL_8                         CPE("rhel8", "o:redhat:enterprise_linux:8")
#define RHEL_9                         CPE("rhel9", "a:redhat:enterprise_linux:9::appstream")
#define STATUS(list, id)               "\"product_status\":{\"" list "\":[\"" id "\"]}"
#define WHY(category, details, id)                                                                 \
  ",\"remediations\":[{\"category\":\"workaround\",\"details\":\"Do not.\",\"product_ids\":"       \
  "[\"" id "\"]},{\"category\":\"" category "\",\"details\":\"" details                            \
  "\",\"product_ids\":[\"" id "\"]}]"
#define CURL_SOURCE PURL("curl", "rpm/redhat/curl?arch=src")
#define DETAILS     "details CVE-2024-1\n"

static const FeedCase cases[] = {
    {"fixed: one statement for all architectures, with the erratum and the impact", parse_csaf,
     VEX(RHEL_9 "," PURL("c.x", "rpm/redhat/curl@7-1.el9?arch=x86_64&epoch=1") "," PURL(
             "c.a",
             "rpm/redhat/curl@7-1.el9?arch=aarch64&epoch=1") "," PURL("c.s",
                                                                      "rpm/redhat/"
                                                                      "curl@7-1.el9?arch=src&"
                                                                      "epoch=1"),
         IN("rhel9", "c.x") "," IN("rhel9", "c.a") "," IN("rhel9", "c.s"),
         "\"title\":\"T\",\"notes\":[{\"category\":\"description\",\"text\":\"D\"}],"
         "\"scores\":[{\"cvss_v3\":{\"vectorString\":"
         "\"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H\"}}],"
         "\"references\":[{\"url\":\"https://a.example\"}],"
         "\"cwe\":{\"id\":\"CWE-190\",\"name\":\"N\"},\"cwes\":[{\"id\":\"CWE-122\"},7],"
         "\"product_status\":{\"fixed\":[\"rhel9:c.x\",\"rhel9:c.a\",\"rhel9:c.s\"]},"
         "\"threats\":[{\"category\":\"impact\",\"details\":\"Important\",\"product_ids\":"
         "[\"rhel9:c.x\",\"rhel9:c.a\"]}],"
         "\"remediations\":[{\"category\":\"vendor_fix\",\"url\":"
         "\"https://access.redhat.com/errata/RHSA-2024:7\",\"product_ids\":[\"rhel9:c.x\"]}]"),
     "CVE-2024-1 rhel:9 curl fixed fixed=1:7-1.el9 vendor=RHSA-2024:7 arch=x86_64,aarch64 "
     "high\n"
     "details CVE-2024-1 title=T text=D cvss=9.8 ref=https://a.example cwe=190 cwe=122\n"},
    {"fixed in a module's stream", parse_csaf,
     VEX(RHEL_9 "," PURL("p", "rpm/redhat/libpq@16-1.module%2Bel9?arch=x86_64&rpmmod="
                              "postgresql:16:9040020240812115436:rhel9"),
         IN("rhel9", "p"), STATUS("fixed", "rhel9:p")),
     "CVE-2024-1 rhel:9 libpq fixed fixed=16-1.module+el9 module=postgresql:16 "
     "arch=x86_64\n" DETAILS},
    {"fixed in a module that is a product of its own", parse_csaf,
     VEX(RHEL_9 "," PURL("m", "rpmmod/redhat/nodejs@18:9040020240812:rhel9") "," PURL(
             "p", "rpm/redhat/npm@1-2?arch=noarch"),
         IN("rhel9", "m") "," IN("rhel9:m", "p"), STATUS("fixed", "rhel9:m:p")),
     "CVE-2024-1 rhel:9 npm fixed fixed=1-2 module=nodejs:18 arch=noarch\n" DETAILS},
    {"a module without a stream is no release's", parse_csaf,
     VEX(RHEL_9 "," PURL("p", "rpm/redhat/firefox-flatpak@128.0-1?arch=src&rpmmod=rhel10"),
         IN("rhel9", "p"), STATUS("known_affected", "rhel9:p")),
     DETAILS},
    {"of an unfixed stream, which the version names again", parse_csaf,
     VEX(RHEL_8 "," PURL("p", "rpm/redhat/go-toolset@rhel8?arch=src&rpmmod=go-toolset:rhel8"),
         IN("rhel8", "p"), STATUS("known_affected", "rhel8:p")),
     "CVE-2024-1 rhel:8 source:go-toolset affected module=go-toolset:rhel8\n" DETAILS},
    {"affected", parse_csaf,
     VEX(RHEL_8 "," CURL_SOURCE, IN("rhel8", "curl"),
         STATUS("known_affected", "rhel8:curl") WHY("none_available", "Affected", "rhel8:curl")),
     "CVE-2024-1 rhel:8 source:curl affected\n" DETAILS},
    {"a fix that is put off", parse_csaf,
     VEX(RHEL_8 "," CURL_SOURCE, IN("rhel8", "curl"),
         STATUS("known_affected", "rhel8:curl")
             WHY("none_available", "Fix deferred", "rhel8:curl")),
     "CVE-2024-1 rhel:8 source:curl affected note=Fix deferred\n" DETAILS},
    {"will not fix", parse_csaf,
     VEX(RHEL_8 "," CURL_SOURCE, IN("rhel8", "curl"),
         STATUS("known_affected", "rhel8:curl")
             WHY("no_fix_planned", "Will not fix", "rhel8:curl")),
     "CVE-2024-1 rhel:8 source:curl will-not-fix note=Will not fix\n" DETAILS},
    {"out of support", parse_csaf,
     VEX(RHEL_8 "," CURL_SOURCE, IN("rhel8", "curl"),
         STATUS("known_affected", "rhel8:curl")
             WHY("no_fix_planned", "Out of support scope", "rhel8:curl")),
     "CVE-2024-1 rhel:8 source:curl end-of-life note=Out of support scope\n" DETAILS},
    {"what is said of another product's remediation does not count", parse_csaf,
     VEX(RHEL_8 "," CURL_SOURCE, IN("rhel8", "curl"),
         STATUS("known_affected", "rhel8:curl")
             WHY("no_fix_planned", "Will not fix", "rhel9:curl")),
     "CVE-2024-1 rhel:8 source:curl affected\n" DETAILS},
    {"under investigation", parse_csaf,
     VEX(RHEL_8 "," PURL("curl", "rpm/redhat/curl"), IN("rhel8", "curl"),
         STATUS("under_investigation", "rhel8:curl")),
     "CVE-2024-1 rhel:8 curl under-review\n" DETAILS},
    {"not affected, and why", parse_csaf,
     VEX(RHEL_8 "," CURL_SOURCE, IN("rhel8", "curl"),
         STATUS("known_not_affected",
                "rhel8:curl") ",\"flags\":[{\"label\":\"component_not_present\",\"product_"
                              "ids\":[\"rhel8:curl\"]}]"),
     "CVE-2024-1 rhel:8 source:curl not-affected note=component_not_present\n" DETAILS},
    {"one build that is not affected says nothing of others", parse_csaf,
     VEX(RHEL_8 "," PURL("p", "rpm/redhat/crun@1-2.el8?arch=x86_64"), IN("rhel8", "p"),
         STATUS("known_not_affected", "rhel8:p")),
     DETAILS},
    {"what has a fix is not open as well", parse_csaf,
     VEX(RHEL_8 "," CURL_SOURCE "," PURL("f", "rpm/redhat/curl@7-1.el8?arch=src") "," PURL(
             "b", "rpm/redhat/libcurl@7-1.el8?arch=x86_64"),
         IN("rhel8", "curl") "," IN("rhel8", "f") "," IN("rhel8", "b"),
         "\"product_status\":{\"known_affected\":[\"rhel8:curl\"],\"fixed\":[\"rhel8:f\","
         "\"rhel8:b\"]}"),
     "CVE-2024-1 rhel:8 libcurl fixed fixed=7-1.el8 arch=x86_64\n" DETAILS},
    {"a fix in one release leaves another open", parse_csaf,
     VEX(RHEL_8 "," RHEL_9 "," CURL_SOURCE "," PURL("f", "rpm/redhat/curl@7-1.el9?arch=src"),
         IN("rhel8", "curl") "," IN("rhel9", "f"),
         "\"product_status\":{\"known_affected\":[\"rhel8:curl\"],\"fixed\":[\"rhel9:f\"]}"),
     "CVE-2024-1 rhel:8 source:curl affected\n" DETAILS},
    {"other products of the vendor, images and jars are passed over", parse_csaf,
     VEX(CPE("eus", "a:redhat:rhel_eus:9.0::appstream") "," CPE(
             "jboss",
             "a:redhat:jboss:7") "," RHEL_9
                                 "," PURL("i", "oci/curl-rhel9?arch=amd64") "," PURL(
                                     "j", "maven/org.a/b@1") "," PURL("c", "rpm/redhat/"
                                                                           "curl@7-1?arch=x86_64"),
         IN("eus", "c") "," IN("jboss", "c") "," IN("rhel9", "i") "," IN("rhel9", "j"),
         "\"product_status\":{\"fixed\":[\"eus:c\",\"jboss:c\",\"rhel9:i\",\"rhel9:j\","
         "\"gone\"]}"),
     DETAILS},
    {"those who pay for longer support", parse_csaf,
     VEX(CPE("els", "o:redhat:rhel_els:7") "," PURL("c", "rpm/redhat/curl@7-1.el7?arch=x86_64"),
         IN("els", "c"), STATUS("fixed", "els:c")),
     "CVE-2024-1 rhel-els:7 curl fixed fixed=7-1.el7 arch=x86_64\n" DETAILS},
    {"a component without a package URL is a source package", parse_csaf,
     VEX(RHEL_8 "," NAMED("snakeyaml") "," NAMED("openshift3/image"),
         IN("rhel8", "snakeyaml") "," IN("rhel8", "openshift3/image"),
         "\"product_status\":{\"known_affected\":[\"rhel8:snakeyaml\",\"rhel8:openshift3/"
         "image\"]}"),
     "CVE-2024-1 rhel:8 source:snakeyaml affected\n" DETAILS},
    {"only what is asked for", parse_csaf_of_rhel_8,
     VEX(RHEL_8 "," RHEL_9 "," CURL_SOURCE, IN("rhel8", "curl") "," IN("rhel9", "curl"),
         "\"product_status\":{\"known_affected\":[\"rhel8:curl\",\"rhel9:curl\"]}"),
     "CVE-2024-1 rhel:8 source:curl affected\n" DETAILS},

    {"SUSE: names of files, and what is recommended", parse_csaf,
     VEX(NAMED("SUSE Linux Enterprise Server 15 SP5") "," NAMED(
             "SUSE Linux Enterprise Server 15 "
             "SP3-LTSS") "," NAMED("openSUSE Leap 15.5") "," NAMED("openSUSE Tumbleweed") "," NAMED("libcurl4-8.0.1-150400.5.1.x86_64") "," NAMED("java-1_8_0-openjdk"),
         IN("SUSE Linux Enterprise Server 15 SP5", "libcurl4-8.0.1-150400.5.1.x86_64") "," IN(
             "SUSE Linux Enterprise Server 15 SP3-LTSS",
             "libcurl4-8.0.1-150400.5.1.x86_64") "," IN("openSUSE Leap 15.5", "libcurl4-8.0.1-"
                                                                              "150400.5.1.x86_"
                                                                              "64") "," IN("ope"
                                                                                           "nSU"
                                                                                           "SE "
                                                                                           "Tum"
                                                                                           "ble"
                                                                                           "wee"
                                                                                           "d",
                                                                                           "jav"
                                                                                           "a-"
                                                                                           "1_"
                                                                                           "8_"
                                                                                           "0-"
                                                                                           "ope"
                                                                                           "njd"
                                                                                           "k"),
         "\"product_status\":{\"recommended\":["
         "\"SUSE Linux Enterprise Server 15 SP5:libcurl4-8.0.1-150400.5.1.x86_64\","
         "\"SUSE Linux Enterprise Server 15 SP3-LTSS:libcurl4-8.0.1-150400.5.1.x86_64\","
         "\"openSUSE Leap 15.5:libcurl4-8.0.1-150400.5.1.x86_64\"],"
         "\"known_affected\":[\"openSUSE Tumbleweed:java-1_8_0-openjdk\"]},"
         "\"threats\":[{\"category\":\"impact\",\"details\":\"moderate\"}]"),
     "CVE-2024-1 sles:15.5 libcurl4 fixed fixed=8.0.1-150400.5.1 arch=x86_64 medium\n"
     "CVE-2024-1 sles-ltss:15.3 libcurl4 fixed fixed=8.0.1-150400.5.1 arch=x86_64 medium\n"
     "CVE-2024-1 opensuse-leap:15.5 libcurl4 fixed fixed=8.0.1-150400.5.1 arch=x86_64 medium\n"
     "CVE-2024-1 opensuse-tumbleweed source:java-1_8_0-openjdk affected medium\n" DETAILS},
    {"openEuler: an erratum, whose id is the vendor's", parse_csaf,
     CSAF("csaf_security_advisory",
          CPE("openEuler-22.03-LTS-SP1", "a:openEuler:openEuler:22.03-LTS-SP1") "," NAMED(
              "kernel-5.10.0-136.18.0.94.oe2203sp1.aarch64.rpm") "," NAMED("kernel-5.10.0-136."
                                                                           "18.0.94.oe2203sp1."
                                                                           "src.rpm"),
          IN("openEuler-22.03-LTS-SP1", "kernel-5.10.0-136.18.0.94.oe2203sp1.aarch64.rpm") "," IN(
              "openEuler-22.03-LTS-SP1", "kernel-5.10.0-136.18.0."
                                         "94.oe2203sp1.src.rpm"),
          "\"product_status\":{\"fixed\":["
          "\"openEuler-22.03-LTS-SP1:kernel-5.10.0-136.18.0.94.oe2203sp1.aarch64.rpm\","
          "\"openEuler-22.03-LTS-SP1:kernel-5.10.0-136.18.0.94.oe2203sp1.src.rpm\"]}"),
     "CVE-2024-1 openeuler:22.03-LTS-SP1 kernel fixed fixed=5.10.0-136.18.0.94.oe2203sp1 "
     "vendor=SA-2024-1 arch=aarch64\n" DETAILS},

    {"no CVE number", parse_csaf,
     "{\"document\":{\"csaf_version\":\"2.0\"},\"vulnerabilities\":[{\"title\":\"x\"}]}", "", 1},
    {"a draft", parse_csaf,
     "{\"document\":{\"csaf_version\":\"2.0\",\"tracking\":{\"status\":\"draft\"}},"
     "\"vulnerabilities\":[{\"cve\":\"CVE-2024-1\"}]}",
     ""},
    {"another document", parse_csaf, "{\"id\": \"CVE-2024-1\"}", NULL},
    {"cut", parse_csaf, "{\"document\":{", NULL},
};

static void
test_documents(void)
{
  feed_cases_run(cases, G_N_ELEMENTS(cases));
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/advisory/csaf/documents", test_documents);
  return g_test_run();
}
