/* A word is looked for, and then the brace that closes; see the header. */
#include "inspect/programs/appended_deps.h"

#include <string.h>

#define BYTES_MAX ((guint)8 * 1024 * 1024)
#define WORD      "\"runtimeTarget\""
/* A brace, the blanks after it, and the word. */
#define BEGIN_MAX 64u

/* Where the brace before the word at @at is; or -1. */
static gssize
brace_before(const GByteArray *text, gsize at)
{
  while (at > 0 && g_ascii_isspace(text->data[at - 1]))
    at--;
  return at > 0 && text->data[at - 1] == '{' ? (gssize)at - 1 : -1;
}

static void
look_for_begin(AppendedDeps *deps)
{
  GByteArray *text = deps->text;
  const uint8_t *word = memmem(text->data, text->len, WORD, strlen(WORD));
  gssize brace = word == NULL ? -1 : brace_before(text, (gsize)(word - text->data));
  deps->found = brace >= 0;
  guint gone = deps->found ? (guint)brace : text->len - MIN(text->len, BEGIN_MAX);
  g_byte_array_remove_range(text, 0, gone);
}

static void
look_for_end(AppendedDeps *deps)
{
  GByteArray *text = deps->text;
  for (; deps->counted < text->len && !deps->whole; deps->counted++) {
    char one = (char)text->data[deps->counted];
    bool escaped = deps->escaped;
    deps->escaped = deps->quoted && !escaped && one == '\\';
    if (one == '"' && !escaped)
      deps->quoted = !deps->quoted;
    if (deps->quoted)
      continue;
    deps->depth += one == '{' ? 1 : 0;
    deps->depth -= one == '}' ? 1 : 0;
    deps->whole = deps->depth == 0;
  }
  if (!deps->whole && text->len > BYTES_MAX)
    deps->start = 0;
}

void
appended_deps_add(AppendedDeps *deps, uint64_t at, Slice bytes)
{
  if (deps->start == 0 || deps->whole)
    return;
  if (at < deps->start)
    bytes = slice_sub(bytes, (size_t)MIN(deps->start - at, bytes.size), bytes.size);
  if (bytes.size == 0)
    return;
  if (deps->text == NULL)
    deps->text = g_byte_array_new();
  g_byte_array_append(deps->text, bytes.data, (guint)bytes.size);
  if (!deps->found)
    look_for_begin(deps);
  if (deps->found)
    look_for_end(deps);
}

Slice
appended_deps_text(const AppendedDeps *deps)
{
  return deps->whole ? slice_new(deps->text->data, deps->counted) : SLICE_EMPTY;
}

void
appended_deps_clear(AppendedDeps *deps)
{
  g_clear_pointer(&deps->text, g_byte_array_unref);
}
