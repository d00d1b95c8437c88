/* JUnit XML, as build servers read it: a test case a finding, which fails; what is suppressed is
 * skipped. */
#include <string.h>

#include "report/report-private.h"
#include "report/writer.h"

static void
add_attribute(GString *text, const char *name, const char *value)
{
  g_autofree char *clean = report_clean_text(value);
  g_autofree char *escaped = g_markup_escape_text(clean, -1);
  g_string_append_printf(text, " %s=\"%s\"", name, escaped);
}

static void
add_line(GString *text, const char *label, const char *value)
{
  if (value == NULL || *value == '\0')
    return;
  g_autofree char *clean = report_clean_text(value);
  g_autofree char *escaped = g_markup_escape_text(clean, -1);
  g_string_append_printf(text, "%s%s\n", label, escaped);
}

static void
begin_case(GString *text, const Finding *finding)
{
  g_autofree char *subject = report_subject(finding);
  g_autofree char *name = g_strdup_printf("[%s] %s", severity_name(finding->severity), finding->id);
  g_string_append(text, "    <testcase");
  add_attribute(text, "classname", subject);
  add_attribute(text, "name", name);
  if (finding->location != NULL)
    add_attribute(text, "file", finding->location);
  g_string_append(text, ">\n");
}

static void
add_finding(GString *text, const Finding *finding)
{
  begin_case(text, finding);
  g_string_append(text, "      <failure");
  add_attribute(text, "message", finding->title != NULL ? finding->title : finding->remedy);
  add_attribute(text, "type", severity_name(finding->severity));
  g_string_append(text, ">");
  add_line(text, "", finding->remedy);
  if (finding_is_of_package(finding))
    add_line(text, "State: ", advisory_state_name(finding->state));
  add_line(text, "Seen: ", finding->evidence);
  add_line(text, "Reason: ", finding->reason);
  for (char **url = finding->references; url != NULL && *url != NULL; url++)
    add_line(text, "", *url);
  g_string_append(text, "</failure>\n    </testcase>\n");
}

static void
add_skipped(GString *text, const IgnoredFinding *ignored)
{
  const char *reason = ignored->finding->exempt_reason;
  g_autofree char *why =
      g_strdup_printf("%s (%s)", reason != NULL ? reason : "ignored", ignored->file);
  begin_case(text, ignored->finding);
  g_string_append(text, "      <skipped");
  add_attribute(text, "message", why);
  g_string_append(text, "/>\n    </testcase>\n");
}

/* What is not known of the image fails as well. */
static void
add_gap(GString *text, const char *gap)
{
  g_string_append(text, "    <testcase classname=\"image\" name=\"incomplete\">\n      <failure");
  add_attribute(text, "message", gap);
  g_string_append(text, " type=\"incomplete\"/>\n    </testcase>\n");
}

static char *
write_junit(const Report *report, const ReportStyle *style)
{
  GString *text = g_string_new("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n"
                               "  <testsuite");
  guint gaps = report->gaps == NULL ? 0 : report->gaps->len;
  guint skipped = report->ignored == NULL ? 0 : report->ignored->len;
  guint failures = report->findings->len + gaps;
  add_attribute(text, "name", report->target);
  g_string_append_printf(text, " tests=\"%u\" failures=\"%u\" errors=\"0\" skipped=\"%u\">\n",
                         MAX(failures + skipped, 1), failures, skipped);
  for (guint i = 0; i < gaps; i++)
    add_gap(text, g_ptr_array_index(report->gaps, i));
  for (guint i = 0; i < report->findings->len; i++)
    add_finding(text, g_ptr_array_index(report->findings, i));
  for (guint i = 0; i < skipped; i++)
    add_skipped(text, g_ptr_array_index(report->ignored, i));
  /* Some servers take a suite without tests for one that did not run. */
  if (failures + skipped == 0)
    g_string_append(text, "    <testcase classname=\"image\" name=\"no findings\"/>\n");
  g_string_append(text, "  </testsuite>\n</testsuites>\n");
  return g_string_free(text, FALSE);
}

const ReportWriter junit_report_writer = {
    .name = "junit", .media_type = "application/xml", .write = write_junit};
