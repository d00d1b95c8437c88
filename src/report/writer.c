/* The list of writers; see the header. */
#include "report/writer.h"

#include <string.h>

#include "report-formats.h"

#define DECLARE(name) extern const ReportWriter name##_report_writer;
#define LIST(name)    &name##_report_writer,
REPORT_FORMATS(DECLARE)
static const ReportWriter *const writers[] = {REPORT_FORMATS(LIST)};

const ReportWriter *
report_writer_find(const char *name)
{
  for (size_t i = 0; i < G_N_ELEMENTS(writers); i++)
    if (name == NULL || strcmp(name, writers[i]->name) == 0)
      return writers[i];
  return NULL;
}

char *
report_writer_names(void)
{
  GString *names = g_string_new(NULL);
  for (size_t i = 0; i < G_N_ELEMENTS(writers); i++)
    g_string_append_printf(names, "%s%s%s",
                           i == 0                          ? ""
                           : i + 1 < G_N_ELEMENTS(writers) ? ", "
                                                           : " or ",
                           writers[i]->name, i == 0 ? " (default)" : "");
  return g_string_free(names, FALSE);
}
