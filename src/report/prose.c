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

void
report_append_lines(GString *out, const char *prefix, const GPtrArray *lines, unsigned width)
{
  for (guint i = 0; lines != NULL && i < lines->len; i++) {
    g_autofree char *clean = report_clean_text(g_ptr_array_index(lines, i));
    report_append_prose(out, prefix, clean, width, 2);
  }
}

void
report_append_target(GString *out, const Report *report, unsigned width)
{
  const OsRelease *os = report->inventory == NULL ? NULL : report->inventory->os;
  const char *system = report->os != NULL        ? report->os
                       : os == NULL              ? "no distribution found"
                       : os->pretty_name != NULL ? os->pretty_name
                                                 : os->id;
  g_autofree char *line = report->of_build ? g_strdup(report->target)
                                           : g_strdup_printf("%s (%s)", report->target, system);
  g_autofree char *clean = report_clean_text(line);
  report_append_prose(out, "", clean, width, 2);
}

char *
report_command_in_words(const char *command)
{
  static const char *const shells[] = {"/bin/sh -c #(nop) ", "/bin/sh -c ", "RUN /bin/sh -c "};
  static const char kit[] = " # buildkit";
  if (command == NULL)
    return NULL;
  g_autofree char *text = report_clean_text(command);
  const char *rest = text, *before = "";
  for (size_t i = 0; i < G_N_ELEMENTS(shells) && rest == text; i++)
    if (g_str_has_prefix(text, shells[i])) {
      rest += strlen(shells[i]);
      before = i == 0 ? "" : "RUN ";
    }
  g_autofree char *plain = g_strconcat(before, rest, NULL);
  if (g_str_has_suffix(plain, kit))
    plain[strlen(plain) - strlen(kit)] = '\0';
  g_strstrip(plain);
  return g_steal_pointer(&plain);
}
