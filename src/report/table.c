/* The report for people: a summary, what to do, and what else there is to know. */
#include <string.h>

#include "report/columns.h"
#include "report/groups.h"
#include "report/report-private.h"
#include "report/writer.h"

static unsigned
count_vulnerabilities(const GPtrArray *findings, guint *of_packages)
{
  g_autoptr(GHashTable) ids = g_hash_table_new(g_str_hash, g_str_equal);
  for (guint i = 0; i < findings->len; i++) {
    const Finding *finding = g_ptr_array_index(findings, i);
    if (!finding_is_of_package(finding))
      continue;
    g_hash_table_add(ids, finding->id);
    (*of_packages)++;
  }
  return g_hash_table_size(ids);
}

/* ": 2 critical, 14 of unknown severity", of those that there are. */
static void
append_severities(GString *text, const unsigned counts[SEVERITY_CRITICAL + 1])
{
  const char *before = ": ";
  for (int severity = SEVERITY_CRITICAL; severity >= SEVERITY_UNKNOWN; severity--) {
    if (counts[severity] == 0)
      continue;
    g_string_append_printf(text, "%s%u %s", before, counts[severity],
                           severity == SEVERITY_UNKNOWN ? "of unknown severity"
                                                        : severity_name((Severity)severity));
    before = ", ";
  }
}

static void
append_counts(GString *out, const Report *report, const unsigned counts[SEVERITY_CRITICAL + 1],
              unsigned width)
{
  guint findings = report->findings->len, fixable = 0;
  for (guint i = 0; i < findings; i++)
    fixable += ((const Finding *)g_ptr_array_index(report->findings, i))->fixed_version != NULL;
  g_autoptr(GString) line = g_string_new(NULL);
  if (!report->of_build)
    g_string_append_printf(line, "%u package%s, ", report->packages,
                           report->packages == 1 ? "" : "s");
  g_string_append_printf(line, "%u finding%s", findings, findings == 1 ? "" : "s");
  guint of_packages = 0;
  unsigned vulnerabilities = count_vulnerabilities(report->findings, &of_packages);
  if (of_packages > 0)
    g_string_append_printf(line, " of %u vulnerabilit%s, %u with a fix", vulnerabilities,
                           vulnerabilities == 1 ? "y" : "ies", fixable);
  if (of_packages > 0 && of_packages < findings)
    g_string_append_printf(line, " and %u of what else it holds", findings - of_packages);
  append_severities(line, counts);
  report_append_prose(out, "", line->str, width, 2);
}

/* Which, until when, and why. */
static void
append_exemptions(GString *out, const Verdict *verdict, unsigned width)
{
  g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < verdict->exemptions->len; i++)
    g_ptr_array_add(lines, verdict_exemption_in_words(g_ptr_array_index(verdict->exemptions, i)));
  report_append_lines(out, "exempt: ", lines, width);
}

static void
append_verdict(GString *out, const Verdict *verdict, unsigned width, bool colour)
{
  g_autofree char *message = report_clean_text(verdict->message);
  g_autofree char *policy = report_clean_text(verdict->policy);
  g_autofree char *word = verdict->allowed ? report_coloured("allowed", "32", colour)
                                           : report_coloured("refused", "1;31", colour);
  g_autofree char *text = *message != '\0' /* it names the policy */
                              ? g_strdup_printf("%s: %s", word, message)
                              : g_strdup_printf("%s by policy \"%s\"", word, policy);
  report_append_prose(out, "verdict: ", text, width, 2);
  append_exemptions(out, verdict, width);
  report_append_lines(out, "warning: ", verdict->warnings, width);
}

/* How many, and by which files. */
static void
append_ignored(GString *out, const Report *report, bool shown, unsigned width)
{
  if (report->ignored == NULL || report->ignored->len == 0)
    return;
  g_autoptr(GPtrArray) files = g_ptr_array_new();
  for (guint i = 0; i < report->ignored->len; i++) {
    const IgnoredFinding *each = g_ptr_array_index(report->ignored, i);
    if (!g_ptr_array_find_with_equal_func(files, each->file, g_str_equal, NULL))
      g_ptr_array_add(files, (char *)(uintptr_t)each->file);
  }
  g_ptr_array_add(files, NULL);
  g_autofree char *names = g_strjoinv(", ", (char **)files->pdata);
  g_autofree char *text = g_strdup_printf("%u finding%s, by %s%s", report->ignored->len,
                                          report->ignored->len == 1 ? "" : "s", names,
                                          shown ? "" : " (--show-ignored lists them)");
  g_autofree char *clean = report_clean_text(text);
  report_append_prose(out, "ignored: ", clean, width, 2);
}

/* Once, and not for each of them. */
static void
append_unknown_severities(GString *out, const Report *report, unsigned unknown, unsigned width)
{
  if (unknown == 0)
    return;
  g_autofree char *some = unknown == report->findings->len
                              ? g_strdup("these findings")
                              : g_strdup_printf("%u of these findings", unknown);
  g_autofree char *text =
      g_strdup_printf("no feed gives one for %s; policies count those with a fix as %s, unless "
                      "they say otherwise",
                      some, severity_name(SEVERITY_OF_UNKNOWN_FIX));
  report_append_prose(out, "severity: ", text, width, 2);
}

static void
append_lists(GString *out, const Report *report, const ReportStyle *style)
{
  unsigned width = style->width;
  size_t start = out->len;
  g_autoptr(GPtrArray) of_packages = report_part(report->findings, true);
  g_autoptr(GPtrArray) observed = report_part(report->findings, false);
  if (of_packages->len > 0) {
    g_string_append_c(out, '\n');
    if (style->by_vulnerability)
      report_append_list(out, of_packages, width, style->colour);
    else
      report_append_groups(out, of_packages, width, style->colour);
  }
  if (observed->len > 0) {
    g_string_append_c(out, '\n');
    report_append_observed(out, observed, width, style->colour);
  }
  if (style->show_ignored && report->ignored != NULL && report->ignored->len > 0) {
    g_string_append_c(out, '\n');
    report_append_ignored(out, report->ignored, width);
  }
  if (style->list_packages && report->packages > 0) {
    g_string_append_c(out, '\n');
    report_append_packages(out, report->inventory, NULL, width);
  }
  size_t before = out->len;
  report_append_lines(out, "note: ", report->layer_notes, width);
  if (out->len > before && before > start)
    g_string_insert_c(out, (gssize)before, '\n');
}

/* What the verdict has said already is not said again. */
static void
append_notes(GString *out, const Report *report, unsigned width)
{
  g_autoptr(GPtrArray) lines = g_ptr_array_new();
  for (guint i = 0; report->notes != NULL && i < report->notes->len; i++) {
    char *note = g_ptr_array_index(report->notes, i);
    const Verdict *verdict = report->verdict;
    if (verdict == NULL ||
        (!g_ptr_array_find_with_equal_func(verdict->warnings, note, g_str_equal, NULL) &&
         !g_ptr_array_find_with_equal_func(verdict->reasons, note, g_str_equal, NULL)))
      g_ptr_array_add(lines, note);
  }
  report_append_lines(out, "note: ", lines, width);
}

static void
append_base(GString *out, const Report *report, unsigned width)
{
  if (report->base == NULL)
    return;
  g_autofree char *words = report_base_in_words(report->base);
  g_autofree char *newer = report_newer_base_in_words(report->base);
  g_autofree char *clean = report_clean_text(words), *clean_newer = report_clean_text(newer);
  report_append_prose(out, "base: ", clean, width, 2);
  if (newer != NULL)
    report_append_prose(out, "newer base: ", clean_newer, width, 2);
}

static char *
write_table(const Report *report, const ReportStyle *style)
{
  GString *out = g_string_new(NULL);
  unsigned counts[SEVERITY_CRITICAL + 1], width = style->width;
  report_count(report->findings, counts);
  report_append_target(out, report, width);
  append_counts(out, report, counts, width);
  append_base(out, report, width);
  if (report->verdict != NULL)
    append_verdict(out, report->verdict, width, style->colour);
  g_autofree char *incomplete = report_coloured("incomplete:", "1;33", style->colour);
  g_autofree char *prefix = g_strconcat(incomplete, " ", NULL);
  report_append_lines(out, prefix, report->gaps, width);
  append_unknown_severities(out, report, counts[SEVERITY_UNKNOWN], width);
  append_ignored(out, report, style->show_ignored, width);
  append_notes(out, report, width);
  append_lists(out, report, style);
  return g_string_free(out, FALSE);
}

const ReportWriter table_report_writer = {.name = "table",
                                          .media_type = "text/plain; charset=utf-8",
                                          .lists_packages = true,
                                          .write = write_table};
