/* SBOMs: what is a package in each format, and what is not. */
#include <string.h>

#include "base/json.h"
#include "inspect/sboms/sboms.h"

/* What was read, a line each: the distribution, packages with their facts, what is unread, notes.
 */
static char *
lines_at(const char *text, const char *place, bool target)
{
  g_autoptr(LayerInventory) inventory = layer_inventory_new();
  g_autoptr(GString) lines = g_string_new(NULL);
  sbom_read(slice_from_string(text), place, target, inventory);
  for (guint i = 0; i < inventory->releases->len; i++) {
    const OsRelease *os = g_ptr_array_index(inventory->releases, i);
    g_string_append_printf(lines, "os %s %s %s\n", os->id, os->version_id, os->codename);
  }
  for (guint i = 0; i < inventory->packages->len; i++) {
    const Package *package = g_ptr_array_index(inventory->packages, i);
    g_string_append_printf(lines, "%s %s %s", package->type, package->name, package->version);
    const char *const facts[] = {package->architecture, package->module, package->vendor,
                                 package->licenses,     package->owner,  package->location};
    if (strcmp(package->source_name, package->name) != 0 ||
        strcmp(package->source_version, package->version) != 0)
      g_string_append_printf(lines, " from %s %s", package->source_name, package->source_version);
    for (size_t j = 0; j < G_N_ELEMENTS(facts); j++)
      if (facts[j] != NULL)
        g_string_append_printf(lines, " %s", facts[j]);
    g_string_append(lines, package->declared ? " declared\n" : "\n");
  }
  for (guint i = 0; i < inventory->unread->len; i++)
    g_string_append_printf(lines, "unread %s\n", (char *)g_ptr_array_index(inventory->unread, i));
  for (guint i = 0; i < inventory->notes->len; i++)
    g_string_append_printf(lines, "note %s\n",
                           ((LayerNote *)g_ptr_array_index(inventory->notes, i))->kind);
  return g_string_free(g_steal_pointer(&lines), FALSE);
}

static char *
lines_of(const char *text, bool target)
{
  return lines_at(text, "x.json", target);
}

#define CDX(components) "{\"bomFormat\":\"CycloneDX\",\"components\":[" components "]}"
#define LIBSSL                                                                                     \
  "{\"name\":\"libssl3\",\"purl\":\"pkg:deb/debian/libssl3@3.0.9-1?arch=amd64&distro=debian-12&"   \
  "upstream=openssl\",\"supplier\":{\"name\":\"Debian\"}}"
#define NPM            "{\"group\":\"@a\",\"name\":\"b\",\"purl\":\"pkg:npm/%40a/b@1\"}"
#define SPDX(packages) "{\"spdxVersion\":\"SPDX-2.3\",\"packages\":[" packages "]}"
#define PURL(text)                                                                                 \
  "\"externalRefs\":[{\"referenceType\":\"purl\",\"referenceLocator\":\"" text "\"}]"

static const struct {
  const char *name, *text, *target, *found; /* of the target of a scan, and in an image */
} cases[] = {
    {"packages of distributions count where the SBOM is the target", CDX(LIBSSL "," NPM),
     "os debian 12 (null)\ndeb libssl3 3.0.9-1 from openssl 3.0.9-1 amd64 Debian x.json\n"
     "npm @a/b 1 x.json\n",
     "npm @a/b 1 x.json declared\n"},
    {"the distribution that is named wins over the package URLs'",
     CDX("{\"type\":\"operating-system\",\"name\":\"redhat\",\"version\":\"9.3\"}," LIBSSL),
     "os rhel 9.3 (null)\ndeb libssl3 3.0.9-1 from openssl 3.0.9-1 amd64 Debian x.json\n", ""},
    {"components in components, and what is no package",
     CDX("{\"name\":\"x\",\"version\":\"1\",\"components\":[" NPM "]}"), "npm @a/b 1 x.json\n",
     "npm @a/b 1 x.json declared\n"},
    {"a package URL that is none", CDX("{\"name\":\"x\",\"version\":\"1\",\"purl\":\"invalid\"}"),
     "note odd-package-url\n", "note odd-package-url\n"},
    {"without a version", CDX("{\"name\":\"x\",\"purl\":\"pkg:npm/x\"}"), "", ""},
    {"the version of the component",
     CDX("{\"name\":\"x\",\"version\":\"2\",\"purl\":\"pkg:npm/x\"}"), "npm x 2 x.json\n",
     "npm x 2 x.json declared\n"},
    {"the image itself", CDX("{\"name\":\"x\",\"purl\":\"pkg:oci/x@sha256:12\"}"), "", ""},
    {"a CPE", CDX("{\"name\":\"Nginx\",\"version\":\"1\",\"cpe\":\"cpe:2.3:a:f5:nginx:1:*\"}"),
     "generic Nginx 1 x.json\n", "generic Nginx 1 x.json declared\n"},
    {"letters that a package URL does not keep",
     CDX("{\"name\":\"github.com/Azure/x\",\"purl\":\"pkg:golang/github.com/azure/x@v1.0.0\"}"),
     "golang github.com/Azure/x v1.0.0 x.json\n",
     "golang github.com/Azure/x v1.0.0 x.json declared\n"},
    {"a v that is no part of the version",
     CDX("{\"name\":\"x\",\"purl\":\"pkg:golang/stdlib@v1.15.2\"},"
         "{\"name\":\"y\",\"purl\":\"pkg:composer/a/y@v1.0\"}"),
     "golang stdlib 1.15.2 x.json\ncomposer a/y 1.0 x.json\n",
     "golang stdlib 1.15.2 x.json declared\ncomposer a/y 1.0 x.json declared\n"},
    {"sources as Trivy writes them",
     CDX("{\"name\":\"l\",\"purl\":\"pkg:deb/ubuntu/l@4-1?epoch=1&distro=ubuntu-22.04\","
         "\"properties\":[{\"name\":\"aquasecurity:trivy:SrcName\",\"value\":\"s\"},"
         "{\"name\":\"aquasecurity:trivy:SrcVersion\",\"value\":\"4\"},"
         "{\"name\":\"aquasecurity:trivy:SrcRelease\",\"value\":\"2\"},"
         "{\"name\":\"aquasecurity:trivy:SrcEpoch\",\"value\":\"1\"}]}"),
     "os ubuntu 22.04 (null)\ndeb l 1:4-1 from s 1:4-2 x.json\n", ""},
    {"sources as Trivy writes them into SPDX",
     SPDX("{\"name\":\"l\",\"sourceInfo\":\"built package from: s 1:4-2\"," PURL(
         "pkg:deb/ubuntu/l@4-1?epoch=1&distro=ubuntu-22.04") "},{\"name\":\"m\",\"sourceInfo\":"
                                                             "\"built package from: s\"," PURL(
                                                                 "pkg:deb/ubuntu/m@1") "}"),
     "os ubuntu 22.04 (null)\ndeb l 1:4-1 from s 1:4-2 x.json\ndeb m 1 x.json\n", ""},
    {"and as tags",
     "SPDXVersion: SPDX-2.3\nPackageName: l\nPackageSourceInfo: <text>built package from: s 4-2"
     "</text>\nExternalRef: PACKAGE-MANAGER purl pkg:deb/ubuntu/l@4-1?distro=ubuntu-22.04\n",
     "os ubuntu 22.04 (null)\ndeb l 4-1 from s 4-2 x.json\n", ""},
    {"what Assay says beside the format",
     CDX("{\"name\":\"x\",\"purl\":\"pkg:npm/x@1\",\"licenses\":[{\"expression\":\"MIT OR ISC\"}],"
         "\"evidence\":{\"occurrences\":[{\"location\":\"a/package.json\"}]},"
         "\"properties\":[{\"name\":\"assay:owner\",\"value\":\"node-x\"},"
         "{\"name\":\"assay:declared\",\"value\":\"true\"}]}"),
     "npm x 1 MIT OR ISC node-x a/package.json declared\n", "npm x 1 MIT OR ISC x.json declared\n"},
    {"what the SBOM misses",
     "{\"bomFormat\":\"CycloneDX\",\"metadata\":{\"component\":{\"properties\":"
     "[{\"name\":\"assay:unread\",\"value\":\"a\"},{\"name\":\"assay:unread\",\"value\":\"b\"}]}}}",
     "unread a\nunread b\nnote incomplete-list\nnote incomplete-list\n", ""},
    {"SPDX",
     SPDX(
         "{\"name\":\"p\",\"supplier\":\"Organization: Red Hat\",\"licenseDeclared\":\"MIT\"," PURL(
             "pkg:rpm/redhat/p@1-2?epoch=3&distro=rhel-9.3&rpmmod=p:1") "},{\"name\":\"none\"}"),
     "os rhel 9.3 (null)\nrpm p 3:1-2 p:1 Red Hat MIT x.json\n", ""},
    {"a distribution of SPDX with what Assay says",
     SPDX("{\"name\":\"debian\",\"primaryPackagePurpose\":\"OPERATING_SYSTEM\",\"annotations\":"
          "[{\"comment\":\"assay:os:codename=trixie\"}]}"),
     "os debian (null) trixie\n", ""},
    {"wrapped by GitHub, with a licence of its own",
     "{\"sbom\":{\"spdxVersion\":\"SPDX-2.3\",\"hasExtractedLicensingInfos\":[{\"licenseId\":"
     "\"LicenseRef-a\",\"extractedText\":\"Mine\"}],\"packages\":[{\"name\":\"x\","
     "\"licenseDeclared\":\"LicenseRef-a\"," PURL("pkg:npm/x@1") "}]}}",
     "npm x 1 Mine x.json\n", "npm x 1 Mine x.json declared\n"},
    {"tags",
     "SPDXVersion: SPDX-2.3\nPackageName: a\nPackageComment: <text>x\nPackageName: no\n</text>\n"
     "ExternalRef: PACKAGE-MANAGER purl pkg:npm/a@1\nPackageLicenseDeclared: NOASSERTION\n"
     "FileName: f\nExternalRef: PACKAGE-MANAGER purl pkg:npm/no@1\nPackageName: b\r\n"
     "ExternalRef: SECURITY purl pkg:npm/b@2\r\n",
     "npm a 1 x.json\nnpm b 2 x.json\n", "npm a 1 x.json declared\nnpm b 2 x.json declared\n"},
    {"XML",
     "\xef\xbb\xbf<?xml version='1.0'?><c:bom xmlns:c='x'><c:metadata><c:tools><c:components>"
     "<c:component><c:name>no</c:name><c:purl>pkg:npm/no@1</c:purl></c:component></c:components>"
     "</c:tools></c:metadata><c:components><c:component type='library'><c:name>a</c:name>"
     "<c:pedigree><c:ancestors><c:component><c:purl>pkg:npm/no@2</c:purl></c:component>"
     "</c:ancestors></c:pedigree><c:licenses><c:license><c:name>A &amp; B</c:name></c:license>"
     "</c:licenses><c:purl> pkg:npm/a@1 </c:purl><c:components><c:component><c:purl>"
     "<![CDATA[pkg:npm/b@2]]></c:purl></c:component></c:components></c:component></c:components>"
     "</c:bom>",
     "npm b 2 x.json\nnpm a 1 A & B x.json\n",
     "npm b 2 x.json declared\nnpm a 1 A & B x.json declared\n"},
    {"XML of something else", "<html></html>", "unread x.json\nnote broken-sbom\n",
     "note broken-sbom\n"},
    {"JSON of something else", "{\"a\":1}", "unread x.json\nnote broken-sbom\n",
     "note broken-sbom\n"},
    {"SPDX 3", "{\"@context\":\"x\",\"@graph\":[]}", "unread x.json\nnote broken-sbom\n",
     "note broken-sbom\n"},
    {"an envelope without a Statement", "{\"payloadType\":\"a\",\"payload\":\"e30=\"}",
     "unread x.json\nnote broken-sbom\n", "note broken-sbom\n"},
    {"an envelope of garbage", "{\"payloadType\":\"a\",\"payload\":\"####\"}",
     "unread x.json\nnote broken-sbom\n", "note broken-sbom\n"},
    {"nothing", "", "unread x.json\nnote broken-sbom\n", "note broken-sbom\n"},
    {"half of one", "{\"bomFormat\":\"CycloneDX\",\"components\":[" NPM,
     "unread x.json\nnote broken-sbom\n", "note broken-sbom\n"},
};

static void
test_cases(void)
{
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_test_message("%s", cases[i].name);
    g_autofree char *target = lines_of(cases[i].text, true);
    g_assert_cmpstr(target, ==, cases[i].target);
    g_autofree char *found = lines_of(cases[i].text, false);
    g_assert_cmpstr(found, ==, cases[i].found);
  }
}

/* What is nested deep ends with a word, in both forms. */
static void
test_deep(void)
{
  g_autoptr(GString) json = g_string_new("{\"bomFormat\":\"CycloneDX\"");
  g_autoptr(GString) xml = g_string_new("<bom>");
  for (int i = 0; i < 500; i++) {
    g_string_append(json, ",\"components\":[{\"name\":\"x\"");
    g_string_append(xml, "<components><component>");
  }
  for (int i = 0; i < 500; i++) {
    g_string_append(json, "}]");
    g_string_append(xml, "</component></components>");
  }
  g_string_append(json, "}");
  g_string_append(xml, "</bom>");
  g_autofree char *deep_json = lines_of(json->str, true), *deep_xml = lines_of(xml->str, true);
  g_assert_cmpstr(deep_json, ==, "unread x.json\nnote broken-sbom\n");
  g_assert_cmpstr(deep_xml, ==, "unread x.json\nnote broken-sbom\n");
}

#define ALEF   "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define BET    "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define READ   "npm @a/b 1 (place)\nnote not-verified\n"
#define UNREAD "unread (place)\nnote broken-sbom\n"
#define BILL   "{\"bomFormat\":\"CycloneDX\",\"components\":[" NPM "]}"
#define TAGS                                                                                       \
  "\"SPDXVersion: SPDX-2.3\\nPackageName: b\\nSPDXID: SPDXRef-b\\nPackageVersion: 1\\n"            \
  "ExternalRef: PACKAGE-MANAGER purl pkg:npm/%40a/b@1\\n\""

/* A Statement about ALEF. (transfer full) */
static char *
statement_of(const char *predicate)
{
  return g_strdup_printf("{\"_type\":\"https://in-toto.io/Statement/v1\",\"predicateType\":\"x\","
                         "\"subject\":[{\"digest\":{\"sha256\":\"%s\"}}],\"predicate\":%s}",
                         ALEF + strlen("sha256:"), predicate);
}

/* (transfer full) */
static char *
envelope_of(const char *statement)
{
  g_autofree char *payload = g_base64_encode((const guchar *)statement, strlen(statement));
  return g_strdup_printf("{\"payloadType\":\"application/vnd.in-toto+json\",\"payload\":\"%s\"}",
                         payload);
}

static void
check_attested(const char *text, const char *place, const char *expected)
{
  g_autofree char *lines = lines_at(text, place, true);
  g_autoptr(GString) wanted = g_string_new(expected);
  g_string_replace(wanted, "(place)", place, 0);
  g_assert_cmpstr(lines, ==, wanted->str);
}

/* An attestation counts for the image that it is about, in each of its forms. */
static void
test_attestations(void)
{
  static const char *const predicates[] = {BILL, TAGS, "{\"Data\":" BILL "}",
                                           "{\"Data\":" TAGS "}"};
  for (size_t i = 0; i < G_N_ELEMENTS(predicates); i++) {
    g_autofree char *statement = statement_of(predicates[i]);
    g_autofree char *envelope = envelope_of(statement), *twice = envelope_of(envelope);
    g_autofree char *bundle = g_strdup_printf("{\"dsseEnvelope\":%s}", envelope);
    const char *const forms[] = {statement, envelope, bundle};
    for (size_t j = 0; j < G_N_ELEMENTS(forms); j++) {
      check_attested(forms[j], SBOM_TARGET_PLACE, READ);
      check_attested(forms[j], SBOM_TARGET_OF ALEF, READ);
      check_attested(forms[j], SBOM_TARGET_OF BET, UNREAD);
    }
    check_attested(twice, SBOM_TARGET_PLACE, UNREAD);
  }
  check_attested(BILL, SBOM_TARGET_OF ALEF, UNREAD);
  /* What lies beside an image under another name. */
  g_autofree char *statement = statement_of(BILL);
  check_attested(BILL, SBOM_TARGET_BESIDE ALEF, READ);
  check_attested(statement, SBOM_TARGET_BESIDE ALEF, READ);
  check_attested(statement, SBOM_TARGET_BESIDE BET, UNREAD "note not-verified\n");
  check_attested("<bom/>", SBOM_TARGET_OF ALEF, UNREAD);
  check_attested("SPDXVersion: SPDX-2.3\n", SBOM_TARGET_OF ALEF, UNREAD);
}

/* A text in an attestation may be no attestation. */
static void
test_nested(void)
{
  g_autofree char *inner = statement_of(BILL);
  g_autoptr(json_t) text = json_string(inner);
  g_autofree char *quoted = json_dumps(text, JSON_ENCODE_ANY);
  g_autofree char *outer = statement_of(quoted);
  check_attested(outer, SBOM_TARGET_PLACE, "unread (place)\nnote not-verified\nnote broken-sbom\n");
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/sboms/cases", test_cases);
  g_test_add_func("/sboms/deep", test_deep);
  g_test_add_func("/sboms/attestations", test_attestations);
  g_test_add_func("/sboms/nested", test_nested);
  return g_test_run();
}
