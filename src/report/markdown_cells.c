/* The pieces of Markdown that its writers share: what is in them has no meaning of its own. */
#include <string.h>

#include "report/report-private.h"

/* What is longer is cut: comments have limits. */
#define TEXT_MAX 120

/* "https://x" and "www.x" become links by themselves. */
static bool
is_of_address(const char *start, const char *p)
{
  return g_str_has_prefix(p, "://") ||
         (*p == '.' && p - start >= 3 && g_ascii_strncasecmp(p - 3, "www", 3) == 0);
}

void
report_mark_plain(GString *text, const char *value)
{
  g_autofree char *clean = report_clean_text(value);
  for (const char *p = clean; *p != '\0'; p++) {
    if (*p == '<')
      g_string_append(text, "&lt;");
    else if (*p == '&')
      g_string_append(text, "&amp;");
    else if (strchr("\\`*_{}[]()#+!|~>@", *p) != NULL || is_of_address(clean, p))
      g_string_append_printf(text, "\\%c", *p);
    else
      g_string_append_c(text, *p);
  }
}

char *
report_mark_cut(const char *value)
{
  g_autofree char *valid = g_utf8_make_valid(value != NULL ? value : "", -1);
  if (g_utf8_strlen(valid, -1) <= TEXT_MAX)
    return g_steal_pointer(&valid);
  g_autofree char *cut = g_utf8_substring(valid, 0, TEXT_MAX);
  return g_strconcat(cut, "\xe2\x80\xa6", NULL);
}

void
report_mark_row(GString *text, const char *const *cells, size_t count)
{
  g_string_append(text, "|");
  for (size_t i = 0; i < count; i++) {
    g_string_append(text, " ");
    report_mark_plain(text, cells[i]);
    g_string_append(text, " |");
  }
  g_string_append(text, "\n");
}

void
report_mark_list(GString *text, const char *title, const GPtrArray *texts)
{
  if (texts == NULL || texts->len == 0)
    return;
  g_string_append_printf(text, "\n### %s\n\n", title);
  for (guint i = 0; i < texts->len; i++) {
    g_string_append(text, "- ");
    report_mark_plain(text, g_ptr_array_index(texts, i));
    g_string_append(text, "\n");
  }
}
