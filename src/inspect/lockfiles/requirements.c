/* requirements.txt of pip (https://pip.pypa.io/en/stable/reference/requirements-file-format/):
 * requirements with one version, "name[extra]==1.0; marker --hash=..." */
#include <string.h>

#include "inspect/lockfiles/lockfiles-private.h"
#include "inspect/lockfiles/python-private.h"

/* A line that ends in a backslash continues. Comments end one, after a blank. */
static bool
next_requirement(Slice *rest, GString *into)
{
  Slice line;
  bool continues = true;
  g_string_truncate(into, 0);
  if (rest->size == 0)
    return false;
  while (continues && slice_next_line(rest, &line)) {
    continues = line.size > 0 && line.data[line.size - 1] == '\\';
    if (continues)
      line.size--;
    for (size_t i = 0; i < line.size; i++)
      if (line.data[i] == '#' && (i == 0 || line.data[i - 1] <= ' ')) {
        line.size = i;
        continues = false;
      }
    g_string_append_len(into, (const char *)line.data, (gssize)line.size);
  }
  return true;
}

static size_t
name_size(Slice text)
{
  size_t size = 0;
  while (size < text.size && (g_ascii_isalnum(text.data[size]) || text.data[size] == '-' ||
                              text.data[size] == '_' || text.data[size] == '.'))
    size++;
  return size;
}

/* PEP 440, as far as it tells a version from what a template has in its place. */
static bool
is_version(Slice text)
{
  size_t at = text.size > 0 && (text.data[0] == 'v' || text.data[0] == 'V');
  if (at >= text.size || !g_ascii_isdigit(text.data[at]))
    return false;
  for (; at < text.size; at++)
    if (!g_ascii_isalnum(text.data[at]) && strchr(".-_+!", text.data[at]) == NULL)
      return false;
  return true;
}

/* What is between blanks, after the sign; SLICE_EMPTY where it is more than one version. */
static Slice
exact_version(Slice text)
{
  if (!slice_has_prefix(text, SLICE_LITERAL("==")))
    return SLICE_EMPTY;
  while (text.size > 0 && text.data[0] == '=')
    text = slice_sub(text, 1, SIZE_MAX);
  text = slice_strip(text);
  size_t size = 0;
  while (size < text.size && text.data[size] > ' ' && text.data[size] != ';' &&
         text.data[size] != ',' && text.data[size] != ')')
    size++;
  Slice version = slice_sub(text, 0, size);
  return is_version(version) ? version : SLICE_EMPTY;
}

/* Past "[extra, extra]" and an opening parenthesis. */
static Slice
past_extras(Slice text)
{
  text = slice_strip(text);
  if (text.size > 0 && text.data[0] == '[') {
    gssize end = slice_find(text, ']');
    text = end < 0 ? SLICE_EMPTY : slice_strip(slice_sub(text, (size_t)end + 1, SIZE_MAX));
  }
  return text.size > 0 && text.data[0] == '(' ? slice_strip(slice_sub(text, 1, SIZE_MAX)) : text;
}

static void
add_requirement(Slice text, Lock *lock)
{
  text = slice_strip(text);
  Slice name = slice_sub(text, 0, name_size(text));
  /* "-r other.txt" and the like. */
  if (name.size == 0 || name.data[0] == '-')
    return;
  Slice rest = slice_sub(text, name.size, SIZE_MAX);
  Slice version = exact_version(past_extras(rest));
  g_autofree char *text_of_name = slice_to_utf8(name);
  bool is_address = rest.size > 0 && strchr(":/\\", rest.data[0]) != NULL;
  if (version.size > 0)
    python_add(lock, name, version);
  else if (!is_address && g_ascii_isalnum(name.data[0]))
    lock_skip(lock, text_of_name);
}

/* PowerShell writes UTF-16. (transfer full) */
static char *
as_utf8(Slice bytes, gsize *size)
{
  bool little = slice_has_prefix(bytes, SLICE_LITERAL("\xff\xfe"));
  bool big = slice_has_prefix(bytes, SLICE_LITERAL("\xfe\xff"));
  if (!little && !big)
    return NULL;
  return g_convert((const char *)bytes.data + 2, (gssize)bytes.size - 2, "UTF-8",
                   little ? "UTF-16LE" : "UTF-16BE", NULL, size, NULL);
}

void
requirements_read(Slice bytes, Lock *lock)
{
  gsize size = 0;
  g_autofree char *text = as_utf8(bytes, &size);
  if (text != NULL)
    bytes = slice_new(text, size);
  else if (slice_has_prefix(bytes, SLICE_LITERAL("\xef\xbb\xbf")))
    bytes = slice_sub(bytes, 3, SIZE_MAX);
  g_autoptr(GString) line = g_string_new(NULL);
  while (next_requirement(&bytes, line))
    add_requirement(slice_new(line->str, line->len), lock);
}
