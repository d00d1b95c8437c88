/* What is observed in layers, in their image, and as findings. */
#include <string.h>

#include "base/json.h"
#include "inspect/overlay.h"
#include "inventory/layer.h"
#include "verdict/observed.h"

static void
observe(LayerInventory *layer, ObservationKind kind, const char *rule, const char *path)
{
  unsigned read = layer_inventory_add_read(layer, LAYER_ANYWHERE, path, false, NULL);
  const Observation one = {.kind = kind,
                           .rule = rule,
                           .path = path,
                           .line = 7,
                           .severity = SEVERITY_HIGH,
                           .title = "a title",
                           .shown = "ab\x1b[31mc***",
                           .same = "0123",
                           .read = read};
  layer_inventory_add_observation(layer, &one);
}

/* As it comes from a worker. */
static LayerInventory *
sent(LayerInventory *layer)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(json_t) json = layer_inventory_to_json(layer);
  LayerInventory *got = layer_inventory_from_json(json, &error);
  g_assert_no_error(error);
  layer_inventory_free(layer);
  return got;
}

static ImageInventory *
image_of_two(LayerInventory *lower, LayerInventory *upper)
{
  g_autoptr(GError) error = NULL;
  GPtrArray *layers = g_ptr_array_new_with_free_func((GDestroyNotify)layer_inventory_free);
  g_ptr_array_add(layers, sent(lower));
  g_ptr_array_add(layers, sent(upper));
  ImageInventory *image = image_inventory_new(layers, NULL, NULL, &error);
  g_assert_no_error(error);
  return image;
}

static const Finding *
find(const GPtrArray *findings, const char *id)
{
  for (guint i = 0; i < findings->len; i++)
    if (strcmp(((const Finding *)g_ptr_array_index(findings, i))->id, id) == 0)
      return g_ptr_array_index(findings, i);
  return NULL;
}

/* Secrets and malware stay, for whoever has the image has them. */
static void
test_removed(void)
{
  LayerInventory *lower = layer_inventory_new(), *upper = layer_inventory_new();
  observe(lower, OBSERVED_SECRET, "gone-secret", "a/x");
  observe(lower, OBSERVED_SECRET, "secret", "a/kept");
  observe(lower, OBSERVED_MALWARE, "gone-malware", "b/below");
  observe(lower, OBSERVED_WEAKNESS, "gone-weakness", "a/x");
  observe(lower, OBSERVED_WEAKNESS, "weakness", "c/y");
  observe(lower, OBSERVED_FACT, "fact", "c/z");
  layer_inventory_add_removed(upper, "a/x", false);
  layer_inventory_add_removed(upper, "b", false);
  observe(upper, OBSERVED_CONFIGURATION, "configuration", "d");
  g_autoptr(ImageInventory) image = image_of_two(lower, upper);
  g_autoptr(GPtrArray) findings = g_ptr_array_new_with_free_func((GDestroyNotify)finding_free);
  observed_add_findings(image, findings);
  g_assert_cmpuint(findings->len, ==, 5);
  g_assert_true(find(findings, "gone-secret")->removed);
  g_assert_true(find(findings, "gone-malware")->removed);
  g_assert_false(find(findings, "secret")->removed);
  g_assert_cmpint(find(findings, "weakness")->kind, ==, FINDING_BASELINE);
  g_assert_null(find(findings, "gone-weakness"));
  g_assert_null(find(findings, "fact"));
  ObservedCounts counts = observed_count(image);
  g_assert_cmpuint(counts.counts[FINDING_SECRET][SEVERITY_HIGH], ==, 2);
  g_assert_cmpuint(counts.counts[FINDING_CONFIGURATION][SEVERITY_HIGH], ==, 1);
}

static void
test_finding(void)
{
  LayerInventory *lower = layer_inventory_new();
  observe(lower, OBSERVED_SECRET, "a-rule", "etc/x");
  g_autoptr(ImageInventory) image = image_of_two(lower, layer_inventory_new());
  g_autoptr(GPtrArray) findings = g_ptr_array_new_with_free_func((GDestroyNotify)finding_free);
  observed_add_findings(image, findings);
  const Finding *finding = find(findings, "a-rule");
  g_assert_false(finding_is_of_package(finding));
  g_assert_cmpstr(finding_rule(finding), ==, "secrets");
  g_assert_cmpuint(finding->line, ==, 7);
  g_assert_cmpstr(finding->title, ==, "a title");
  g_assert_cmpstr(finding->same, ==, "0123");
  g_assert_null(strchr(finding->evidence, '\x1b'));
  g_assert_nonnull(strstr(finding->remedy, "revoke it"));
  g_autoptr(json_t) json = finding_to_json(finding);
  g_assert_cmpstr(json_get_string(json, "kind"), ==, "secret");
  g_assert_cmpstr(json_get_string(json, "package"), ==, "");
}

/* A worker that has read hostile bytes may send anything. */
static void
test_hostile(void)
{
  g_autoptr(LayerInventory) layer = layer_inventory_new();
  observe(layer, OBSERVED_SECRET, "rule", "path");
  Observation *one = g_ptr_array_index(layer->observations, 0);
  g_free((char *)(uintptr_t)one->title);
  one->title = g_strdup("two\nlines");
  g_autoptr(GError) error = NULL;
  g_autoptr(json_t) json = layer_inventory_to_json(layer);
  g_autoptr(LayerInventory) got = layer_inventory_from_json(json, &error);
  g_assert_null(got);
  g_assert_nonnull(strstr(error->message, "observations[0]"));
  /* Of a read that is none: never there, and no crash. */
  LayerInventory *odd = layer_inventory_new();
  observe(odd, OBSERVED_WEAKNESS, "weakness", "path");
  ((Observation *)g_ptr_array_index(odd->observations, 0))->read = 1000000;
  g_autoptr(ImageInventory) image = image_of_two(odd, layer_inventory_new());
  g_assert_cmpuint(image->observations->len, ==, 0);
}

/* Whatever a file has in it, what is observed can be sent and read. */
static void
test_odd_texts(void)
{
  for (unsigned size = 100; size < 700; size += 1) {
    g_autofree char *odd = g_strnfill(size, (char)0xff);
    g_autofree char *letters = g_strnfill(size, 'a');
    LayerInventory *layer = layer_inventory_new();
    observe(layer, OBSERVED_SECRET, "r", "p");
    const Observation one = {.kind = OBSERVED_SECRET, .rule = "r", .path = letters, .shown = odd};
    layer_inventory_add_observation(layer, &one);
    g_autoptr(LayerInventory) got = sent(layer);
    const Observation *last = g_ptr_array_index(got->observations, 1);
    g_assert_cmpuint(strlen(last->shown), <=, OBSERVATION_TEXT_MAX);
    g_assert_true(g_utf8_validate(last->shown, -1, NULL));
  }
}

static void
test_bounds(void)
{
  LayerInventory *layer = layer_inventory_new();
  for (unsigned i = 0; i < LAYER_FILE_OBSERVATIONS_MAX + 1; i++) {
    const Observation one = {.kind = OBSERVED_SECRET, .rule = "r", .path = "p", .line = i};
    layer_inventory_add_observation(layer, &one);
  }
  g_assert_cmpuint(layer->observations->len, ==, LAYER_FILE_OBSERVATIONS_MAX);
  g_assert_cmpuint(layer->unread->len, ==, 1);
  layer_inventory_free(layer);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/observed/removed", test_removed);
  g_test_add_func("/observed/finding", test_finding);
  g_test_add_func("/observed/hostile", test_hostile);
  g_test_add_func("/observed/odd-texts", test_odd_texts);
  g_test_add_func("/observed/bounds", test_bounds);
  return g_test_run();
}
