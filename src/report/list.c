/* Findings as tables for people: a row each. */
#include <string.h>

#include "report/columns.h"
#include "report/groups.h"
#include "report/report-private.h"
#include "verdict/exemption.h"

/* What there is to do, in the column that Trivy calls "Fixed Version". */
static const char *
fixed_or_state(const Finding *finding)
{
  return finding->fixed_version != NULL ? finding->fixed_version
                                        : advisory_state_name(finding->state);
}

static char *
title_of(const Finding *finding)
{
  const char *text = finding->title != NULL         ? finding->title
                     : finding->description != NULL ? finding->description
                     : finding->vendor_id != NULL   ? finding->vendor_id
                                                    : finding->remedy;
  g_autofree char *line = g_strndup(text, strcspn(text, "\n"));
  return g_strdup_printf(
      "%s%s%s%s%s%s%s", finding->exempt_reason != NULL ? "[exempt] " : "",
      finding->declared ? "[declared] " : "", finding->development ? "[development] " : "",
      finding->known_exploited ? "[known exploited] " : "",
      finding->reason != NULL ? finding->reason : "", finding->reason != NULL ? ": " : "", line);
}

static bool
has_severities(const GPtrArray *findings)
{
  for (guint i = 0; i < findings->len; i++)
    if (((const Finding *)g_ptr_array_index(findings, i))->severity != SEVERITY_UNKNOWN)
      return true;
  return false;
}

void
report_append_list(GString *out, const GPtrArray *findings, unsigned width, bool colour)
{
  static const Column columns[] = {
      {.title = "VULNERABILITY"},
      {.title = "SEVERITY", .flags = COLUMN_EMPTY},
      {.title = "PACKAGE"},
      {.title = "ARCHITECTURE", .flags = COLUMN_EMPTY},
      {.title = "INSTALLED"},
      {.title = "FIXED IN"},
      {.title = "TITLE", .least = 24, .flags = COLUMN_CUT},
  };
  g_autoptr(Columns) table = columns_new(columns, G_N_ELEMENTS(columns));
  /* Where no source has a word for any, the summary says so once. */
  bool severities = has_severities(findings);
  bool architectures = findings_differ_in_architecture(findings);
  for (guint i = 0; i < findings->len; i++) {
    const Finding *finding = g_ptr_array_index(findings, i);
    g_autofree char *title = title_of(finding);
    const char *cells[] = {finding->id,
                           severities ? severity_name(finding->severity) : NULL,
                           finding->package,
                           architectures ? finding->architecture : NULL,
                           finding->installed_version,
                           fixed_or_state(finding),
                           title};
    columns_add(table, cells);
    columns_colour(table, 1, report_severity_colour(finding->severity));
  }
  g_autofree char *text = columns_to_text(table, width, colour);
  g_string_append(out, text);
}

/* A day as it was written. (transfer full) */
static char *
end_in_words(const char *until)
{
  g_autoptr(GDateTime) end = until == NULL ? NULL : g_date_time_new_from_iso8601(until, NULL);
  return end == NULL ? g_strdup(until)
                     : exemption_end_in_words(g_date_time_to_unix(end) * G_USEC_PER_SEC);
}

void
report_append_ignored(GString *out, const GPtrArray *ignored, unsigned width)
{
  static const Column columns[] = {
      {.title = "IGNORED"},
      {.title = "PACKAGE"},
      {.title = "INSTALLED", .flags = COLUMN_EMPTY},
      {.title = "UNTIL", .flags = COLUMN_EMPTY},
      {.title = "FILE"},
      {.title = "REASON", .least = 24, .flags = COLUMN_CUT},
  };
  g_autoptr(Columns) table = columns_new(columns, G_N_ELEMENTS(columns));
  for (guint i = 0; i < ignored->len; i++) {
    const IgnoredFinding *each = g_ptr_array_index(ignored, i);
    const Finding *finding = each->finding;
    g_autofree char *until = end_in_words(finding->exempt_until);
    g_autofree char *place = report_subject(finding);
    bool package = finding_is_of_package(finding);
    columns_add(table, (const char *[]){finding->id, package ? finding->package : place,
                                        package ? finding->installed_version : NULL, until,
                                        each->file, finding->exempt_reason});
  }
  g_autofree char *text = columns_to_text(table, width, false);
  g_string_append(out, text);
}
