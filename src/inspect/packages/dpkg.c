/* dpkg's status database: deb-control(5) stanzas. */
#include <string.h>

#include "inspect/packages/packages.h"

typedef struct {
  Slice package, status, version, architecture, source;
} Stanza;

/* "want flag status": the files are there from "unpacked" on. status.d has no Status at all. */
static bool
is_installed(Slice status)
{
  if (status.size == 0)
    return true;
  Slice word = SLICE_EMPTY;
  while (slice_next_field(&status, ' ', &word))
    continue;
  static const char *const there[] = {"installed",        "unpacked",         "half-configured",
                                      "triggers-awaited", "triggers-pending", "half-installed"};
  for (size_t i = 0; i < G_N_ELEMENTS(there); i++)
    if (slice_equal_string(word, there[i]))
      return true;
  return false;
}

/* "name" or "name (version)". */
static void
take_source(Package *package, Slice source)
{
  gssize open = slice_find(source, '(');
  Slice name = slice_strip(open < 0 ? source : slice_sub(source, 0, (size_t)open));
  if (name.size > 0)
    package->source_name = slice_to_utf8(name);
  if (open < 0)
    return;
  Slice rest = slice_sub(source, (size_t)open + 1, source.size), version;
  if (slice_next_field(&rest, ')', &version) && slice_strip(version).size > 0)
    package->source_version = slice_to_utf8(slice_strip(version));
}

static void
add_package(const Stanza *stanza, const char *location, LayerInventory *inventory)
{
  if (stanza->package.size == 0 || !is_installed(stanza->status))
    return;
  if (stanza->version.size == 0) {
    g_autofree char *name = slice_to_printable(stanza->package, 256);
    g_autofree char *detail = g_strdup_printf("Package %s has no version.", name);
    layer_inventory_add_unread(inventory, "broken-database", location, detail);
    return;
  }
  Package *package = g_new0(Package, 1);
  package->type = g_strdup("deb");
  package->name = slice_to_utf8(stanza->package);
  package->version = slice_to_utf8(stanza->version);
  package->architecture =
      stanza->architecture.size == 0 ? NULL : slice_to_utf8(stanza->architecture);
  package->location = g_strdup(location);
  take_source(package, stanza->source);
  layer_inventory_add_package(inventory, package);
}

void
dpkg_status_parse(Slice text, const char *location, LayerInventory *inventory)
{
  static const struct {
    const char *name;
    size_t offset;
  } fields[] = {
      {"Package", offsetof(Stanza, package)},           {"Status", offsetof(Stanza, status)},
      {"Version", offsetof(Stanza, version)},           {"Source", offsetof(Stanza, source)},
      {"Architecture", offsetof(Stanza, architecture)},
  };
  Stanza stanza = {{NULL}};
  Slice line;
  while (slice_next_line(&text, &line)) {
    if (slice_strip(line).size == 0) {
      add_package(&stanza, location, inventory);
      stanza = (Stanza){{NULL}};
      continue;
    }
    gssize colon = slice_find(line, ':');
    /* A line that starts with a blank goes on with the field before. */
    if (colon <= 0 || line.data[0] == ' ' || line.data[0] == '\t')
      continue;
    Slice name = slice_sub(line, 0, (size_t)colon);
    for (size_t i = 0; i < G_N_ELEMENTS(fields); i++)
      if (name.size == strlen(fields[i].name) &&
          g_ascii_strncasecmp((const char *)name.data, fields[i].name, name.size) == 0)
        *(Slice *)((char *)&stanza + fields[i].offset) =
            slice_strip(slice_sub(line, (size_t)colon + 1, line.size));
  }
  add_package(&stanza, location, inventory);
}

/* status.d also holds checksums beside the stanzas. */
static bool
is_stanza_file(const char *name)
{
  return !g_str_has_suffix(name, ".md5sums");
}

const Detector dpkg_detector = {
    .name = "dpkg",
    .places = (const char *const[]){"var/lib/dpkg/status", "var/lib/dpkg/status.d/", NULL},
    .wants = is_stanza_file,
    .lists_packages = true,
    .read = dpkg_status_parse,
};
