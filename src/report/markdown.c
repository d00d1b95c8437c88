/* GitHub-flavoured Markdown, for comments on changes and for summaries of builds. */
#include "report/report-private.h"
#include "report/writer.h"

static void
add_finding(GString *text, const Finding *finding)
{
  bool package = finding_is_of_package(finding);
  g_autofree char *title = report_mark_cut(finding->title);
  g_autofree char *subject = report_subject(finding);
  const char *const cells[] = {severity_name(finding->severity),
                               finding->id,
                               package ? finding->package : subject,
                               finding->installed_version,
                               finding->fixed_version != NULL ? finding->fixed_version
                               : package                      ? advisory_state_name(finding->state)
                                                              : finding->evidence,
                               title};
  report_mark_row(text, cells, G_N_ELEMENTS(cells));
}

static void
add_summary(GString *text, const Report *report)
{
  unsigned counts[SEVERITY_CRITICAL + 1];
  report_count(report->findings, counts);
  g_string_append_printf(text, "%u packages, %u findings", report->packages, report->findings->len);
  const char *separator = ": ";
  for (int severity = SEVERITY_CRITICAL; severity >= SEVERITY_UNKNOWN; severity--) {
    if (counts[severity] == 0)
      continue;
    g_string_append_printf(text, "%s%u %s", separator, counts[severity],
                           severity_name((Severity)severity));
    separator = ", ";
  }
  g_string_append(text, "\n");
}

static void
add_ignored(GString *text, const GPtrArray *ignored)
{
  if (ignored == NULL || ignored->len == 0)
    return;
  g_string_append(text, "\n### Suppressed\n\n| Vulnerability | Package | Why | By |\n"
                        "| --- | --- | --- | --- |\n");
  for (guint i = 0; i < ignored->len; i++) {
    const IgnoredFinding *each = g_ptr_array_index(ignored, i);
    g_autofree char *subject = report_subject(each->finding);
    const char *const cells[] = {
        each->finding->id, finding_is_of_package(each->finding) ? each->finding->package : subject,
        each->finding->exempt_reason, each->file};
    report_mark_row(text, cells, G_N_ELEMENTS(cells));
  }
}

static void
add_base(GString *text, const ReportBase *base)
{
  g_autofree char *words = report_base_in_words(base), *newer = report_newer_base_in_words(base);
  g_string_append(text, "\nBase: ");
  report_mark_plain(text, words);
  g_string_append(text, newer == NULL ? "\n" : "\nNewer base: ");
  report_mark_plain(text, newer);
  g_string_append(text, newer == NULL ? "" : "\n");
}

static char *
write_markdown(const Report *report, const ReportStyle *style)
{
  GString *text = g_string_new("## ");
  report_mark_plain(text, report->target);
  g_string_append(text, "\n\n");
  add_summary(text, report);
  if (report->base != NULL)
    add_base(text, report->base);
  if (report->verdict != NULL) {
    g_string_append(text, report->verdict->allowed ? "\nThe policy lets it out.\n"
                                                   : "\n**The policy refuses it.** ");
    if (!report->verdict->allowed && report->verdict->message != NULL)
      report_mark_plain(text, report->verdict->message);
    g_string_append(text, "\n");
  }
  report_mark_list(text, "Not known", report->gaps);
  if (report->findings->len > 0)
    g_string_append(text, "\n### Findings\n\n"
                          "| Severity | Vulnerability | Package | Installed | Fixed in | Title |\n"
                          "| --- | --- | --- | --- | --- | --- |\n");
  for (guint i = 0; i < report->findings->len; i++)
    add_finding(text, g_ptr_array_index(report->findings, i));
  if (style->show_ignored)
    add_ignored(text, report->ignored);
  else if (report->ignored != NULL && report->ignored->len > 0)
    g_string_append_printf(text, "\n%u findings are suppressed.\n", report->ignored->len);
  report_mark_list(text, "Notes", report->notes);
  return g_string_free(text, FALSE);
}

const ReportWriter markdown_report_writer = {
    .name = "markdown", .media_type = "text/markdown", .write = write_markdown};
