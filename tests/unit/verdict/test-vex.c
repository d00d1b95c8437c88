/* VEX: the statements of each format as they are written, and which findings they are about. */
#include "verdict/vex_set.h"

#include <string.h>

#define OPENVEX(statements)                                                                        \
  "{\"@context\":\"https://openvex.dev/ns/v0.2.0\",\"author\":\"A\",\"timestamp\":"                \
  "\"2024-01-01T00:00:00Z\",\"statements\":[" statements "]}"
#define SAYS(status, products)                                                                     \
  "{\"vulnerability\":{\"name\":\"CVE-1\",\"aliases\":[\"GHSA-1\"]},\"status\":\"" status          \
  "\",\"products\":[" products "],\"justification\":\"vulnerable_code_not_present\"}"
#define ID(text)        "{\"@id\":\"" text "\"}"
#define IN(image, part) "{\"@id\":\"" image "\",\"subcomponents\":[{\"@id\":\"" part "\"}]}"
#define DIGEST          "sha256:124c7d2707904eea7431fffe91522a01e5a861a624ee31d03372cc1d138a3126"
#define ENCODED         "sha256%3A124c7d2707904eea7431fffe91522a01e5a861a624ee31d03372cc1d138a3126"
#define CSAF(tree, status)                                                                         \
  "{\"document\":{\"csaf_version\":\"2.0\",\"publisher\":{\"name\":\"P\"}},\"product_tree\":" tree \
  ",\"vulnerabilities\":[{\"cve\":\"CVE-1\",\"product_status\":" status                            \
  ",\"flags\":[{\"label\":\"component_not_present\",\"product_ids\":[\"a\",\"r\"]}]}]}"
#define CDX(affects, state) CDX_OF(affects "\"", state)
#define CDX_OF(affects, state)                                                                     \
  "{\"bomFormat\":\"CycloneDX\",\"components\":[{\"bom-ref\":\"c\",\"purl\":"                      \
  "\"pkg:deb/debian/openssl\"}],\"vulnerabilities\":[{\"id\":\"CVE-1\",\"analysis\":{\"state\":"   \
  "\"" state "\",\"justification\":\"code_not_present\"},\"affects\":[{\"ref\":\"" affects "}]}]}"
#define IN_VERSIONS(ref, list) ref "\",\"versions\":[" list "]"
#define PLATFORM                                                                                   \
  "{\"branches\":[{\"product\":{\"product_id\":\"os\",\"name\":\"Debian 12\","                     \
  "\"product_identification_helper\":{\"cpe\":\"cpe:/o:debian:debian_linux:%s\"}},\"branches\":["  \
  "{\"product\":{\"product_id\":\"p\",\"name\":\"x\",\"product_identification_helper\":"           \
  "{\"purl\":\"pkg:deb/debian/openssl\"}}}]}],\"relationships\":[{\"product_reference\":\"p\","    \
  "\"relates_to_product_reference\":\"os\",\"full_product_name\":{\"product_id\":\"r\"}}]}"

/* The finding is CVE-1 in openssl 1:3.0-1+deb12u1 of amd64, of Debian 12. */
static const struct {
  const char *name, *text;
  const char *says; /* the words of what suppresses, "kept" by another statement, or NULL */
} cases[] = {
    {"a package", OPENVEX(SAYS("not_affected", ID("pkg:deb/debian/openssl"))),
     "not_affected (vulnerable_code_not_present) [VEX of A]"},
    {"its version", OPENVEX(SAYS("fixed", ID("pkg:deb/debian/openssl@1:3.0-1%2Bdeb12u1"))),
     "fixed (vulnerable_code_not_present) [VEX of A]"},
    {"its version with the epoch apart",
     OPENVEX(SAYS("fixed", ID("pkg:deb/debian/openssl@3.0-1%2Bdeb12u1?epoch=1&arch=amd64"))),
     "fixed (vulnerable_code_not_present) [VEX of A]"},
    {"another version", OPENVEX(SAYS("fixed", ID("pkg:deb/debian/openssl@3.0-1"))), NULL},
    {"another architecture", OPENVEX(SAYS("fixed", ID("pkg:deb/debian/openssl?arch=arm64"))), NULL},
    {"another distribution", OPENVEX(SAYS("fixed", ID("pkg:deb/ubuntu/openssl"))), NULL},
    {"another release", OPENVEX(SAYS("fixed", ID("pkg:deb/debian/openssl?distro=debian-11"))),
     NULL},
    {"another type", OPENVEX(SAYS("fixed", ID("pkg:apk/debian/openssl"))), NULL},
    {"another package", OPENVEX(SAYS("fixed", ID("pkg:deb/debian/libssl3"))), NULL},
    {"the image", OPENVEX(SAYS("fixed", ID("pkg:oci/app@" ENCODED))),
     "fixed (vulnerable_code_not_present) [VEX of A]"},
    {"another image", OPENVEX(SAYS("fixed", ID("pkg:oci/app@sha256%3A00"))), NULL},
    {"the image by its name",
     OPENVEX(SAYS("fixed", ID("pkg:oci/app?repository_url=r.example/team"))),
     "fixed (vulnerable_code_not_present) [VEX of A]"},
    {"the image by its whole name",
     OPENVEX(SAYS("fixed", ID("pkg:oci/app?repository_url=r.example%2Fteam%2Fapp&tag=1"))),
     "fixed (vulnerable_code_not_present) [VEX of A]"},
    {"another registry", OPENVEX(SAYS("fixed", ID("pkg:oci/app?repository_url=q.example/team"))),
     NULL},
    {"another tag", OPENVEX(SAYS("fixed", ID("pkg:oci/app?tag=2"))), NULL},
    {"the image in words", OPENVEX(SAYS("fixed", ID("r.example/team/app@" DIGEST))),
     "fixed (vulnerable_code_not_present) [VEX of A]"},
    {"a part of the image",
     OPENVEX(SAYS("fixed", IN("pkg:oci/app@" ENCODED, "pkg:deb/debian/openssl"))),
     "fixed (vulnerable_code_not_present) [VEX of A]"},
    {"another part of the image",
     OPENVEX(SAYS("fixed", IN("pkg:oci/app@" ENCODED, "pkg:deb/debian/zlib"))), NULL},
    {"a part of another image",
     OPENVEX(SAYS("fixed", IN("pkg:oci/b@sha256%3A00", "pkg:deb/debian/openssl"))), NULL},
    {"a part of a package that is not there",
     OPENVEX(SAYS("fixed", IN("pkg:golang/x.example/a@v1.0.0", "pkg:deb/debian/openssl"))), NULL},
    {"another vulnerability",
     OPENVEX("{\"vulnerability\":\"CVE-2\",\"status\":\"fixed\",\"products\":["
             "\"pkg:deb/debian/openssl\"]}"),
     NULL},
    {"an alias, and the older form",
     OPENVEX("{\"vulnerability\":\"GHSA-9\",\"status\":\"fixed\",\"products\":["
             "\"pkg:deb/debian/openssl\"]}"),
     "fixed [VEX of A]"},
    {"affected after all",
     OPENVEX(SAYS("fixed", ID("pkg:deb/debian/openssl")) "," SAYS("affected",
                                                                  ID("pkg:deb/debian/openssl"))),
     "kept"},
    {"the newer wins, whatever the order",
     OPENVEX("{\"vulnerability\":\"CVE-1\",\"status\":\"fixed\",\"timestamp\":"
             "\"2025-01-01T00:00:00Z\",\"products\":[\"pkg:deb/debian/openssl\"]}," SAYS(
                 "affected", ID("pkg:deb/debian/openssl"))),
     "fixed [VEX of A]"},
    {"a status that is none", OPENVEX(SAYS("fine", ID("pkg:deb/debian/openssl"))), NULL},
    {"CSAF",
     CSAF("{\"full_product_names\":[{\"product_id\":\"a\",\"name\":\"x\","
          "\"product_identification_helper\":{\"purl\":\"pkg:deb/debian/openssl\"}}]}",
          "{\"known_not_affected\":[\"a\"]}"),
     "known_not_affected (component_not_present) [VEX of P]"},
    {"CSAF under investigation",
     CSAF("{\"full_product_names\":[{\"product_id\":\"a\",\"name\":\"x\","
          "\"product_identification_helper\":{\"purl\":\"pkg:deb/debian/openssl\"}}]}",
          "{\"under_investigation\":[\"a\"]}"),
     "kept"},
    {"CycloneDX by reference", CDX("c", "not_affected"), "not_affected (code_not_present)"},
    {"CycloneDX by link", CDX("urn:cdx:1-2/1#pkg:deb/debian/openssl", "resolved"),
     "resolved (code_not_present)"},
    {"CycloneDX by encoded link", CDX("urn:cdx:1-2/1#pkg%3Adeb%2Fdebian%2Fopenssl", "resolved"),
     "resolved (code_not_present)"},
    {"CycloneDX of this version",
     CDX_OF(IN_VERSIONS("c", "{\"version\":\"1.0\"},{\"version\":\"1:3.0-1+deb12u1\"}"),
            "not_affected"),
     "not_affected (code_not_present)"},
    {"CycloneDX of another version",
     CDX_OF(IN_VERSIONS("c", "{\"version\":\"1:3.0-1+deb12u2\"}"), "not_affected"), NULL},
    {"CycloneDX of a range",
     CDX_OF(IN_VERSIONS("c", "{\"range\":\"vers:deb/>=1.0\"}"), "not_affected"), NULL},
    {"CycloneDX of an unnamed version", CDX_OF(IN_VERSIONS("c", "{}"), "resolved"), NULL},
    {"CycloneDX of an image in a version",
     CDX_OF(IN_VERSIONS("pkg:oci/app", "{\"version\":\"1\"}"), "resolved"), NULL},
    {"CycloneDX of this image, in a version",
     CDX_OF(IN_VERSIONS("pkg:oci/app@" ENCODED, "{\"version\":\"1\"}"), "resolved"),
     "resolved (code_not_present)"},
    {"CycloneDX that says exploitable", CDX("c", "exploitable"), "kept"},
};

static char *
said(const char *text)
{
  static char id[] = "debian", version[] = "12", cve[] = "CVE-1", type[] = "deb",
              name[] = "openssl", installed[] = "1:3.0-1+deb12u1", amd64[] = "amd64",
              ghsa[] = "GHSA-9";
  static char *aliases[] = {ghsa, NULL};
  const OsRelease os = {.id = id, .version_id = version};
  const VexImage image = {.target = "docker://r.example/team/app:1", .digest = DIGEST, .os = &os};
  const Finding finding = {.id = cve,
                           .aliases = aliases,
                           .package_type = type,
                           .package = name,
                           .installed_version = installed,
                           .architecture = amd64};
  g_autoptr(GError) error = NULL;
  g_autoptr(VexDocument) document = vex_parse(slice_from_string(text), "x.json", &error);
  g_assert_no_error(error);
  const VexStatement *statement = vex_find(document, &image, &finding);
  if (statement == NULL)
    return NULL;
  return vex_suppresses(statement) ? vex_in_words(statement, document) : g_strdup("kept");
}

static void
test_findings(void)
{
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_test_message("%s", cases[i].name);
    g_autofree char *words = said(cases[i].text);
    g_assert_cmpstr(words, ==, cases[i].says);
  }
}

/* A product without a package URL is told by its CPE. */
static void
test_platforms(void)
{
  static const struct {
    const char *version;
    bool fits;
  } versions[] = {{"12", true}, {"11", false}, {"1", false}, {"12::x", true}};
  for (size_t i = 0; i < G_N_ELEMENTS(versions); i++) {
    g_auto(GStrv) parts = g_strsplit(CSAF(PLATFORM, "{\"fixed\":[\"r\"]}"), "%s", 2);
    g_autofree char *text = g_strjoinv(versions[i].version, parts);
    g_autofree char *words = said(text);
    g_test_message("%s", versions[i].version);
    g_assert_true((words != NULL) == versions[i].fits);
  }
}

static void
test_refused(void)
{
  static const char *const texts[] = {"", "[]", "{}", "{\"@context\":\"x\"}", "{\"document\":{}}"};
  for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
    g_autoptr(GError) error = NULL;
    g_test_message("%s", texts[i]);
    g_assert_null(vex_parse(slice_from_string(texts[i]), "x.json", &error));
    g_assert_true(g_str_has_prefix(error->message, "x.json: "));
  }
}

/* --- files of other scanners' tests, where they lie beside the project --- */

/* A line a statement, as the table of the files has them. */
static char *
statements_of(const char *folder, const char *name)
{
  g_autofree char *path = g_build_filename(folder, name, NULL);
  g_autoptr(GError) error = NULL;
  char *const paths[] = {path, NULL};
  g_autoptr(VexSet) set = vex_set_load(paths, NULL, &error);
  g_assert_no_error(error);
  const VexDocument *document = g_ptr_array_index(vex_set_documents(set), 0);
  g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < document->statements->len; i++) {
    const VexStatement *each = g_ptr_array_index(document->statements, i);
    bool csaf = strstr(name, "csaf") != NULL;
    g_ptr_array_add(
        lines,
        g_strdup_printf("%s\t%s\t%s\t%s\t%s\t%s", name, each->id, each->product,
                        each->component != NULL ? each->component : "", each->written,
                        csaf || each->status != VEX_NOT_AFFECTED ? "" : each->justification));
  }
  g_ptr_array_sort(lines, text_compare);
  g_ptr_array_add(lines, NULL);
  return g_strjoinv("\n", (char **)lines->pdata);
}

static char *
expected_of(const char *table, const char *name)
{
  g_autofree char *prefix = g_strconcat("vex/", name, "\t", NULL);
  g_auto(GStrv) rows = g_strsplit(table, "\n", -1);
  g_autoptr(GPtrArray) lines = g_ptr_array_new();
  for (char **row = rows; *row != NULL; row++)
    if (g_str_has_prefix(*row, prefix))
      g_ptr_array_add(lines, g_strchomp(*row + strlen("vex/")));
  g_ptr_array_sort(lines, text_compare);
  g_ptr_array_add(lines, NULL);
  return g_strjoinv("\n", (char **)lines->pdata);
}

static void
test_fixtures(void)
{
  const char *shared = g_getenv("ASSAY_SHARED");
  g_autofree char *folder = g_build_filename(shared != NULL ? shared : "", "fixtures", "vex", NULL);
  g_autofree char *path = g_build_filename(folder, "expected.tsv", NULL), *table = NULL;
  if (!g_file_get_contents(path, &table, NULL, NULL)) {
    g_test_skip("the files of other scanners' tests are not there");
    return;
  }
  g_autoptr(GDir) files = g_dir_open(folder, 0, NULL);
  for (const char *name = g_dir_read_name(files); name != NULL; name = g_dir_read_name(files)) {
    if (!g_str_has_suffix(name, ".json"))
      continue;
    g_autofree char *read = statements_of(folder, name), *expected = expected_of(table, name);
    g_autofree char *chomped = g_strdup(read);
    g_auto(GStrv) lines = g_strsplit(chomped, "\n", -1);
    for (char **line = lines; *line != NULL; line++)
      g_strchomp(*line);
    g_autofree char *joined = g_strjoinv("\n", lines);
    g_assert_cmpstr(joined, ==, expected);
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/vex/findings", test_findings);
  g_test_add_func("/vex/platforms", test_platforms);
  g_test_add_func("/vex/refused", test_refused);
  g_test_add_func("/vex/fixtures", test_fixtures);
  return g_test_run();
}
