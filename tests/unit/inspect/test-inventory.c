/* Inventories survive JSON, and layers lie over each other as the image specification has it. */
#include "base/error.h"
#include "base/json.h"
#include "inspect/inventory.h"
#include "inspect/packages/packages.h"

static LayerInventory *
layer_with(const char *status, const char *os_release, const char *removed)
{
  LayerInventory *layer = layer_inventory_new();
  if (status != NULL) {
    g_ptr_array_add(layer->locations, g_strdup("var/lib/dpkg/status"));
    dpkg_status_parse(slice_from_string(status), "var/lib/dpkg/status", layer);
  }
  if (os_release != NULL) {
    g_ptr_array_add(layer->locations, g_strdup("usr/lib/os-release"));
    os_release_detector.read(slice_from_string(os_release), "usr/lib/os-release", layer);
  }
  if (removed != NULL)
    g_ptr_array_add(layer->removed, g_strdup(removed));
  return layer;
}

static ImageInventory *
image_of(LayerInventory *bottom, LayerInventory *top)
{
  GPtrArray *layers = g_ptr_array_new_with_free_func((GDestroyNotify)layer_inventory_free);
  g_ptr_array_add(layers, bottom);
  if (top != NULL)
    g_ptr_array_add(layers, top);
  return image_inventory_new(layers);
}

#define BASE "Package: b\nVersion: 1\n\nPackage: a\nVersion: 1\n"

static void
test_replaced_database(void)
{
  g_autoptr(ImageInventory) image = image_of(
      layer_with(BASE, "ID=debian\nVERSION_ID=11\n", NULL),
      layer_with("Package: a\nVersion: 2\n\nPackage: b\nVersion: 1\n\nPackage: c\nVersion: 1\n",
                 NULL, NULL));
  static const struct {
    const char *name, *version;
    unsigned layer;
  } expected[] = {{"a", "2", 1}, {"b", "1", 0}, {"c", "1", 1}};
  g_assert_cmpuint(image->packages->len, ==, G_N_ELEMENTS(expected));
  for (guint i = 0; i < image->packages->len; i++) {
    const ImagePackage *package = &g_array_index(image->packages, ImagePackage, i);
    g_assert_cmpstr(package->package->name, ==, expected[i].name);
    g_assert_cmpstr(package->package->version, ==, expected[i].version);
    g_assert_cmpuint(package->layer, ==, expected[i].layer);
  }
  g_assert_cmpstr(image->os->id, ==, "debian");
}

static void
test_removed(void)
{
  static const struct {
    const char *name, *removed;
    guint left;
  } cases[] = {
      {"the file", "var/lib/dpkg/status", 0},
      {"a folder above", "var/lib", 0},
      {"an opaque folder above", "var/lib/dpkg/", 0},
      {"something else", "var/lib/dpk", 2},
      {"something that begins alike", "var/lib/dpkg/stat", 2},
      {"an opaque folder of its own name", "var/lib/dpkg/status/", 2},
      {"an opaque folder that begins alike", "var/lib/dp/", 2},
      {"the opaque root", "", 0},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(ImageInventory) image =
        image_of(layer_with(BASE, "ID=x\n", NULL), layer_with(NULL, NULL, cases[i].removed));
    g_test_message("case %s", cases[i].name);
    g_assert_cmpuint(image->packages->len, ==, cases[i].left);
  }
}

/* Moved, and left behind at the old place: each package counts once. */
static void
test_doubles(void)
{
  LayerInventory *below = layer_with(BASE, NULL, NULL), *above = layer_inventory_new();
  g_ptr_array_add(above->locations, g_strdup("var/lib/dpkg/status.d/all"));
  dpkg_status_parse(SLICE_LITERAL("Package: a\nVersion: 1\n\nPackage: a\nVersion: 2\n"),
                    "var/lib/dpkg/status.d/all", above);
  g_autoptr(ImageInventory) image = image_of(below, above);
  g_assert_cmpuint(image->packages->len, ==, 3);
  const ImagePackage *first = &g_array_index(image->packages, ImagePackage, 0);
  g_assert_cmpstr(first->package->version, ==, "1");
  g_assert_cmpuint(first->layer, ==, 0);
}

/* What could not be read stays so until it is replaced or removed. */
static void
test_unread(void)
{
  static const struct {
    const char *name, *unread, *location, *removed;
    guint left;
  } cases[] = {
      {"nothing of it above", "var/lib/rpm/Packages", "etc/x", "var/lib/dpkg", 1},
      {"replaced", "var/lib/rpm/Packages", "var/lib/rpm/Packages", NULL, 0},
      {"its folder removed", "var/lib/rpm/Packages", NULL, "var/lib", 0},
      {"a link that became a folder", "var/lib/rpm", "var/lib/rpm/Packages.db", NULL, 0},
      {"a link that begins alike", "var/lib/rp", "var/lib/rpm/Packages.db", NULL, 1},
      {"a link that was replaced", "var/lib/rpm", NULL, "var/lib/rpm", 0},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    LayerInventory *below = layer_inventory_new();
    LayerInventory *above = layer_with(NULL, NULL, cases[i].removed);
    layer_inventory_add_unread(below, "broken-database", cases[i].unread, "x");
    if (cases[i].location != NULL)
      g_ptr_array_add(above->locations, g_strdup(cases[i].location));
    g_autoptr(ImageInventory) image = image_of(below, above);
    g_test_message("case %s", cases[i].name);
    g_assert_cmpuint(image->unread->len, ==, cases[i].left);
  }
  LayerInventory *again = layer_inventory_new();
  g_ptr_array_add(again->locations, g_strdup("var/lib/dpkg/status"));
  dpkg_status_parse(SLICE_LITERAL("Package: a\n\nPackage: \033\nVersion: 1\n"),
                    "var/lib/dpkg/status", again);
  g_autoptr(ImageInventory) image = image_of(layer_with(BASE, NULL, NULL), again);
  g_assert_cmpuint(image->unread->len, ==, 1);
  g_assert_cmpstr(g_ptr_array_index(image->unread, 0), ==, "var/lib/dpkg/status");
}

/* Tens of thousands of places and whiteouts are looked up, not searched. */
static void
test_wide_layers(void)
{
  LayerInventory *below = layer_inventory_new(), *above = layer_inventory_new();
  for (unsigned i = 0; i < LAYER_PACKAGES_MAX; i++) {
    g_autofree char *place = g_strdup_printf("var/lib/dpkg/status.d/%u", i);
    g_autofree char *text = g_strdup_printf("Package: p%u\nVersion: 1\n", i);
    g_ptr_array_add(below->locations, g_strdup(place));
    dpkg_status_parse(slice_from_string(text), place, below);
    g_ptr_array_add(i % 2 == 0 ? above->removed : above->locations, g_strdup(place));
  }
  g_autoptr(ImageInventory) image = image_of(below, above);
  g_assert_cmpuint(image->packages->len, ==, 0);
}

/* The same layer, named ten thousand times by a small manifest. */
static void
test_many_layers(void)
{
  g_autoptr(LayerInventory) layer = layer_with(NULL, NULL, NULL);
  for (unsigned i = 0; i < 1000; i++) {
    g_autofree char *text = g_strdup_printf("P:p%u\nV:1\nF:usr\nR:x\n\n", i);
    apk_installed_parse(slice_from_string(text), "lib/apk/db/installed", layer);
  }
  size_t used = 0;
  unsigned admitted = 0;
  g_autoptr(GError) error = NULL;
  while (image_inventory_admit(layer, &used, &error))
    admitted++;
  g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_LIMIT);
  g_assert_cmpuint(admitted, >, 200);
  g_assert_cmpuint(admitted, <, 2000);
  g_assert_null(((const Package *)g_ptr_array_index(layer->packages, 0))->files);
}

static void
test_json_round_trip(void)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(LayerInventory) layer = layer_with(
      "Package: a\nVersion: 1\nSource: s (2)\nArchitecture: all\n", "ID=x\nVERSION_ID=3\n", "etc");
  layer->diff_id = digest_of(DIGEST_SHA256, SLICE_EMPTY);
  layer_inventory_add_note(layer, "setuid", "bin/su", "x");
  layer_inventory_add_unread(layer, "broken-database", "var/lib/rpm/Packages", "x");
  apk_installed_parse(SLICE_LITERAL("P:b\nV:1\nF:lib\nR:x\n"), "lib/apk/db/installed", layer);
  g_autoptr(json_t) json = layer_inventory_to_json(layer);
  g_autoptr(LayerInventory) again = layer_inventory_from_json(json, &error);
  g_assert_no_error(error);
  g_autoptr(json_t) second = layer_inventory_to_json(again);
  g_assert_true(json_equal(json, second));
}

static void
test_json_refused(void)
{
  static const char *const cases[] = {
      "{}",
      "[]",
      "{\"detector_version\":99,\"layer\":\"\",\"diff_id\":\"\"}",
      "{\"detector_version\":4,\"layer\":\"x\",\"diff_id\":\"\"}",
      "{\"detector_version\":4,\"layer\":\"\",\"diff_id\":\"\",\"packages\":[{\"name\":1}]}",
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) json = json_parse(slice_from_string(cases[i]), &error);
    g_test_message("case %s", cases[i]);
    g_assert_null(layer_inventory_from_json(json, &error));
    g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_INVALID);
  }
}

static void
test_notes_are_bounded(void)
{
  g_autoptr(LayerInventory) layer = layer_inventory_new();
  for (int i = 0; i < LAYER_NOTES_MAX + 50; i++)
    layer_inventory_add_note(layer, "setuid", "x", "y");
  g_assert_cmpuint(layer->notes->len, ==, LAYER_NOTES_MAX + 1);
  const LayerNote *last = g_ptr_array_index(layer->notes, LAYER_NOTES_MAX);
  g_assert_cmpstr(last->kind, ==, "more");
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/inventory/replaced-database", test_replaced_database);
  g_test_add_func("/inventory/removed", test_removed);
  g_test_add_func("/inventory/doubles", test_doubles);
  g_test_add_func("/inventory/unread", test_unread);
  g_test_add_func("/inventory/wide-layers", test_wide_layers);
  g_test_add_func("/inventory/many-layers", test_many_layers);
  g_test_add_func("/inventory/json/round-trip", test_json_round_trip);
  g_test_add_func("/inventory/json/refused", test_json_refused);
  g_test_add_func("/inventory/notes-are-bounded", test_notes_are_bounded);
  return g_test_run();
}
