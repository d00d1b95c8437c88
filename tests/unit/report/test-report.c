/* Findings as people and programs get them: the table fits and drives no terminal, JSON says all,
 * SARIF is what the services that read it ask for. */
#include <string.h>

#include "base/json.h"
#include "report/columns.h"
#include "report/groups.h"
#include "report/writer.h"

typedef struct {
  const char *id, *package, *installed, *fixed, *title, *reason;
  Severity severity;
  AdvisoryState state;
  double score;
} CaseFinding;

#define LONG_VERSION "1:2.36.1-8+deb11u2~bpo10+1+really2.36.1-8"

static const CaseFinding cases[] = {
    {"CVE-2024-00001", "openssl", "1.1.1n-0+deb11u3", "1.1.1w-0+deb11u2", "A title", NULL,
     SEVERITY_CRITICAL, STATE_FIXED, 9.8},
    {"CVE-2024-00001", "libssl1.1", "1.1.1n-0+deb11u3", "1.1.1w-0+deb11u2", "A title", NULL,
     SEVERITY_CRITICAL, STATE_FIXED, 9.8},
    {"CVE-2024-00002", "a-package-with-a-very-long-name-for-a-table", LONG_VERSION,
     LONG_VERSION "u1",
     "A title that is far too long for the last column of any terminal that people use, even wide "
     "ones",
     NULL, SEVERITY_HIGH, STATE_FIXED, 3.1},
    {"CVE-2024-00003", "evil", "1\033[31m2", NULL,
     "\033]0;owned\007 \xe2\x80\xae gnp.exe \xff\nsecond line", NULL, SEVERITY_MEDIUM,
     STATE_AFFECTED, 5.0},
    {"CVE-2024-00004", "quiet", "1.0", NULL, "Small", "ignored: Minor issue", SEVERITY_LOW,
     STATE_WILL_NOT_FIX, -1},
    {"bookworm-security/tzdata/2025b-0+deb12u1", "tzdata", "2024a", "2025b-0+deb12u1", NULL, NULL,
     SEVERITY_UNKNOWN, STATE_FIXED, -1},
    {"CVE-2024-00005", "open", "1.0", NULL, NULL, NULL, SEVERITY_UNKNOWN, STATE_AFFECTED, -1},
};

static Finding *
finding_of_case(const CaseFinding *from)
{
  Finding *finding = finding_new();
  finding->id = g_strdup(from->id);
  finding->package_type = g_strdup("deb");
  finding->package = g_strdup(from->package);
  finding->installed_version = g_strdup(from->installed);
  finding->fixed_version = g_strdup(from->fixed);
  finding->title = g_strdup(from->title);
  finding->reason = g_strdup(from->reason);
  finding->severity = from->severity;
  finding->state = from->state;
  finding->cvss_score = from->score;
  finding->epss_score = finding->epss_percentile = -1;
  finding->location = g_strdup("var/lib/dpkg/status");
  finding->remedy = from->fixed != NULL
                        ? g_strdup_printf("upgrade %s to %s or later", from->package, from->fixed)
                        : g_strdup("no fixed version published yet");
  finding->references = g_strsplit("DSA-1-1|https://example.org/a|https://example.org/b", "|", -1);
  finding->affected = g_strdup("all versions");
  finding->feed = g_strdup("test");
  return finding;
}

typedef struct {
  GPtrArray *findings, *not_affected, *notes;
  Report report;
} Fixture;

static void
set_up(Fixture *fixture, gconstpointer data)
{
  fixture->findings = g_ptr_array_new_with_free_func((GDestroyNotify)finding_free);
  fixture->not_affected = g_ptr_array_new_with_free_func((GDestroyNotify)finding_free);
  fixture->notes = g_ptr_array_new();
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
    g_ptr_array_add(fixture->findings, finding_of_case(&cases[i]));
  const CaseFinding ruled_out = {
      "CVE-1", "p", "1", NULL, NULL, "code not present", SEVERITY_UNKNOWN, STATE_NOT_AFFECTED, -1};
  g_ptr_array_add(fixture->not_affected, finding_of_case(&ruled_out));
  g_ptr_array_add(fixture->notes, (gpointer)(uintptr_t) "no advisories for \033[1mdebian:99");
  fixture->report = (Report){.target = "oci:image\033[2J:v1",
                             .digest = "sha256:0",
                             .os = "Debian GNU/Linux 11 (bullseye)",
                             .packages = 42,
                             .findings = fixture->findings,
                             .not_affected = fixture->not_affected,
                             .notes = fixture->notes,
                             .database = "g1"};
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
  g_ptr_array_unref(fixture->findings);
  g_ptr_array_unref(fixture->not_affected);
  g_ptr_array_unref(fixture->notes);
}

static char *
written(const char *format, const Report *report, unsigned width, bool by_vulnerability)
{
  ReportStyle style = {.width = width, .by_vulnerability = by_vulnerability};
  return report_writer_find(format)->write(report, &style);
}

/* --- the table --- */

/* Whatever the width, no line is wider, and what is looked up elsewhere stays whole. */
static void
test_fits(Fixture *fixture, gconstpointer data)
{
  static const unsigned widths[] = {60, 80, 100, 120, 200};
  for (size_t i = 0; i < 2 * G_N_ELEMENTS(widths); i++) {
    unsigned width = widths[i / 2];
    g_autofree char *text = written("table", &fixture->report, width, i % 2 == 0);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line != NULL; line++)
      if (text_cells(*line) > width)
        g_error("%u columns, but: %s", width, *line);
    for (size_t j = 0; j < G_N_ELEMENTS(cases); j++) {
      bool clean = strchr(cases[j].installed, '\033') == NULL;
      if (strstr(text, cases[j].id) == NULL ||
          (clean && strstr(text, cases[j].installed) == NULL) ||
          (cases[j].fixed != NULL && strstr(text, cases[j].fixed) == NULL))
        g_error("%u columns: %s or a version of it is cut:\n%s", width, cases[j].id, text);
    }
  }
}

static void
test_drives_no_terminal(Fixture *fixture, gconstpointer data)
{
  g_autoptr(Verdict) verdict = verdict_new();
  verdict->policy = g_strdup("\033]0;owned\007");
  g_ptr_array_add(verdict->warnings, g_strdup(g_ptr_array_index(fixture->notes, 0)));
  VerdictExemption *exemption = verdict_exemption_new();
  g_ptr_array_add(exemption->what, g_strdup("CVE-\033]0;owned\007"));
  exemption->reason = g_strdup("\033]0;owned\007");
  g_ptr_array_add(verdict->exemptions, exemption);
  fixture->report.verdict = verdict;
  for (int by_vulnerability = 0; by_vulnerability < 2; by_vulnerability++) {
    g_autofree char *text = written("table", &fixture->report, 0, by_vulnerability);
    g_assert_nonnull(strstr(text, "verdict: allowed by policy"));
    g_assert_nonnull(strstr(text, "warning: no advisories for"));
    g_assert_null(strstr(text, "note: ")); /* what the verdict says is not said again */
    g_assert_true(g_utf8_validate(text, -1, NULL));
    for (char *p = text; *p != '\0'; p = g_utf8_next_char(p)) {
      gunichar character = g_utf8_get_char(p);
      g_assert_true(character == '\n' || !g_unichar_iscntrl(character));
      g_assert_cmpint(g_unichar_type(character), !=, G_UNICODE_FORMAT);
    }
    ReportStyle style = {.width = 100, .colour = true, .by_vulnerability = by_vulnerability};
    g_autofree char *coloured = report_writer_find("table")->write(&fixture->report, &style);
    g_assert_nonnull(strstr(coloured, "\033[")); /* ours, */
    g_assert_null(strstr(coloured, "\033]0;"));  /* and nobody else's */
  }
}

static void
test_summary(Fixture *fixture, gconstpointer data)
{
  static const char *const shown[] = {
      "42 packages, 7 findings of 6 vulnerabilities, 4 with a fix: 2 critical, 1 high, 1 medium, "
      "1 low, 2 of unknown severity\n",
      "severity: no feed gives one for 2 of these findings; policies count those with a fix as "
      "high",
      "note: no advisories for"};
  g_autofree char *text = written("table", &fixture->report, 0, false);
  for (size_t i = 0; i < G_N_ELEMENTS(shown); i++)
    if (strstr(text, shown[i]) == NULL)
      g_error("\"%s\" is not in:\n%s", shown[i], text);
  /* What to do is not below what the layers have. */
  fixture->report.layer_notes = fixture->notes;
  fixture->report.notes = NULL;
  g_autofree char *other = written("table", &fixture->report, 0, false);
  g_assert_true(strstr(other, " 1. ") < strstr(other, "note: "));
}

static void
test_list_tells(Fixture *fixture, gconstpointer data)
{
  g_autofree char *text = written("table", &fixture->report, 0, true);
  g_assert_nonnull(strstr(text, "ignored: Minor issue: Small"));
  g_assert_nonnull(strstr(text, "will-not-fix"));
  g_assert_nonnull(strstr(text, "upgrade tzdata to 2025b-0+deb12u1 or later"));
  const char *last = text;
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *start = g_strdup_printf("\n%s ", cases[i].id);
    last = strstr(last, start);
    g_assert_nonnull(last); /* in the order of the findings */
    last += 1;
  }
}

static void
set_source(Fixture *fixture, guint index, const char *source, const char *architecture)
{
  Finding *finding = g_ptr_array_index(fixture->findings, index);
  finding->source_package = g_strdup(source);
  finding->architecture = g_strdup(architecture);
}

static void
test_groups(Fixture *fixture, gconstpointer data)
{
  static const char *const shown[] = {
      " 1. upgrade the 2 packages of openssl to 1.1.1w-0+deb11u2: fixes 1, worst critical\n"
      "    libssl1.1, openssl 1.1.1n-0+deb11u3: CVE-2024-00001\n",
      " 2. upgrade a-package-with-a-very-long-name-for-a-table to a build of long " LONG_VERSION
      "u1: fixes 1, worst high\n",
      /* A fix without a severity comes before what has none. */
      " 3. upgrade tzdata to 2025b-0+deb12u1: fixes 1\n",
      "No version that fixes these is published:\n 4. evil: 1 affected, worst medium\n",
      " 5. quiet: 1 will-not-fix, worst low\n", " 6. open: 1 affected\n"};
  set_source(fixture, 0, "openssl", "amd64");
  set_source(fixture, 1, "openssl", "amd64");
  set_source(fixture, 2, "long", NULL);
  g_autofree char *text = written("table", &fixture->report, 0, false);
  for (size_t i = 0; i < G_N_ELEMENTS(shown); i++)
    if (strstr(text, shown[i]) == NULL)
      g_error("\"%s\" is not in:\n%s", shown[i], text);
}

/* The highest version that any finding of a package asks for mends it; numbers count once. */
static void
test_group_of_versions(Fixture *fixture, gconstpointer data)
{
  static const CaseFinding more[] = {
      {"CVE-1", "libc6", "1.0", "1.9", NULL, NULL, SEVERITY_HIGH, STATE_FIXED, -1},
      {"CVE-2", "libc6", "1.0", "1.10", NULL, NULL, SEVERITY_LOW, STATE_FIXED, -1},
      {"CVE-1", "libc6", "1.0", "1.9", NULL, NULL, SEVERITY_HIGH, STATE_FIXED, -1},
      {"CVE-2", "libc6", "1.0", "1.10", NULL, NULL, SEVERITY_LOW, STATE_FIXED, -1},
      {"CVE-3", "libc6", "1.0", NULL, NULL, NULL, SEVERITY_LOW, STATE_AFFECTED, -1},
  };
  g_ptr_array_set_size(fixture->findings, 0);
  for (size_t i = 0; i < G_N_ELEMENTS(more); i++) {
    g_ptr_array_add(fixture->findings, finding_of_case(&more[i]));
    set_source(fixture, (guint)i, "glibc", i == 2 || i == 3 ? "i386" : "amd64");
  }
  ((Finding *)g_ptr_array_index(fixture->findings, 1))->known_exploited = true;
  g_autoptr(GPtrArray) groups = finding_groups_new(fixture->findings);
  g_assert_cmpuint(groups->len, ==, 2);
  const FindingGroup *first = g_ptr_array_index(groups, 0), *rest = g_ptr_array_index(groups, 1);
  g_assert_cmpstr(first->target, ==, "1.10");
  g_assert_cmpuint(first->vulnerabilities->len, ==, 2);
  g_assert_cmpuint(first->known_exploited, ==, 1);
  g_assert_cmpuint(first->packages->len, ==, 2);
  g_assert_cmpstr(g_ptr_array_index(first->packages, 1), ==, "libc6:i386");
  g_assert_null(rest->target);
  g_assert_true(findings_differ_in_architecture(fixture->findings));
  g_autofree char *text = written("table", &fixture->report, 0, true);
  g_assert_nonnull(strstr(text, "ARCHITECTURE"));
}

/* What a policy exempts is no advice to follow: it counts in no number, and comes last. */
static void
test_exempt_groups(Fixture *fixture, gconstpointer data)
{
  static const CaseFinding more[] = {
      {"CVE-1", "a", "1", "2", NULL, NULL, SEVERITY_CRITICAL, STATE_FIXED, -1},
      {"CVE-2", "b", "1", "2", NULL, NULL, SEVERITY_CRITICAL, STATE_FIXED, -1},
      {"CVE-3", "b", "1", "2", NULL, NULL, SEVERITY_LOW, STATE_FIXED, -1},
      {"CVE-4", "c", "1", "2", NULL, NULL, SEVERITY_MEDIUM, STATE_FIXED, -1},
      {"CVE-5", "d", "1", NULL, NULL, NULL, SEVERITY_HIGH, STATE_AFFECTED, -1},
      {"CVE-6", "d", "1", NULL, NULL, NULL, SEVERITY_LOW, STATE_AFFECTED, -1},
  };
  g_ptr_array_set_size(fixture->findings, 0);
  for (size_t i = 0; i < G_N_ELEMENTS(more); i++) {
    Finding *finding = finding_of_case(&more[i]);
    if (i == 0 || i == 1 || i == 4)
      finding->exempt_reason = g_strdup("not reachable");
    g_ptr_array_add(fixture->findings, finding);
  }
  g_autofree char *text = written("table", &fixture->report, 0, false);
  g_assert_nonnull(strstr(text,
                          "What to do, the most urgent first:\n"
                          " 1. upgrade c to 2: fixes 1, worst medium\n    1: CVE-4\n"
                          " 2. upgrade b to 2: fixes 1, 1 exempt, worst low\n"
                          "    1: CVE-3, CVE-2 (exempt)\n"
                          "\nNo version that fixes these is published:\n"
                          " 3. d: 1 affected, 1 exempt, worst low\n    1: CVE-6, CVE-5 (exempt)\n"
                          "\nAll of these are exempt:\n"
                          " 4. upgrade a to 2: 1 exempt, worst critical\n    1: CVE-1 (exempt)\n"));
}

/* A list that is longer than a screen says at its end what is at its beginning. */
static void
test_long_list(Fixture *fixture, gconstpointer data)
{
  for (int i = 0; i < 2; i++) {
    bool is_long = i == 1;
    for (int j = 0; is_long && j < 8; j++) {
      g_autofree char *package = g_strdup_printf("package%d", j);
      CaseFinding more = {"CVE-9", package, "1", "2", NULL, NULL, SEVERITY_LOW, STATE_FIXED, -1};
      g_ptr_array_add(fixture->findings, finding_of_case(&more));
    }
    g_autofree char *text = written("table", &fixture->report, 100, false);
    g_autofree char *piped = written("table", &fixture->report, 0, false);
    const char *again =
        strstr(text, "\nFirst of all: upgrade libssl1.1 to 1.1.1w-0+deb11u2: fixes 1");
    g_assert_true((again != NULL) == is_long);
    g_assert_null(strstr(piped, "First of all"));
  }
}

/* --- writers --- */

static void
test_writers(Fixture *fixture, gconstpointer data)
{
  g_autofree char *names = report_writer_names();
  g_assert_cmpstr(names, ==,
                  "table (default), json, sarif, junit, markdown, template, cyclonedx or spdx");
  g_assert_true(report_writer_find(NULL) == report_writer_find("table"));
  g_assert_null(report_writer_find("xml"));
  g_assert_cmpstr(report_writer_find("sarif")->media_type, ==, "application/sarif+json");
}

/* --- JSON --- */

static void
test_json(Fixture *fixture, gconstpointer data)
{
  g_autofree char *text = written("json", &fixture->report, 0, false);
  g_autoptr(GError) error = NULL;
  g_autoptr(json_t) report = json_parse(slice_from_string(text), &error);
  g_assert_no_error(error);
  g_assert_cmpint(json_get_integer(report, "schema_version", 0), ==, 1);
  g_assert_cmpstr(json_get_string(report, "digest"), ==, "sha256:0");
  g_assert_cmpint(json_get_integer(json_get_object(report, "summary"), "critical", 0), ==, 2);
  const json_t *findings = json_get_array(report, "findings");
  g_assert_cmpuint(json_array_size(findings), ==, G_N_ELEMENTS(cases));
  const json_t *quiet = json_array_get(findings, 4);
  g_assert_cmpstr(json_get_string(quiet, "state"), ==, "will-not-fix");
  g_assert_cmpstr(json_get_string(quiet, "reason"), ==, "ignored: Minor issue");
  g_assert_null(json_object_get(quiet, "cvss_score")); /* unknown is absent, not a number */
  const json_t *ruled_out = json_array_get(json_get_array(report, "not_affected"), 0);
  g_assert_cmpstr(json_get_string(ruled_out, "id"), ==, "CVE-1");
  g_assert_cmpstr(json_get_string(ruled_out, "reason"), ==, "code not present");
}

/* --- SARIF --- */

static const char *
text_of(const json_t *object, const char *key)
{
  return json_get_string(json_get_object(object, key), "text");
}

static const char *
score_of(const json_t *rule)
{
  return json_get_string(json_get_object(rule, "properties"), "security-severity");
}

static json_t *
sarif_of(const Report *report)
{
  g_autofree char *text = written("sarif", report, 0, false);
  g_autoptr(GError) error = NULL;
  json_t *log = json_parse(slice_from_string(text), &error);
  g_assert_no_error(error);
  return log;
}

static void
test_sarif_rules(Fixture *fixture, gconstpointer data)
{
  static const struct {
    const char *id, *level, *score;
  } expected[] = {
      {"CVE-2024-00001", "error", "9.8"},
      {"CVE-2024-00002", "error", "8.0"},
      {"CVE-2024-00003", "warning", "5.0"},
      {"CVE-2024-00004", "note", "2.0"},
      {"bookworm-security/tzdata/2025b-0+deb12u1", "warning", NULL},
      {"CVE-2024-00005", "note", NULL},
  };
  g_autoptr(json_t) log = sarif_of(&fixture->report);
  g_assert_cmpstr(json_get_string(log, "version"), ==, "2.1.0");
  const json_t *run = json_array_get(json_get_array(log, "runs"), 0);
  const json_t *driver = json_get_object(json_get_object(run, "tool"), "driver");
  const json_t *rules = json_get_array(driver, "rules");
  g_assert_cmpstr(json_get_string(driver, "name"), ==, "Assay");
  g_assert_cmpuint(json_array_size(rules), ==, G_N_ELEMENTS(expected));
  for (size_t i = 0; i < G_N_ELEMENTS(expected); i++) {
    const json_t *rule = json_array_get(rules, i);
    g_test_message("rule %s", expected[i].id);
    g_assert_cmpstr(json_get_string(rule, "id"), ==, expected[i].id);
    g_assert_cmpstr(json_get_string(json_get_object(rule, "defaultConfiguration"), "level"), ==,
                    expected[i].level);
    g_assert_cmpstr(score_of(rule), ==, expected[i].score);
    g_assert_nonnull(text_of(rule, "shortDescription"));
    g_assert_nonnull(text_of(rule, "fullDescription"));
    g_assert_nonnull(text_of(rule, "help"));
    /* An address, which not every reference is. */
    g_assert_cmpstr(json_get_string(rule, "helpUri"), ==, "https://example.org/a");
  }
}

static void
test_sarif_results(Fixture *fixture, gconstpointer data)
{
  g_autoptr(json_t) log = sarif_of(&fixture->report);
  const json_t *run = json_array_get(json_get_array(log, "runs"), 0);
  const json_t *rules =
      json_get_array(json_get_object(json_get_object(run, "tool"), "driver"), "rules");
  const json_t *results = json_get_array(run, "results");
  g_autoptr(GHashTable) fingerprints = g_hash_table_new(g_str_hash, g_str_equal);
  g_assert_cmpuint(json_array_size(results), ==, G_N_ELEMENTS(cases));
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    const json_t *result = json_array_get(results, i);
    const json_t *rule = json_array_get(rules, (size_t)json_get_integer(result, "ruleIndex", 1000));
    const json_t *location = json_array_get(json_get_array(result, "locations"), 0);
    const json_t *physical = json_get_object(location, "physicalLocation");
    const char *hash =
        json_get_string(json_get_object(result, "partialFingerprints"), "primaryLocationLineHash");
    g_assert_cmpstr(json_get_string(result, "ruleId"), ==, cases[i].id);
    g_assert_cmpstr(json_get_string(rule, "id"), ==, cases[i].id);
    g_assert_cmpstr(json_get_string(json_get_object(physical, "artifactLocation"), "uri"), ==,
                    "var/lib/dpkg/status");
    g_assert_cmpint(json_get_integer(json_get_object(physical, "region"), "startLine", 0), ==, 1);
    g_assert_nonnull(strstr(text_of(result, "message"), cases[i].fixed != NULL
                                                            ? "upgrade "
                                                            : "no fixed version published yet"));
    g_assert_true(g_hash_table_add(fingerprints, (gpointer)(uintptr_t)hash));
  }
}

/* The next report knows a finding again, though other versions are installed and published. */
static void
test_sarif_is_stable(Fixture *fixture, gconstpointer data)
{
  g_autoptr(json_t) before = sarif_of(&fixture->report);
  Finding *first = g_ptr_array_index(fixture->findings, 0);
  g_free(first->installed_version);
  first->installed_version = g_strdup("9.9");
  g_clear_pointer(&first->location, g_free);
  g_autoptr(json_t) after = sarif_of(&fixture->report);
  const json_t *prints[2];
  const json_t *const logs[] = {before, after};
  for (size_t i = 0; i < 2; i++) {
    const json_t *run = json_array_get(json_get_array(logs[i], "runs"), 0);
    prints[i] =
        json_get_object(json_array_get(json_get_array(run, "results"), 0), "partialFingerprints");
  }
  g_assert_true(json_equal(prints[0], prints[1]));
}

static void
test_sarif_cuts_descriptions(Fixture *fixture, gconstpointer data)
{
  Finding *first = g_ptr_array_index(fixture->findings, 0);
  GString *text = g_string_new(NULL);
  for (int i = 0; i < 5000; i++)
    g_string_append(text, "\xc3\xa4");
  first->description = g_string_free(text, FALSE);
  g_autoptr(json_t) log = sarif_of(&fixture->report);
  const json_t *run = json_array_get(json_get_array(log, "runs"), 0);
  const json_t *driver = json_get_object(json_get_object(run, "tool"), "driver");
  const char *shown =
      text_of(json_array_get(json_get_array(driver, "rules"), 0), "fullDescription");
  g_assert_cmpint(g_utf8_strlen(shown, -1), <=, 1024);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  static const struct {
    const char *name;
    void (*function)(Fixture *, gconstpointer);
  } tests[] = {
      {"/report/table/fits", test_fits},
      {"/report/table/drives-no-terminal", test_drives_no_terminal},
      {"/report/table/summary", test_summary},
      {"/report/table/list", test_list_tells},
      {"/report/table/groups", test_groups},
      {"/report/table/versions", test_group_of_versions},
      {"/report/table/long", test_long_list},
      {"/report/table/exempt", test_exempt_groups},
      {"/report/writers", test_writers},
      {"/report/json", test_json},
      {"/report/sarif/rules", test_sarif_rules},
      {"/report/sarif/results", test_sarif_results},
      {"/report/sarif/stable", test_sarif_is_stable},
      {"/report/sarif/long-descriptions", test_sarif_cuts_descriptions},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(tests); i++)
    g_test_add(tests[i].name, Fixture, NULL, set_up, tests[i].function, tear_down);
  return g_test_run();
}
