/* Findings of what was observed in an image, for people: a row each, by kind. */
#include "report/columns.h"
#include "report/report-private.h"

char *
report_subject(const Finding *finding)
{
  if (finding_is_of_package(finding))
    return g_strdup_printf("%s %s", finding->package, finding->installed_version);
  return finding->line == 0 ? g_strdup(finding->location)
                            : g_strdup_printf("%s:%u", finding->location, finding->line);
}

GPtrArray *
report_part(const GPtrArray *findings, bool of_packages)
{
  GPtrArray *part = g_ptr_array_new();
  for (guint i = 0; i < findings->len; i++) {
    Finding *finding = g_ptr_array_index(findings, i);
    if (finding_is_of_package(finding) == of_packages)
      g_ptr_array_add(part, finding);
  }
  return part;
}

/* (transfer full) */
static char *
title_of(const Finding *finding)
{
  const char *title = finding->title != NULL ? finding->title : finding->remedy;
  return g_strdup_printf(
      "%s%s%s%s%s%s", finding->exempt_reason != NULL ? "[exempt] " : "",
      finding->removed ? "[removed later] " : "", title, finding->evidence != NULL ? " (" : "",
      finding->evidence != NULL ? finding->evidence : "", finding->evidence != NULL ? ")" : "");
}

void
report_append_observed(GString *out, const GPtrArray *findings, unsigned width, bool colour)
{
  static const Column columns[] = {
      {.title = "KIND"},
      {.title = "SEVERITY"},
      {.title = "RULE"},
      {.title = "PLACE"},
      {.title = "TITLE", .least = 24, .flags = COLUMN_CUT},
  };
  g_autoptr(Columns) table = columns_new(columns, G_N_ELEMENTS(columns));
  for (guint i = 0; i < findings->len; i++) {
    const Finding *finding = g_ptr_array_index(findings, i);
    g_autofree char *title = title_of(finding), *place = report_subject(finding);
    columns_add(table,
                (const char *[]){finding_kind_name(finding->kind), severity_name(finding->severity),
                                 finding->id, place, title});
    columns_colour(table, 1, report_severity_colour(finding->severity));
  }
  g_autofree char *text = columns_to_text(table, width, colour);
  g_string_append(out, text);
}
