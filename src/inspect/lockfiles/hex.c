/* Lock files of Erlang, Elixir and Gleam: mix.lock is a map of names to tuples in Elixir's syntax,
 * of which
 * {:hex, :name, "1.0.0", ...} has a version; rebar.lock a list of tuples in Erlang's,
 * {<<"name">>,{pkg,<<"name">>,<<"1.0.0">>},0}; manifest.toml an array of tables. */
#include <string.h>

#include "inspect/lockfiles/lockfiles-private.h"

static void
skip_blanks(Slice *text)
{
  while (text->size > 0 && g_ascii_isspace(text->data[0]))
    *text = slice_sub(*text, 1, SIZE_MAX);
}

static bool
take(Slice *text, Slice what)
{
  skip_blanks(text);
  if (!slice_has_prefix(*text, what))
    return false;
  *text = slice_sub(*text, what.size, SIZE_MAX);
  return true;
}

/* What is between quotes; no name and no version has escapes. */
static bool
take_quoted(Slice *text, Slice *value)
{
  if (!take(text, SLICE_LITERAL("\"")))
    return false;
  gssize end = slice_find(*text, '"');
  if (end < 0)
    return false;
  *value = slice_sub(*text, 0, (size_t)end);
  *text = slice_sub(*text, (size_t)end + 1, SIZE_MAX);
  return true;
}

/* :name, or :"name". */
static bool
take_atom(Slice *text, Slice *value)
{
  if (!take(text, SLICE_LITERAL(":")))
    return false;
  if (take_quoted(text, value))
    return true;
  size_t size = 0;
  while (size < text->size && (g_ascii_isalnum(text->data[size]) || text->data[size] == '_'))
    size++;
  *value = slice_sub(*text, 0, size);
  *text = slice_sub(*text, size, SIZE_MAX);
  return size > 0;
}

/* A line each; what the packages need has the same form, but not after a name in quotes. */
void
mix_lock_read(Slice bytes, Lock *lock)
{
  Slice line, key, name, version;
  while (slice_next_line(&bytes, &line)) {
    take(&line, SLICE_LITERAL("%{"));
    while (take_quoted(&line, &key) && take(&line, SLICE_LITERAL(":")) &&
           take(&line, SLICE_LITERAL("{:hex")) && take(&line, SLICE_LITERAL(",")) &&
           take_atom(&line, &name) && take(&line, SLICE_LITERAL(",")) &&
           take_quoted(&line, &version)) {
      lock_add_slices(lock, name, version);
      break;
    }
  }
}

static bool
take_binary(Slice *text, Slice *value)
{
  return take(text, SLICE_LITERAL("<<")) && take_quoted(text, value) &&
         take(text, SLICE_LITERAL(">>"));
}

void
rebar_lock_read(Slice bytes, Lock *lock)
{
  for (gssize at; (at = slice_find(bytes, '{')) >= 0;) {
    bytes = slice_sub(bytes, (size_t)at + 1, SIZE_MAX);
    Slice rest = bytes, name, version;
    if (take(&rest, SLICE_LITERAL("pkg")) && take(&rest, SLICE_LITERAL(",")) &&
        take_binary(&rest, &name) && take(&rest, SLICE_LITERAL(",")) &&
        take_binary(&rest, &version))
      lock_add_slices(lock, name, version);
  }
}

/* What is of git or of a folder is of no repository. */
void
gleam_manifest_read(Slice bytes, Lock *lock)
{
  g_autoptr(json_t) root = lock_toml(bytes, lock);
  size_t index;
  json_t *package;
  json_array_foreach(json_get_array(root, "packages"), index, package) {
    if (g_strcmp0(json_get_string(package, "source"), "hex") == 0)
      lock_add(lock, json_get_string(package, "name"), json_get_string(package, "version"));
  }
}
