/* The packages of an image for people and programs; see the header. */
#include "report/packages.h"

#include <string.h>

#include "base/json.h"
#include "report/columns.h"
#include "report/report-private.h"

/* --- which --- */

static bool
fits_one(const GPtrArray *patterns, const char *name)
{
  for (guint i = 0; i < patterns->len; i++)
    if (g_pattern_spec_match_string(g_ptr_array_index(patterns, i), name))
      return true;
  return false;
}

GPtrArray *
report_packages_select(const ImageInventory *inventory, const char *const *types,
                       const char *const *names)
{
  g_autoptr(GPtrArray) patterns =
      g_ptr_array_new_with_free_func((GDestroyNotify)g_pattern_spec_free);
  for (const char *const *name = names; name != NULL && *name != NULL; name++)
    g_ptr_array_add(patterns, g_pattern_spec_new(*name));
  GPtrArray *chosen = g_ptr_array_new();
  for (guint i = 0; i < inventory->packages->len; i++) {
    ImagePackage *each = &g_array_index(inventory->packages, ImagePackage, i);
    if ((types == NULL || g_strv_contains(types, each->package->type)) &&
        (names == NULL || fits_one(patterns, each->package->name)))
      g_ptr_array_add(chosen, each);
  }
  return chosen;
}

char *
report_package_types_in_words(const ImageInventory *inventory)
{
  g_autoptr(GPtrArray) types = g_ptr_array_new();
  for (guint i = 0; i < inventory->packages->len; i++) {
    char *type = g_array_index(inventory->packages, ImagePackage, i).package->type;
    if (!g_ptr_array_find_with_equal_func(types, type, g_str_equal, NULL))
      g_ptr_array_add(types, type);
  }
  g_ptr_array_sort(types, text_compare);
  g_ptr_array_add(types, NULL);
  return g_strjoinv(", ", (char **)types->pdata);
}

/* --- the table --- */

/* Whether some packages have another architecture than the others; "all" and "noarch" are none. */
static bool
packages_differ_in_architecture(const GPtrArray *packages)
{
  const char *seen = NULL;
  for (guint i = 0; i < packages->len; i++) {
    const ImagePackage *each = g_ptr_array_index(packages, i);
    const char *architecture = each->package->architecture;
    if (architecture == NULL || strcmp(architecture, "all") == 0 ||
        strcmp(architecture, "noarch") == 0)
      continue;
    if (seen != NULL && strcmp(seen, architecture) != 0)
      return true;
    seen = architecture;
  }
  return false;
}

/* "a/package.json +2": the first, and how many more. (transfer full) */
static char *
places_in_words(const ImageInventory *inventory, const ImagePackage *package)
{
  g_autoptr(GPtrArray) others = image_package_places(inventory, package);
  const char *first = package->package->location;
  return others == NULL ? g_strdup(first) : g_strdup_printf("%s +%u", first, others->len);
}

static const char *
declared_in_words(const Package *package)
{
  if (package->development)
    return package->declared ? "development" : "installed, development";
  return package->declared ? "yes" : NULL;
}

void
report_append_packages(GString *out, const ImageInventory *inventory, const GPtrArray *shown,
                       unsigned width)
{
  static const Column columns[] = {
      {.title = "PACKAGE"},
      {.title = "VERSION"},
      {.title = "ARCHITECTURE", .flags = COLUMN_EMPTY},
      {.title = "TYPE"},
      {.title = "SOURCE"},
      {.title = "LICENCE", .least = 12, .flags = COLUMN_CUT | COLUMN_EMPTY},
      {.title = "OWNER", .flags = COLUMN_EMPTY},
      {.title = "DECLARED", .flags = COLUMN_EMPTY},
      {.title = "LISTED IN", .least = 20, .flags = COLUMN_CUT},
  };
  g_autoptr(Columns) table = columns_new(columns, G_N_ELEMENTS(columns));
  g_autoptr(GPtrArray) all = shown == NULL ? report_packages_select(inventory, NULL, NULL) : NULL;
  const GPtrArray *rows = shown != NULL ? shown : all;
  bool architectures = packages_differ_in_architecture(rows);
  for (guint i = 0; i < rows->len; i++) {
    const ImagePackage *each = g_ptr_array_index(rows, i);
    const Package *package = each->package;
    g_autofree char *places = places_in_words(inventory, each);
    columns_add(table, (const char *[]){package->name, package->version,
                                        architectures ? package->architecture : NULL, package->type,
                                        package->source_name, package->licenses, package->owner,
                                        declared_in_words(package), places});
  }
  g_autofree char *text = columns_to_text(table, width, false);
  g_string_append(out, text);
}

/* --- a document --- */

char *
report_packages_to_text(const Report *report, const GPtrArray *shown, unsigned width)
{
  GString *out = g_string_new(NULL);
  report_append_target(out, report, width);
  g_string_append_printf(out, "%u package%s", report->packages, report->packages == 1 ? "" : "s");
  if (shown->len < report->packages)
    g_string_append_printf(out, ", %u shown", shown->len);
  g_string_append_c(out, '\n');
  report_append_lines(out, "incomplete: ", report->gaps, width);
  report_append_lines(out, "note: ", report->layer_notes, width);
  if (shown->len > 0)
    g_string_append_c(out, '\n');
  report_append_packages(out, report->inventory, shown, width);
  return g_string_free(out, FALSE);
}

json_t *
report_packages_to_json(const Report *report, const GPtrArray *shown)
{
  json_t *object = json_object(), *packages = json_array();
  json_object_set_new(object, "schema_version", json_integer(1));
  json_set_string(object, "target", report->target);
  json_set_string(object, "digest", report->digest);
  report_set_system(object, report->inventory);
  json_object_set_new(object, "total", json_integer(report->packages));
  for (guint i = 0; i < shown->len; i++)
    json_array_append_new(packages,
                          report_package_to_json(report->inventory, g_ptr_array_index(shown, i)));
  json_object_set_new(object, "packages", packages);
  json_object_set_new(object, "incomplete", json_from_texts(report->gaps));
  json_object_set_new(object, "notes", json_from_texts(report->layer_notes));
  return object;
}
