/* One door to the report writers; see the header. */
#include "report/report.h"

#include <string.h>

#include "report/report-private.h"

bool
report_format_parse(const char *name, ReportFormat *format)
{
  static const char *const names[] = {"table", "json", "sarif"};
  for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
    if (strcmp(name, names[i]) == 0) {
      *format = (ReportFormat)i;
      return true;
    }
  }
  return false;
}

char *
report_write(ReportFormat format, const Report *report, unsigned width, bool colour)
{
  switch (format) {
  case REPORT_JSON:
    return report_write_json(report);
  case REPORT_SARIF:
    return report_write_sarif(report);
  case REPORT_TABLE:
    break;
  }
  return report_write_table(report, width, colour);
}

char *
report_hidden_note(unsigned hidden)
{
  return g_strdup_printf("findings that are not shown (--severity, --ignore-unfixed): %u", hidden);
}

void
report_count(const GPtrArray *findings, unsigned counts[SEVERITY_CRITICAL + 1])
{
  memset(counts, 0, (SEVERITY_CRITICAL + 1) * sizeof *counts);
  for (guint i = 0; i < findings->len; i++)
    counts[((const Finding *)g_ptr_array_index(findings, i))->severity]++;
}
