/* What findings name besides packages, as texts of the row of an image. */
#include <string.h>

#include "base/json.h"
#include "base/json_table.h"
#include "pipeline/pipeline-private.h"
#include "verdict/completeness.h"

/* Of the other files that show a package, in a row. */
#define PLACES_MAX       20u
#define PLACES_BYTES_MAX ((size_t)4096)

typedef struct {
  GPtrArray *layers; /* char *: their digests */
  OsRelease *os;
} Facts;
static const JsonMember fact_members[] = {
    {JSON_MEMBER(Facts, layers), .kind = &json_lines},
    {JSON_MEMBER(Facts, os), .kind = &json_child, .table = &os_release_table},
};
static const JsonTable facts_table = JSON_TABLE(Facts, fact_members);

char *
packages_facts_to_text(const ImageInventory *inventory)
{
  g_autoptr(GPtrArray) layers = g_ptr_array_new();
  for (guint i = 0; i < inventory->layers->len; i++)
    g_ptr_array_add(layers,
                    ((LayerInventory *)g_ptr_array_index(inventory->layers, i))->layer.text);
  Facts facts = {layers, inventory->os};
  g_autoptr(json_t) json = json_table_write(&facts_table, &facts);
  return json_to_text(json);
}

/* A line each, for the sentences have none within. */
char *
packages_gaps_to_text(const ImageInventory *inventory)
{
  g_autoptr(GPtrArray) gaps = completeness_gaps(inventory, NULL);
  g_ptr_array_add(gaps, NULL);
  return g_strjoinv("\n", (char **)gaps->pdata);
}

char *
packages_places_to_text(const ImageInventory *inventory, const ImagePackage *package)
{
  g_autoptr(GPtrArray) places = image_package_places(inventory, package);
  g_autoptr(GString) text = g_string_new(NULL);
  for (guint i = 0; places != NULL && i < MIN(places->len, PLACES_MAX); i++) {
    const char *place = g_ptr_array_index(places, i);
    if (strchr(place, '\n') == NULL && text->len + strlen(place) < PLACES_BYTES_MAX)
      g_string_append_printf(text, "%s\n", place);
  }
  return text->len == 0 ? NULL : g_strdup(text->str);
}

/* A layer that has its digest alone, and holds the packages that it brought. */
static void
add_layer(ImageInventory *inventory, const char *digest)
{
  LayerInventory *layer = layer_inventory_new();
  digest_parse(digest, &layer->layer, NULL);
  g_ptr_array_add(inventory->layers, layer);
}

ImageInventory *
packages_facts_read(const char *text, const char *gaps, GError **error)
{
  Facts facts = {0};
  g_autoptr(json_t) json = json_parse(slice_from_string(text), error);
  if (json == NULL || !json_table_read(&facts_table, json, &facts, error)) {
    json_table_clear(&facts_table, &facts);
    return NULL;
  }
  ImageInventory *inventory = g_new0(ImageInventory, 1);
  inventory->packages = g_array_new(FALSE, FALSE, sizeof(ImagePackage));
  inventory->doubles = g_array_new(FALSE, FALSE, sizeof(ImagePackage));
  inventory->unread = g_ptr_array_new_with_free_func(g_free);
  inventory->layers = g_ptr_array_new_with_free_func((GDestroyNotify)layer_inventory_free);
  inventory->gaps = g_ptr_array_new_with_free_func(g_free);
  inventory->os = g_steal_pointer(&facts.os);
  for (guint i = 0; i < facts.layers->len; i++)
    add_layer(inventory, g_ptr_array_index(facts.layers, i));
  json_table_clear(&facts_table, &facts);
  Slice rest = slice_from_string(gaps), line;
  while (slice_next_line(&rest, &line))
    g_ptr_array_add(inventory->gaps, slice_to_string(line));
  return inventory;
}
