/* PEAR's and PECL's packages: .registry/[.channel.NAME/]PACKAGE.reg, what PHP's serialize() makes
 * of a package's description. */
#include <string.h>

#include "inspect/languages/found-private.h"
#include "inspect/languages/languages.h"

/* Of arrays in arrays. */
#define DEPTH_MAX 64u

static bool
is_in_registry(const char *path)
{
  return g_str_has_prefix(path, ".registry/") || strstr(path, "/.registry/") != NULL;
}

/* The number up to @end, which is taken as well. */
static bool
take_number(Slice *rest, uint8_t end, uint64_t *number)
{
  gssize at = slice_find(slice_sub(*rest, 0, 20), end);
  if (at < 0 || !slice_to_uint64(slice_sub(*rest, 0, (size_t)at), number))
    return false;
  *rest = slice_sub(*rest, (size_t)at + 1, rest->size);
  return true;
}

/* s:3:"abc"; */
static bool
take_string(Slice *rest, Slice *text)
{
  Slice ahead = *rest, quote;
  uint64_t size;
  if (!slice_has_prefix(ahead, SLICE_LITERAL("s:")))
    return false;
  ahead = slice_sub(ahead, 2, ahead.size);
  if (!take_number(&ahead, ':', &size) || size > ahead.size || !slice_take(&ahead, 1, &quote) ||
      !slice_take(&ahead, (size_t)size, text) || !slice_take(&ahead, 2, &quote))
    return false;
  *rest = ahead;
  return slice_equal_string(quote, "\";");
}

/* a:2:{ */
static bool
open_array(Slice *rest, uint64_t *members)
{
  Slice brace;
  if (!slice_has_prefix(*rest, SLICE_LITERAL("a:")))
    return false;
  *rest = slice_sub(*rest, 2, rest->size);
  return take_number(rest, ':', members) && slice_take(rest, 1, &brace);
}

/* Takes one value of any kind but an object; what is in an array as well. */
static bool
skip_value(Slice *rest)
{
  unsigned depth = 0;
  do {
    Slice text = SLICE_EMPTY;
    uint64_t members;
    if (rest->size == 0)
      return false;
    if (rest->data[0] == '}' && depth > 0) {
      depth--;
      slice_take(rest, 1, &text);
    } else if (rest->data[0] == 'a') {
      if (++depth > DEPTH_MAX || !open_array(rest, &members))
        return false;
    } else if (rest->data[0] == 's') {
      if (!take_string(rest, &text))
        return false;
    } else if (strchr("ibdNrR", rest->data[0]) == NULL || !slice_next_field(rest, ';', &text)) {
      return false;
    }
  } while (depth > 0);
  return true;
}

/* The member @key of the array that @array begins with, as it is written; empty: none. */
static Slice
member(Slice array, const char *key)
{
  uint64_t members = 0;
  if (!open_array(&array, &members))
    return SLICE_EMPTY;
  for (; members > 0; members--) {
    Slice name = SLICE_EMPTY, value;
    if (!take_string(&array, &name) && !skip_value(&array))
      return SLICE_EMPTY;
    value = array;
    if (!skip_value(&array))
      return SLICE_EMPTY;
    if (slice_equal_string(name, key))
      return value;
  }
  return SLICE_EMPTY;
}

/* The text of a member, or of the member @inner of it where it is an array. */
static Slice
text_of(Slice array, const char *key, const char *inner)
{
  Slice value = member(array, key), text = SLICE_EMPTY;
  if (slice_has_prefix(value, SLICE_LITERAL("a:")))
    value = member(value, inner);
  return take_string(&value, &text) ? slice_strip(text) : SLICE_EMPTY;
}

static void
read_registry(Slice bytes, const char *location, LayerInventory *into)
{
  Slice name = text_of(bytes, "name", ""), version = text_of(bytes, "version", "release");
  if (name.size == 0)
    name = text_of(bytes, "package", "");
  if (name.size == 0 || version.size == 0) {
    layer_inventory_add_note(into, "broken-package", location,
                             "PEAR's description of a package has no name or no version.");
    return;
  }
  GString *licenses = g_string_new(NULL);
  found_licenses_add(licenses, ", ", text_of(bytes, "license", "_content"));
  found_licenses_add(licenses, ", ", text_of(bytes, "release_license", ""));
  found_add(into, "pear", name, version, location, licenses);
}

const Detector pear_detector = {
    .name = "pear",
    .version = 1,
    .places = (const char *const[]){"*.reg", NULL},
    .wants_path = is_in_registry,
    .most = FOUND_TOKENS_BYTES_MAX,
    .read = read_registry,
};
