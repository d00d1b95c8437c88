/* Names and texts; see the header. */
#include "access/people/names.h"

#include <string.h>

#include "base/error.h"
#include "base/slice.h"

static bool
holds_only(const char *text, const char *others)
{
  for (const char *each = text; *each != '\0'; each++)
    if (!g_ascii_islower(*each) && !g_ascii_isdigit(*each) && strchr(others, *each) == NULL)
      return false;
  return true;
}

bool
account_name_check(const char *what, const char *name, GError **error)
{
  bool begins = name != NULL && (g_ascii_islower(*name) || g_ascii_isdigit(*name));
  if (begins && strlen(name) <= ACCOUNT_NAME_MAX && holds_only(name, "._@-"))
    return true;
  g_autofree char *shown =
      slice_to_printable(slice_from_string(name != NULL ? name : ""), ACCOUNT_NAME_MAX);
  return error_set(error, ASSAY_ERROR_INVALID,
                   "\"%s\" cannot be the name of %s: it has 1 to %d of a-z, 0-9, \".\", \"_\", "
                   "\"@\" and \"-\", and begins with a letter or digit",
                   shown, what, ACCOUNT_NAME_MAX);
}

bool
account_text_check(const char *what, const char *text, GError **error)
{
  if (text == NULL || *text == '\0' ||
      (strlen(text) <= ACCOUNT_TEXT_MAX && slice_is_printable(slice_from_string(text))))
    return true;
  return error_set(error, ASSAY_ERROR_INVALID,
                   "%s must be one line of at most %d bytes without control characters", what,
                   ACCOUNT_TEXT_MAX);
}

bool
access_pattern_check(const char *pattern, GError **error)
{
  if (pattern != NULL && *pattern != '\0' && strlen(pattern) <= ACCESS_PATTERN_MAX &&
      holds_only(pattern, "._/*-"))
    return true;
  return error_set(error, ASSAY_ERROR_INVALID,
                   "a pattern of repositories must be a name such as team/app, in which \"*\" "
                   "stands for any characters, of at most %d bytes",
                   ACCESS_PATTERN_MAX);
}
