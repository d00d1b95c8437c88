/* Harbor's reports of findings made by hand: what is one entry to Harbor, CVSS by version, what is
 * not known. */
#include "server/harbor/reports.h"

#include <string.h>

#include "base/json.h"

typedef struct {
  const char *id, *package, *version, *fixed;
  Severity severity;
  const char *vector;
  double score;
} Given;

static void
free_finding(void *finding)
{
  finding_free(finding);
}

static Finding *
finding_of(const Given *given)
{
  Finding *finding = finding_new();
  finding->id = g_strdup(given->id);
  finding->package = g_strdup(given->package);
  finding->package_type = g_strdup("deb");
  finding->installed_version = g_strdup(given->version);
  finding->fixed_version = g_strdup(given->fixed);
  finding->severity = given->severity;
  finding->cvss_vector = g_strdup(given->vector);
  finding->cvss_score = given->score;
  finding->state = given->fixed != NULL ? STATE_FIXED : STATE_AFFECTED;
  finding->remedy = g_strdup("upgrade it");
  return finding;
}

/* (transfer full): the report of @count findings. */
static json_t *
report_of(const Given *given, size_t count, const char *gap)
{
  MatchResult matched = {.findings = g_ptr_array_new_with_free_func(free_finding),
                         .gaps = g_ptr_array_new()};
  for (size_t i = 0; i < count; i++)
    g_ptr_array_add(matched.findings, finding_of(&given[i]));
  if (gap != NULL)
    g_ptr_array_add(matched.gaps, (void *)(uintptr_t)gap);
  ImageInventory inventory = {.layers = g_ptr_array_new()};
  char repository[] = "a/b", type[] = "application/vnd.oci.image.manifest.v1+json";
  const ScanRequest request = {.repository = repository, .mime_type = type};
  const HarborScanned scanned = {.request = &request, .inventory = &inventory, .matched = &matched};
  g_autofree char *text = harbor_vulnerability_report(&scanned);
  json_t *report = json_parse(slice_from_string(text), NULL);
  g_assert_nonnull(report);
  g_ptr_array_unref(matched.findings);
  g_ptr_array_unref(matched.gaps);
  g_ptr_array_unref(inventory.layers);
  return report;
}

static const json_t *
entry(const json_t *report, size_t index)
{
  return json_array_get(json_get_array(report, "vulnerabilities"), index);
}

/* Harbor fails over two of one key, which a package of two architectures gives. */
static void
test_keys(void)
{
  static const Given given[] = {
      {"CVE-1", "libc6", "2.1", "2.2", SEVERITY_HIGH, NULL, -1},
      {"CVE-1", "libc6", "2.1", "2.2", SEVERITY_LOW, NULL, -1},
      {"CVE-1", "libc6", "2.0", NULL, SEVERITY_LOW, NULL, -1},
      {"CVE-1", "libc-bin", "2.1", "2.2", SEVERITY_LOW, NULL, -1},
      {"CVE-2", "libc6", "2.1", "2.2", SEVERITY_UNKNOWN, NULL, -1},
  };
  g_autoptr(json_t) report = report_of(given, G_N_ELEMENTS(given), NULL);
  g_assert_cmpuint(json_array_size(json_get_array(report, "vulnerabilities")), ==, 4);
  g_assert_cmpstr(json_get_string(report, "severity"), ==, "High");
  g_assert_cmpstr(json_get_string(entry(report, 0), "severity"), ==, "High");
  g_assert_cmpstr(json_get_string(entry(report, 0), "status"), ==, "fixed");
  g_assert_cmpstr(json_get_string(entry(report, 1), "fix_version"), ==, "");
  g_assert_cmpstr(json_get_string(entry(report, 1), "status"), ==, "affected");
}

static void
test_cvss(void)
{
  static const struct {
    const char *vector, *member;
  } cases[] = {
      {"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "vector_v3"},
      {"CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "vector_v3"},
      {"AV:N/AC:L/Au:N/C:P/I:P/A:P", "vector_v2"},
      {"CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", NULL},
      {NULL, NULL},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    const Given given = {"CVE-1", "a", "1", NULL, SEVERITY_HIGH, cases[i].vector, 7.5};
    g_autoptr(json_t) report = report_of(&given, 1, NULL);
    const json_t *cvss = json_get_object(entry(report, 0), "preferred_cvss");
    g_assert_cmpuint(json_object_size(cvss), ==, cases[i].member == NULL ? 0 : 2);
    if (cases[i].member != NULL)
      g_assert_cmpstr(json_get_string(cvss, cases[i].member), ==, cases[i].vector);
  }
}

/* No list is empty of an image of which something is not known. */
static void
test_not_known(void)
{
  g_autofree char *long_gap = g_strnfill(5000, 'x');
  const char *const gaps[] = {"there are no advisories for Odd 1", long_gap};
  for (size_t i = 0; i < G_N_ELEMENTS(gaps); i++) {
    g_autoptr(json_t) report = report_of(NULL, 0, gaps[i]);
    const json_t *first = entry(report, 0);
    g_assert_cmpstr(json_get_string(first, "id"), ==, HARBOR_NOT_KNOWN);
    g_assert_cmpstr(json_get_string(first, "severity"), ==, "Unknown");
    g_assert_cmpstr(json_get_string(first, "description"), ==, gaps[i]);
    const char *package = json_get_string(first, "package");
    g_assert_true(strlen(package) <= 400 && g_str_has_prefix(gaps[i], package));
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/harbor-reports/keys", test_keys);
  g_test_add_func("/harbor-reports/cvss", test_cvss);
  g_test_add_func("/harbor-reports/not-known", test_not_known);
  return g_test_run();
}
