/* OCaml's packages: what opam keeps of a switch (.opam-switch/switch-state,
 * .opam-switch/packages/), a list as `opam switch export` or the file "install" has it, and the
 * description "opam" that is installed beside a library.
 *
 * A copy of opam's repository (.opam/repo) describes all packages that there are. A NAME.opam is
 * part of a source. */
#include <string.h>

#include "inspect/languages/found-private.h"
#include "inspect/languages/languages.h"

#define STATE    "/switch-state"
#define LIST     ".opam-switch/install"
#define PACKAGES ".opam-switch/packages/"

static bool
is_opam(const char *path)
{
  return strstr(path, ".opam/repo/") == NULL && strstr(path, "opam-repository") == NULL;
}

/* "dune.3.7.2": names have no dot. */
static void
add_entry(Slice entry, const char *location, LayerInventory *into)
{
  Slice name = SLICE_EMPTY;
  if (slice_find(entry, '.') > 0 && slice_next_field(&entry, '.', &name) && entry.size > 0)
    found_add(into, "opam", name, entry, location, NULL);
}

/* An entry a line; what follows it is not of it. */
static void
read_list(Slice bytes, const char *location, LayerInventory *into)
{
  Slice line;
  while (slice_next_line(&bytes, &line)) {
    line = slice_strip(line);
    size_t size = 0;
    while (size < line.size && !g_ascii_isspace(line.data[size]))
      size++;
    if (line.size > 0 && line.data[0] != '#')
      add_entry(slice_sub(line, 0, size), location, into);
  }
}

/* The text after "field:" at the start of a line, up to the end of the file. */
static Slice
field_of(Slice bytes, const char *field)
{
  size_t size = strlen(field);
  Slice line, rest = bytes;
  bool in_text = false;
  while (slice_next_line(&rest, &line)) {
    if (!in_text && line.size > size && line.data[size] == ':' &&
        slice_has_prefix(line, slice_from_string(field)))
      return slice_strip(slice_new(line.data + size + 1,
                                   bytes.size - (size_t)(line.data - bytes.data) - size - 1));
    /* A text of several lines opens and closes with three quotes. */
    for (size_t i = 0; i + 2 < line.size; i++)
      if (memcmp(line.data + i, "\"\"\"", 3) == 0) {
        in_text = !in_text;
        i += 2;
      }
  }
  return SLICE_EMPTY;
}

/* The next "text" before @end. */
static bool
next_text(Slice *rest, uint8_t end, Slice *text)
{
  while (rest->size > 0 && rest->data[0] != '"' && rest->data[0] != end)
    *rest = slice_sub(*rest, 1, rest->size);
  if (rest->size < 2 || rest->data[0] != '"')
    return false;
  *rest = slice_sub(*rest, 1, rest->size);
  return slice_find(*rest, '"') >= 0 && slice_next_field(rest, '"', text);
}

/* installed: ["dune.3.7.2" "ocaml.4.14.1"] */
static void
read_state(Slice bytes, const char *location, LayerInventory *into)
{
  Slice list = field_of(bytes, "installed"), entry;
  if (list.size == 0 || list.data[0] != '[')
    return;
  while (next_text(&list, ']', &entry))
    add_entry(entry, location, into);
}

/* A field that is one text. */
static Slice
text_field(Slice bytes, const char *field)
{
  Slice value = field_of(bytes, field), text = SLICE_EMPTY;
  return next_text(&value, '\n', &text) ? text : SLICE_EMPTY;
}

/* .opam-switch/packages/NAME.VERSION/opam, lib/NAME/opam with a version in it, NAME.opam. */
static void
read_description(Slice bytes, const char *location, LayerInventory *into)
{
  g_autofree char *folder = g_path_get_dirname(location), *base = g_path_get_basename(location);
  g_autofree char *parent = g_path_get_basename(folder);
  bool declared = strcmp(base, "opam") != 0;
  if (strstr(location, PACKAGES) != NULL && !declared) {
    add_entry(slice_from_string(parent), location, into);
    return;
  }
  Slice name = text_field(bytes, "name"), version = text_field(bytes, "version");
  g_autofree char *name_text = name.size > 0 ? slice_to_utf8(name)
                               : declared    ? g_strndup(base, strlen(base) - strlen(".opam"))
                                             : g_strdup(parent);
  if (version.size == 0)
    return;
  g_autofree char *version_text = slice_to_utf8(version);
  Package *package =
      layer_inventory_add_application(into, "opam", name_text, version_text, location);
  if (package == NULL)
    return;
  package->declared = declared;
  GString *licenses = g_string_new(NULL);
  found_licenses_add(licenses, "", text_field(bytes, "license"));
  found_licenses_give(licenses, package);
}

static void
read_opam(Slice bytes, const char *location, LayerInventory *into)
{
  if (g_str_has_suffix(location, STATE))
    read_state(bytes, location, into);
  else if (g_str_has_suffix(location, LIST))
    read_list(bytes, location, into);
  else
    read_description(bytes, location, into);
}

const Detector ocaml_detector = {
    .name = "ocaml",
    .version = 1,
    .places =
        (const char *const[]){"*.opam-switch/switch-state", "*" LIST, "*/opam", "*.opam", NULL},
    .wants_path = is_opam,
    .most = FOUND_TOKENS_BYTES_MAX,
    .read = read_opam,
};
