/* The manifest of a chiselled Ubuntu: "jsonwall", lines of JSON, packed by zstd (chisel's
 * public/jsonwall and public/manifest). A package is there with name, version and architecture,
 * and without its source, which chisel_sources.h knows; the image has no database of dpkg. */
#include <string.h>

#include "archive/inflate.h"
#include "base/error.h"
#include "base/json.h"
#include "inspect/packages/chisel_sources.h"
#include "inspect/packages/packages.h"

/* Unpacked. Ubuntu's whole archive cut into slices would be below. */
#define MANIFEST_MAX ((size_t)64 * 1024 * 1024)
/* Of the values of a line, which has a handful. */
#define LINE_VALUES_MAX 100u
/* chisel finds packages by how their lines begin. */
#define PACKAGE_LINE "{\"kind\":\"package\","
/* A note names so many packages, by so many bytes of their names. */
#define NAMED_MAX      5u
#define NAME_SHOWN_MAX 100u

typedef struct {
  const char *location;
  LayerInventory *inventory;
  GPtrArray *sourceless; /* char *: the first of the packages whose source is not known */
  guint sourceless_count;
} Manifest;

/* (transfer full) */
static GByteArray *
unpack(Slice packed, GError **error)
{
  g_autoptr(Inflater) inflater = inflater_new(inflater_read_slice, &packed);
  g_autoptr(GByteArray) text = g_byte_array_new();
  uint8_t buffer[16384];
  gssize got = inflater_read(inflater, buffer, sizeof buffer, error);
  for (; got > 0; got = inflater_read(inflater, buffer, sizeof buffer, error)) {
    g_byte_array_append(text, buffer, (guint)got);
    if (text->len > MANIFEST_MAX) {
      error_set(error, ASSAY_ERROR_LIMIT, "the manifest unpacks to more than %zu MiB",
                MANIFEST_MAX >> 20);
      return NULL;
    }
  }
  return got < 0 ? NULL : g_steal_pointer(&text);
}

/* @lines: how many it says there are. */
static bool
read_header(Slice line, json_int_t *lines, GError **error)
{
  g_autoptr(json_t) header = json_parse_bounded(line, LINE_VALUES_MAX, error);
  if (header == NULL)
    return false;
  const char *version = json_get_string(header, "jsonwall");
  const char *schema = json_get_string(header, "schema");
  *lines = json_get_integer(header, "count", -1);
  return (version != NULL && g_str_has_prefix(version, "1.") && g_strcmp0(schema, "1.0") == 0) ||
         error_set(error, ASSAY_ERROR_UNSUPPORTED, "a manifest of another version");
}

/* The package is listed all the same. */
static void
note_sourceless(Manifest *manifest, const Package *package)
{
  manifest->sourceless_count++;
  if (manifest->sourceless->len < NAMED_MAX)
    g_ptr_array_add(manifest->sourceless, g_strndup(package->name, NAME_SHOWN_MAX));
}

static bool
add_package(Slice line, Manifest *manifest, GError **error)
{
  g_autoptr(json_t) object = json_parse_bounded(line, LINE_VALUES_MAX, error);
  if (object == NULL)
    return false;
  const char *name = json_require_string(object, "name", error);
  const char *version = name == NULL ? NULL : json_require_string(object, "version", error);
  if (version == NULL)
    return false;
  Package *package = g_new0(Package, 1);
  package->type = g_strdup("deb");
  package->name = g_ascii_strdown(name, -1);
  package->version = g_strdup(version);
  package->architecture = g_strdup(json_get_string(object, "arch"));
  package->location = g_strdup(manifest->location);
  package->source_name = chisel_source(package->name, package->version);
  if (package->source_name == NULL)
    note_sourceless(manifest, package);
  layer_inventory_add_package(manifest->inventory, package);
  return true;
}

static bool
read_manifest(Slice bytes, Manifest *manifest, GError **error)
{
  g_autoptr(GByteArray) content = unpack(bytes, error);
  if (content == NULL)
    return false;
  Slice text = slice_new(content->data, content->len), line;
  json_int_t lines = 0, seen = 1;
  if (!slice_next_line(&text, &line))
    return error_set(error, ASSAY_ERROR_INVALID, "the manifest is empty");
  if (!read_header(line, &lines, error))
    return false;
  for (; slice_next_line(&text, &line); seen++)
    if (slice_has_prefix(line, SLICE_LITERAL(PACKAGE_LINE)) && !add_package(line, manifest, error))
      return false;
  return seen == lines ||
         error_set(error, ASSAY_ERROR_INVALID,
                   "the manifest has %" JSON_INTEGER_FORMAT " lines and says %" JSON_INTEGER_FORMAT,
                   seen, lines);
}

/* Statements name sources. */
static void
report_sourceless(const Manifest *manifest)
{
  if (manifest->sourceless_count == 0)
    return;
  g_ptr_array_add(manifest->sourceless, NULL);
  g_autofree char *names = g_strjoinv(", ", (char **)manifest->sourceless->pdata);
  g_autofree char *detail = g_strdup_printf(
      "chisel's manifest does not say which source packages its packages are built from, and "
      "Assay does not know it of %s%s: what is known about them may not be found.",
      names, manifest->sourceless_count > NAMED_MAX ? " and others" : "");
  layer_inventory_add_unread(manifest->inventory, "no-sources", manifest->location, detail);
}

void
chisel_manifest_parse(Slice bytes, const char *location, LayerInventory *inventory)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) sourceless = g_ptr_array_new_with_free_func(g_free);
  Manifest manifest = {location, inventory, sourceless, 0};
  if (!read_manifest(bytes, &manifest, &error))
    layer_inventory_add_unread(inventory, "broken-database", location, error->message);
  report_sourceless(&manifest);
}

const Detector chisel_detector = {
    .name = "chisel",
    .version = 1,
    .places = (const char *const[]){"var/lib/chisel/manifest.wall", NULL},
    .lists_packages = true,
    .read = chisel_manifest_parse,
};
