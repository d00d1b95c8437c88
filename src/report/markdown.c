/* GitHub-flavoured Markdown, for comments on changes and for summaries of builds. */
#include <string.h>

#include "report/report-private.h"
#include "report/writer.h"

/* What is longer is cut: comments have limits. */
#define TITLE_MAX 120

/* In a cell nothing of @value has a meaning of its own. */
static void
add_plain(GString *text, const char *value)
{
  g_autofree char *clean = report_clean_text(value);
  for (const char *p = clean; *p != '\0'; p++) {
    if (*p == '<')
      g_string_append(text, "&lt;");
    else if (*p == '&')
      g_string_append(text, "&amp;");
    else if (strchr("\\`*_{}[]()#+!|~>@", *p) != NULL)
      g_string_append_printf(text, "\\%c", *p);
    else
      g_string_append_c(text, *p);
  }
}

static void
add_cell(GString *text, const char *value)
{
  g_string_append(text, " ");
  add_plain(text, value);
  g_string_append(text, " |");
}

static void
add_title(GString *text, const Finding *finding)
{
  g_autofree char *valid = g_utf8_make_valid(finding->title != NULL ? finding->title : "", -1);
  g_autofree char *cut =
      g_utf8_strlen(valid, -1) > TITLE_MAX ? g_utf8_substring(valid, 0, TITLE_MAX) : NULL;
  g_autofree char *whole = cut == NULL ? g_strdup(valid) : g_strconcat(cut, "\xe2\x80\xa6", NULL);
  add_cell(text, whole);
}

static void
add_finding(GString *text, const Finding *finding)
{
  g_string_append(text, "|");
  add_cell(text, severity_name(finding->severity));
  add_cell(text, finding->id);
  add_cell(text, finding->package);
  add_cell(text, finding->installed_version);
  add_cell(text, finding->fixed_version != NULL ? finding->fixed_version
                                                : advisory_state_name(finding->state));
  add_title(text, finding);
  g_string_append(text, "\n");
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
add_list(GString *text, const char *title, const GPtrArray *texts)
{
  if (texts == NULL || texts->len == 0)
    return;
  g_string_append_printf(text, "\n### %s\n\n", title);
  for (guint i = 0; i < texts->len; i++) {
    g_string_append(text, "- ");
    add_plain(text, g_ptr_array_index(texts, i));
    g_string_append(text, "\n");
  }
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
    g_string_append(text, "|");
    add_cell(text, each->finding->id);
    add_cell(text, each->finding->package);
    add_cell(text, each->finding->exempt_reason);
    add_cell(text, each->file);
    g_string_append(text, "\n");
  }
}

static char *
write_markdown(const Report *report, const ReportStyle *style)
{
  GString *text = g_string_new("## ");
  add_plain(text, report->target);
  g_string_append(text, "\n\n");
  add_summary(text, report);
  if (report->verdict != NULL) {
    g_string_append(text, report->verdict->allowed ? "\nThe policy lets it out.\n"
                                                   : "\n**The policy refuses it.** ");
    if (!report->verdict->allowed && report->verdict->message != NULL)
      add_plain(text, report->verdict->message);
    g_string_append(text, "\n");
  }
  add_list(text, "Not known", report->gaps);
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
  add_list(text, "Notes", report->notes);
  return g_string_free(text, FALSE);
}

const ReportWriter markdown_report_writer = {
    .name = "markdown", .media_type = "text/markdown", .write = write_markdown};
