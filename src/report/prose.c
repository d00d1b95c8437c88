/* Sentences on a terminal: broken between words. */
#include <string.h>

#include "report/columns.h"
#include "report/report-private.h"

void
report_append_prose(GString *out, const char *first, const char *text, unsigned width,
                    unsigned indent)
{
  g_string_append(out, first);
  if (width == 0) {
    g_string_append_printf(out, "%s\n", text);
    return;
  }
  g_auto(GStrv) words = g_strsplit(text, " ", -1);
  unsigned at = text_cells(first);
  bool begins = true;
  for (char **word = words; *word != NULL; word++) {
    unsigned cells = text_cells(*word);
    if (!begins && at + 1 + cells > width) {
      g_string_append_printf(out, "\n%*s", (int)indent, "");
      at = indent;
      begins = true;
    }
    g_string_append_printf(out, "%s%s", begins ? "" : " ", *word);
    at += cells + (begins ? 0 : 1);
    begins = false;
  }
  g_string_append_c(out, '\n');
}
