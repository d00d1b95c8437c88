/* What Harbor asks for: which registries are listed, which reports Accept wants, and requests for
 * scans. */
#include "server/harbor/accept.h"
#include "server/harbor/scan_request.h"

#include <string.h>

/* --- registries --- */

static const struct {
  const char *url, *host; /* NULL: it is none */
  bool plain;
} urls[] = {
    {"https://harbor.example.org", "harbor.example.org", false},
    {"HTTPS://Harbor.Example.org/", "harbor.example.org", false},
    {"https://harbor.example.org:443", "harbor.example.org", false},
    {"https://harbor.example.org:8443/", "harbor.example.org:8443", false},
    {"http://core:8080", "core:8080", true},
    {"http://core:80", "core", true},
    {"https://core:80", "core:80", false},
    {"https://[::1]:5000", "[::1]:5000", false},
    {"harbor.example.org", NULL, false},
    {"", NULL, false},
    {"https://", NULL, false},
    {"ftp://a", NULL, false},
    {"https://a/b", NULL, false},
    {"https://a?b", NULL, false},
    {"https://a#b", NULL, false},
    {"https://user:word@a", NULL, false},
    {"https://a:", NULL, false},
    {"https://a b", NULL, false},
    {"https://a\nb", NULL, false},
    {"https://a@b", NULL, false},
    {"https://a\\b", NULL, false},
    {"https://a%2eb", NULL, false},
};

static void
test_urls(void)
{
  for (size_t i = 0; i < G_N_ELEMENTS(urls); i++) {
    g_autofree char *host = NULL;
    bool plain = false, is_one = harbor_registry_parse(urls[i].url, &host, &plain);
    if (is_one != (urls[i].host != NULL) || g_strcmp0(host, urls[i].host) != 0 ||
        (is_one && plain != urls[i].plain))
      g_error("%s: %d, host %s", urls[i].url, is_one, host);
  }
}

static char by_name[] = "Harbor.example.org", by_plain[] = "http://core:8080",
            by_port[] = "https://a:443";
static char *listed[] = {by_name, by_plain, by_port, NULL};
static const HarborSettings settings = {.registries = listed};

static void
test_listed(void)
{
  static const struct {
    const char *url;
    bool listed;
  } cases[] = {
      {"https://harbor.example.org", true},
      {"http://harbor.example.org", false},
      {"https://harbor.example.org:5000", false},
      {"https://harbor.example.org.evil", false},
      {"http://core:8080/", true},
      {"https://core:8080", false},
      {"http://core", false},
      {"https://A", true},
      {"https://127.0.0.1", false},
      {"http://[::1]", false},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *host = NULL;
    bool plain;
    if (harbor_registry_is_listed(&settings, cases[i].url, &host, &plain) != cases[i].listed)
      g_error("%s", cases[i].url);
  }
}

/* --- Accept --- */

static void
test_accept(void)
{
  static const struct {
    const char *accept, *media_type; /* NULL: none of ours */
  } cases[] = {
      {NULL, HARBOR_REPORT_1_1},
      {"", HARBOR_REPORT_1_1},
      {"*/*", HARBOR_REPORT_1_1},
      {"application/*", HARBOR_REPORT_1_1},
      {HARBOR_REPORT_1_1, HARBOR_REPORT_1_1},
      {HARBOR_REPORT_1_0, HARBOR_REPORT_1_0},
      {HARBOR_SBOM_1_0, HARBOR_SBOM_1_0},
      {"application/vnd.security.vulnerability.report;version=\"1.1\"", HARBOR_REPORT_1_1},
      {"Application/VND.security.vulnerability.report", HARBOR_REPORT_1_1},
      {"text/html, " HARBOR_SBOM_1_0, HARBOR_SBOM_1_0},
      {HARBOR_SBOM_1_0 "," HARBOR_REPORT_1_1, HARBOR_SBOM_1_0},
      {"application/vnd.security.vulnerability.report; version=1.2", NULL},
      {"application/vnd.scanner.adapter.vuln.report.raw", NULL},
      {"text/html", NULL},
      {";", NULL},
      {",", NULL},
      {"application/vnd.security.vulnerability.report; version", HARBOR_REPORT_1_1},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    const char *media_type = NULL;
    harbor_wants(cases[i].accept, &media_type);
    if (g_strcmp0(media_type, cases[i].media_type) != 0)
      g_error("\"%s\": %s", cases[i].accept, media_type);
  }
}

/* --- requests --- */

#define REGISTRY "\"registry\":{\"url\":\"http://core:8080\",\"authorization\":\"Basic YTpi\"}"
#define DIGEST   "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define ARTIFACT                                                                                   \
  "\"artifact\":{\"repository\":\"a/b\",\"digest\":\"" DIGEST                                      \
  "\",\"tag\":\"v1\",\"mime_type\":\"application/vnd.oci.image.manifest.v1+json\"}"
#define ALL HARBOR_REPORTS_ALL

static void
test_requests(void)
{
  static const struct {
    const char *text;
    unsigned status, reports; /* 0: it is fine */
  } cases[] = {
      {"{" REGISTRY "," ARTIFACT "}", 0, ALL},
      {"{" REGISTRY "," ARTIFACT ",\"enabled_capabilities\":null}", 0, ALL},
      {"{" REGISTRY "," ARTIFACT ",\"enabled_capabilities\":[{\"type\":\"vulnerability\"}]}", 0,
       HARBOR_REPORT_VULNERABILITIES},
      {"{" REGISTRY "," ARTIFACT ",\"enabled_capabilities\":[{}]}", 0,
       HARBOR_REPORT_VULNERABILITIES},
      {"{" REGISTRY "," ARTIFACT ",\"enabled_capabilities\":[{\"type\":\"sbom\"}]}", 0,
       HARBOR_REPORTS_SBOM},
      {"{" REGISTRY "," ARTIFACT
       ",\"enabled_capabilities\":[{\"type\":\"sbom\",\"parameters\":{\"sbom_media_types\":["
       "\"application/spdx+json\"]}}]}",
       0, HARBOR_REPORT_SPDX},
      {"{" REGISTRY "," ARTIFACT ",\"enabled_capabilities\":{}}", 400, 0},
      {"{" REGISTRY "," ARTIFACT ",\"enabled_capabilities\":[1]}", 400, 0},
      {"{" REGISTRY "," ARTIFACT
       ",\"enabled_capabilities\":[{\"type\":\"sbom\",\"parameters\":{\"sbom_media_types\":[1]}}]}",
       501, 0},
      {"{" REGISTRY "}", 422, 0},
      {"{" ARTIFACT "}", 422, 0},
      {"[]", 400, 0},
      {"", 400, 0},
      {"{" REGISTRY "," REGISTRY "," ARTIFACT "}", 400, 0},
      {"{\"registry\":{\"url\":\"https://elsewhere\"}," ARTIFACT "}", 422, 0},
      {"{\"registry\":{\"url\":\"http://core:8080\",\"authorization\":{}}," ARTIFACT "}", 400, 0},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_auto(ScanRequest) request = {0};
    g_autoptr(GError) error = NULL;
    unsigned status = 0;
    bool fine =
        scan_request_read(slice_from_string(cases[i].text), &settings, &request, &status, &error);
    if (fine != (cases[i].status == 0) || status != cases[i].status ||
        (fine && request.reports != cases[i].reports))
      g_error("%s: %u %s, reports %u", cases[i].text, status, fine ? "" : error->message,
              request.reports);
    if (!fine)
      g_assert_null(strstr(error->message, "YTpi"));
  }
}

static void
test_secret(void)
{
  g_auto(ScanRequest) request = {0};
  unsigned status;
  g_assert_true(scan_request_read(SLICE_LITERAL("{" REGISTRY "," ARTIFACT "}"), &settings, &request,
                                  &status, NULL));
  g_assert_cmpstr(request.authorization, ==, "Basic YTpi");
  g_assert_cmpstr(request.host, ==, "core:8080");
  g_assert_true(request.plain);
  scan_request_forget_secret(&request);
  g_assert_null(request.authorization);
  g_assert_cmpstr(request.repository, ==, "a/b");
  g_assert_cmpstr(request.tag, ==, "v1");
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/harbor/urls", test_urls);
  g_test_add_func("/harbor/listed", test_listed);
  g_test_add_func("/harbor/accept", test_accept);
  g_test_add_func("/harbor/requests", test_requests);
  g_test_add_func("/harbor/secret", test_secret);
  return g_test_run();
}
