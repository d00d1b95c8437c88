/* Inventories survive JSON, and layers lie over each other as the image specification has it. */
#include "base/error.h"
#include "base/json.h"
#include "inspect/overlay.h"
#include "inspect/packages/packages.h"
#include "layers.h"

static ImageInventory *
image_of(const char *const *texts)
{
  g_autoptr(GError) error = NULL;
  ImageInventory *image = image_inventory_new(layers_of(texts), NULL, NULL, &error);
  g_assert_no_error(error);
  return image;
}

/* "name:version@layer", and after them what is unread. */
static char *
describe(const ImageInventory *image)
{
  GString *text = g_string_new(NULL);
  for (guint i = 0; i < image->packages->len; i++) {
    const ImagePackage *package = &g_array_index(image->packages, ImagePackage, i);
    g_string_append_printf(text, "%s:%s@%u ", package->package->name, package->package->version,
                           package->layer);
  }
  for (guint i = 0; i < image->unread->len; i++)
    g_string_append_printf(text, "!%s ", (const char *)g_ptr_array_index(image->unread, i));
  return g_string_free(text, FALSE);
}

#define STATUS  "var/lib/dpkg/status"
#define DIFFERS " (not every runtime unpacks the same there) "

static const struct {
  const char *name;
  const char *layers[4];
  const char *packages;
} cases[] = {
    {"nothing", {""}, ""},
    {"one layer", {STATUS "=b:1,a:1"}, "a:1@0 b:1@0 "},
    {"an upgrade", {STATUS "=b:1,a:1", STATUS "=a:2,b:1,c:1"}, "a:2@1 b:1@0 c:1@1 "},
    {"listed again after it was gone",
     {STATUS "=a:1", STATUS "=b:1", STATUS "=a:1,b:1"},
     "a:1@2 b:1@1 "},
    {"made anew", {STATUS "=a:1", "-" STATUS, STATUS "=a:1"}, "a:1@2 "},
    {"removed", {STATUS "=a:1", "-" STATUS}, ""},
    {"a folder above removed", {STATUS "=a:1", "-var/lib"}, ""},
    {"an opaque folder above", {STATUS "=a:1", "var/lib/dpkg/+"}, ""},
    {"an opaque root", {STATUS "=a:1", "/+"}, "a:1@0 !" STATUS DIFFERS},
    {"two places", {STATUS "=a:1", STATUS ".d/x=a:1,b:2"}, "a:1@0 b:2@1 "},
    {"a folder of files", {STATUS ".d/x=a:1 " STATUS ".d/y=b:1", "-" STATUS ".d/x"}, "b:1@0 "},
    {"not a file that is meant", {STATUS ".d/x.md5sums@" STATUS ".d/x=a:1"}, ""},
    {"by a link", {"var/lib/dpkg->/x x/status@" STATUS "=a:1"}, "a:1@0 "},
    {"by a hard link", {"x@" STATUS "=a:1 " STATUS "=>x"}, "a:1@0 "},
    {"a database of SQLite by a link",
     {"x@var/lib/rpm/rpmdb.sqlite=a:1 var/lib/rpm/rpmdb.sqlite->/x"},
     "a:1@0 !var/lib/rpm/rpmdb.sqlite (a link, so that its journals are elsewhere) "},
    {"a usual link to another layer", {"usr/lib/apk/db/installed=a:1", "lib->usr/lib"}, "a:1@0 "},
    {"a dangling link", {"var/lib/dpkg->/x"}, "!var/lib/dpkg (a link to what no layer holds) "},
    {"a link around", {STATUS "->status"}, "!" STATUS " (links lead around) "},
    {"broken", {STATUS "=broken"}, "!" STATUS " "},
    {"broken, and replaced", {STATUS "=broken", STATUS "=a:1"}, "a:1@1 "},
    {"broken, and removed", {STATUS "=broken", "-" STATUS}, ""},
    {"not read", {STATUS "@etc/os-release=a:1"}, "!" STATUS " "},
    {"written and removed",
     {STATUS "=a:1", STATUS "=b:1 -" STATUS},
     "b:1@1 !" STATUS " (layer 2 removes what it brings itself) !" STATUS DIFFERS},
};

static void
test_layers(void)
{
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(ImageInventory) image = image_of(cases[i].layers);
    g_autofree char *text = describe(image);
    g_test_message("case %s", cases[i].name);
    g_assert_cmpstr(text, ==, cases[i].packages);
  }
}

/* Decoys: two that differ in anything that matching looks at are two. */
static void
test_doubles(void)
{
  for (unsigned i = 0; i < 6; i++) {
    g_autoptr(GPtrArray) layers =
        layers_of((const char *const[]){STATUS "=a:1", STATUS ".d/x=a:1", NULL});
    Package *package =
        g_ptr_array_index(((LayerInventory *)g_ptr_array_index(layers, 1))->packages, 0);
    char **const fields[] = {&package->architecture, &package->source_name,
                             &package->source_version, &package->module, &package->vendor};
    if (i < G_N_ELEMENTS(fields)) {
      g_free(*fields[i]);
      *fields[i] = g_strdup("other");
    }
    g_autoptr(ImageInventory) image =
        image_inventory_new(g_ptr_array_ref(layers), NULL, NULL, NULL);
    g_test_message("field %u", i);
    g_assert_cmpuint(image->packages->len, ==, i < G_N_ELEMENTS(fields) ? 2 : 1);
  }
}

/* --- layers that are inspected again --- */

static LayerInventory *
ask(unsigned layer, const LayerInventory *former, const GPtrArray *links, void *data,
    GError **error)
{
  const char *const *texts = data;
  g_assert_cmpuint(links->len, >=, 2);
  if (texts[layer] == NULL) {
    error_set(error, ASSAY_ERROR_NOT_FOUND, "not inspected for these links yet");
    return NULL;
  }
  LayerInventory *again = layers_parse(texts[layer]);
  for (guint i = 0; i < links->len; i++)
    g_ptr_array_add(again->links, g_strdup(g_ptr_array_index(links, i)));
  return again;
}

static void
test_asking(void)
{
  static const struct {
    const char *name;
    const char *layers[3], *again[3];
    const char *packages;
  } asking[] = {
      {"a link above its file",
       {"", "var/lib/dpkg->/x"},
       {"x/status@" STATUS "=a:1", "var/lib/dpkg->/x"},
       "a:1@0 "},
      {"the file replaced above",
       {"var/lib/dpkg->/x x/status@" STATUS "=a:1", ""},
       {NULL, "x/status@" STATUS "=a:2"},
       "a:2@1 "},
      {"another link in the way, found in the second round",
       {"", "var/lib/dpkg->/x"},
       {"x->/y y/status@" STATUS "=a:1", "var/lib/dpkg->/x"},
       "a:1@0 "},
      {"written through a link below",
       {STATUS "=a:1 x->var/lib/dpkg", ""},
       {NULL, "x/status@" STATUS "=a:2"},
       "a:1@0 a:2@1 !" STATUS DIFFERS},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(asking); i++) {
    g_autoptr(GError) error = NULL;
    g_autoptr(ImageInventory) image = image_inventory_new(
        layers_of(asking[i].layers), ask, (void *)(uintptr_t)asking[i].again, &error);
    g_test_message("case %s", asking[i].name);
    g_assert_no_error(error);
    g_autofree char *text = describe(image);
    g_assert_cmpstr(text, ==, asking[i].packages);
  }
}

static void
test_asking_fails(void)
{
  static const char *const layers[] = {"", "var/lib/dpkg->/x", NULL}, *const again[] = {NULL, NULL};
  g_autoptr(GError) error = NULL;
  g_assert_null(image_inventory_new(layers_of(layers), ask, (void *)(uintptr_t)again, &error));
  g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_NOT_FOUND);
  g_autoptr(ImageInventory) image = image_of(layers);
  g_assert_cmpuint(image->unread->len, ==, 2);
}

/* --- bounds --- */

/* Tens of thousands of files are looked up, not searched. */
#define WIDE 30000u
static void
test_wide_layers(void)
{
  LayerInventory *below = layer_inventory_new(), *above = layer_inventory_new();
  for (unsigned i = 0; i < WIDE; i++) {
    g_autofree char *place = g_strdup_printf(STATUS ".d/%u", i);
    g_autofree char *text = g_strdup_printf("%s=p%u:1", place, i);
    layers_add_change(below, text);
    if (i % 2 == 0)
      layer_inventory_add_change(above, CHANGE_REMOVED, place, NULL);
  }
  GPtrArray *layers = g_ptr_array_new_with_free_func((GDestroyNotify)layer_inventory_free);
  g_ptr_array_add(layers, below);
  g_ptr_array_add(layers, above);
  g_autoptr(ImageInventory) image = image_inventory_new(layers, NULL, NULL, NULL);
  g_assert_cmpuint(image->packages->len, ==, WIDE / 2);
}

static void
test_too_many_changes(void)
{
  g_autoptr(LayerInventory) layer = layer_inventory_new();
  for (unsigned i = 0; i < LAYER_CHANGES_MAX; i++)
    g_assert_true(layer_inventory_add_change(layer, CHANGE_FOLDER, "var", NULL));
  g_assert_false(layer_inventory_add_change(layer, CHANGE_FOLDER, "var", NULL));
  g_assert_cmpuint(layer->unread->len, ==, 1);
}

/* The same layer, named ten thousand times by a small manifest. */
static void
test_many_layers(void)
{
  g_autoptr(LayerInventory) layer = layer_inventory_new();
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
  g_autoptr(LayerInventory) layer =
      layers_parse("etc/ " STATUS "=a:1 usr/lib/os-release= a->b c=>d -e f/+ g? !h (i) /+");
  os_release_detector.read(SLICE_LITERAL("ID=x\nVERSION_ID=3\n"), "usr/lib/os-release", layer);
  dpkg_status_parse(SLICE_LITERAL("Package: p\nVersion: 1\nSource: s (2)\nArchitecture: all\n"),
                    STATUS, layer);
  g_ptr_array_add(layer->links, g_strdup("x"));
  g_ptr_array_add(layer->links, g_strdup("/y"));
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

#define START  "{\"format\":11,\"detectors\":1,\"layer\":"
#define MIDDLE ",\"diff_id\":\"\""

static void
test_json_refused(void)
{
  static const char *const refused[] = {
      "{}",
      "[]",
      "{\"detector_version\":9,\"layer\":\"\",\"diff_id\":\"\"}",
      "{\"detector_version\":11,\"layer\":\"\",\"diff_id\":\"\"}",
      "{\"format\":12,\"detectors\":1,\"layer\":\"\",\"diff_id\":\"\"}",
      START "\"x\"" MIDDLE "}",
      START "\"\"" MIDDLE ",\"packages\":[{\"name\":1}]}",
      START "\"\"" MIDDLE ",\"changes\":[[\"file\",\"/etc\"]]}",
      START "\"\"" MIDDLE ",\"changes\":[[\"file\",\"a/../b\"]]}",
      START "\"\"" MIDDLE ",\"changes\":[[\"file\",\"a//b\"]]}",
      START "\"\"" MIDDLE ",\"changes\":[[\"symlink\",\"a\"]]}",
      START "\"\"" MIDDLE ",\"changes\":[[\"socket\",\"a\"]]}",
      START "\"\"" MIDDLE ",\"changes\":[7]}",
      START "\"\"" MIDDLE ",\"reads\":[{\"change\":1}]}",
  };
  for (size_t i = 0; i < G_N_ELEMENTS(refused); i++) {
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) json = json_parse(slice_from_string(refused[i]), &error);
    g_test_message("case %s", refused[i]);
    g_assert_null(layer_inventory_from_json(json, &error));
    g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_INVALID);
  }
}

/* What is stored by the version that had one number for the form and for the detectors. */
static void
test_json_of_before(void)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(json_t) json =
      json_parse(SLICE_LITERAL("{\"detector_version\":10,\"layer\":\"\",\"diff_id\":\"\","
                               "\"changes\":[[\"file\",\"etc/os-release\"]],"
                               "\"reads\":[{\"change\":0,\"location\":\"etc/os-release\"}]}"),
                 &error);
  g_assert_no_error(error);
  g_autoptr(LayerInventory) layer = layer_inventory_from_json(json, &error);
  g_assert_no_error(error);
  g_assert_cmpuint(layer->detectors, ==, LAYER_FORMAT_FIRST);
  g_assert_cmpuint(layer->changes->len, ==, 1);
  g_assert_cmpuint(layer->reads->len, ==, 1);
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

static guint
count_unread(const LayerInventory *layer, const char *prefix)
{
  guint count = 0;
  for (guint i = 0; i < layer->unread->len; i++)
    count += layer_unread_prefix(g_ptr_array_index(layer->unread, i)) == prefix;
  return count;
}

/* Whatever there is much of, the others are told. */
static void
test_gaps_leave_room(void)
{
  static const char *const prefixes[] = {NULL, MALWARE_UNREAD, MALWARE_UNSCANNED, SECRETS_UNSCANNED,
                                         SETTINGS_UNSCANNED};
  for (size_t many = 0; many < G_N_ELEMENTS(prefixes); many++) {
    g_autoptr(LayerInventory) layer = layer_inventory_new();
    const char *known[G_N_ELEMENTS(prefixes)];
    for (size_t i = 0; i < G_N_ELEMENTS(prefixes); i++) {
      g_autofree char *first = g_strconcat(prefixes[i] == NULL ? "" : prefixes[i], "x", NULL);
      known[i] = layer_unread_prefix(first);
    }
    for (guint i = 0; i < 2 * LAYER_UNREAD_MAX; i++) {
      g_autofree char *text =
          g_strdup_printf("%s%u", prefixes[many] == NULL ? "" : prefixes[many], i);
      layer_inventory_add_gap(layer, text);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(prefixes); i++) {
      g_autofree char *text = g_strconcat(prefixes[i] == NULL ? "" : prefixes[i], "last", NULL);
      layer_inventory_add_gap(layer, text);
      layer_inventory_add_gap(layer, text);
      g_assert_cmpuint(count_unread(layer, known[i]), >, 0);
    }
    g_assert_cmpuint(layer->unread->len, <=, LAYER_UNREAD_MAX);
  }
}

/* A file that is called like another kind of gap. */
static void
test_names_are_no_kinds(void)
{
  g_autoptr(LayerInventory) layer = layer_inventory_new();
  layer_inventory_add_unread(layer, "broken-file", SETTINGS_UNSCANNED "x/package-lock.json", "x");
  layer_inventory_add_unread(layer, "broken-file", CONFIGURATION_UNREAD " (x)/package-lock.json",
                             "x");
  g_assert_cmpuint(count_unread(layer, NULL), ==, 2);
  g_assert_false(g_str_has_prefix(g_ptr_array_index(layer->unread, 1), CONFIGURATION_UNREAD));
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/inventory/layers", test_layers);
  g_test_add_func("/inventory/doubles", test_doubles);
  g_test_add_func("/inventory/asking", test_asking);
  g_test_add_func("/inventory/asking-fails", test_asking_fails);
  g_test_add_func("/inventory/wide-layers", test_wide_layers);
  g_test_add_func("/inventory/too-many-changes", test_too_many_changes);
  g_test_add_func("/inventory/many-layers", test_many_layers);
  g_test_add_func("/inventory/json/round-trip", test_json_round_trip);
  g_test_add_func("/inventory/json/refused", test_json_refused);
  g_test_add_func("/inventory/json/of-before", test_json_of_before);
  g_test_add_func("/inventory/notes-are-bounded", test_notes_are_bounded);
  g_test_add_func("/inventory/gaps-leave-room", test_gaps_leave_room);
  g_test_add_func("/inventory/names-are-no-kinds", test_names_are_no_kinds);
  return g_test_run();
}
