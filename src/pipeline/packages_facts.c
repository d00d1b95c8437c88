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
  GPtrArray *observations; /* ImageObservation */
  GPtrArray *commands;     /* char *, as those of the inventory */
} Facts;
static const JsonMember fact_members[] = {
    {JSON_MEMBER(Facts, layers), .kind = &json_lines},
    {JSON_MEMBER(Facts, os), .kind = &json_child, .table = &os_release_table},
    {JSON_MEMBER(Facts, observations), .kind = &json_list, .table = &image_observation_table,
     .omitted = true},
    {JSON_MEMBER(Facts, commands), .kind = &json_lines},
};
static const JsonTable facts_table = JSON_TABLE(Facts, fact_members);

char *
packages_facts_to_text(const ImageInventory *inventory)
{
  g_autoptr(GPtrArray) layers = g_ptr_array_new();
  for (guint i = 0; i < inventory->layers->len; i++)
    g_ptr_array_add(layers,
                    ((LayerInventory *)g_ptr_array_index(inventory->layers, i))->layer.text);
  Facts facts = {layers, inventory->os, inventory->observations, inventory->commands};
  g_autoptr(json_t) json = json_table_write(&facts_table, &facts);
  return json_to_text(json);
}

/* "secret 0,0,0,0,1,0", a line for each kind of which there is some. */
char *
packages_observed_to_text(const ImageInventory *inventory)
{
  ObservedCounts counts = observed_count(inventory);
  static const uint32_t none[SEVERITY_CRITICAL + 1];
  g_autoptr(GString) text = g_string_new(NULL);
  for (int kind = 0; kind < FINDING_KINDS; kind++) {
    if (memcmp(counts.counts[kind], none, sizeof none) == 0)
      continue;
    g_autofree char *numbers = tally_to_text(counts.counts[kind]);
    g_string_append_printf(text, "%s %s\n", finding_kind_name((FindingKind)kind), numbers);
  }
  return g_strdup(text->str);
}

ObservedCounts
packages_observed_read(const char *text)
{
  ObservedCounts counts = {0};
  Slice rest = slice_from_string(text), line, name;
  while (slice_next_line(&rest, &line)) {
    if (!slice_next_field(&line, ' ', &name))
      continue;
    g_autofree char *numbers = slice_to_string(line);
    for (int kind = 0; kind < FINDING_KINDS; kind++)
      if (slice_equal_string(name, finding_kind_name((FindingKind)kind)))
        tally_from_text(numbers, counts.counts[kind]);
  }
  return counts;
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
  g_autoptr(ImageInventory) inventory = image_inventory_empty();
  Facts facts = {.observations = inventory->observations};
  g_autoptr(json_t) json = json_parse(slice_from_string(text), error);
  if (json == NULL || !json_table_read(&facts_table, json, &facts, error)) {
    facts.observations = NULL;
    json_table_clear(&facts_table, &facts);
    return NULL;
  }
  facts.observations = NULL;
  if (facts.commands != NULL)
    g_ptr_array_extend_and_steal(inventory->commands, g_steal_pointer(&facts.commands));
  inventory->gaps = g_ptr_array_new_with_free_func(g_free);
  inventory->os = g_steal_pointer(&facts.os);
  for (guint i = 0; i < facts.layers->len; i++)
    add_layer(inventory, g_ptr_array_index(facts.layers, i));
  json_table_clear(&facts_table, &facts);
  Slice rest = slice_from_string(gaps), line;
  while (slice_next_line(&rest, &line))
    g_ptr_array_add(inventory->gaps, slice_to_string(line));
  return g_steal_pointer(&inventory);
}
