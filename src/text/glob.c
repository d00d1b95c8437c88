/* Patterns for names; see the header. */
#include "text/glob.h"

#include <glib.h>
#include <string.h>

/* @reached holds which beginnings of the text the pattern so far can stand for. */
bool
glob_matches(const char *pattern, const char *text)
{
  size_t size = strlen(text) + 1;
  g_autofree bool *reached = g_new0(bool, size);
  reached[0] = true;
  while (*pattern != '\0') {
    bool star = *pattern == '*', any = star && pattern[1] == '*';
    if (star) {
      for (size_t i = 1; i < size; i++)
        reached[i] = reached[i] || (reached[i - 1] && (any || text[i - 1] != '/'));
    } else {
      for (size_t i = size - 1; i > 0; i--)
        reached[i] = reached[i - 1] && text[i - 1] == *pattern;
      reached[0] = false;
    }
    pattern += any ? 2 : 1;
  }
  return reached[size - 1];
}

/* Of several stars the last one met is the only one that need be tried longer: what is before it
 * fits the earliest possible part already. */
bool
glob_matches_across(const char *pattern, const char *text)
{
  const char *star = NULL, *tried = NULL;
  while (*text != '\0') {
    if (*pattern == '*') {
      star = ++pattern;
      tried = text;
    } else if (*pattern == *text) {
      pattern++;
      text++;
    } else if (star != NULL) {
      pattern = star;
      text = ++tried;
    } else {
      return false;
    }
  }
  while (*pattern == '*')
    pattern++;
  return *pattern == '\0';
}
