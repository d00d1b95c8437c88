/* Reads package databases by the detectors, without a cage, for tests that compare many of them
 * with what the package managers themselves say. Standard input: lines of "LOCATION<tab>FILE".
 * Standard output: for each a line of JSON, the inventory that the file at that place gives. */
#include <stdio.h>
#include <string.h>

#include "inspect/fixed_places.h"

static bool
read_one(const char *location, const char *file)
{
  g_autoptr(LayerInventory) inventory = layer_inventory_new();
  g_autofree char *content = NULL;
  gsize size = 0;
  const Detector *detector = fixed_places_detector_of(location);
  if (!g_file_get_contents(file, &content, &size, NULL))
    return false;
  if (detector != NULL)
    detector->read(slice_new(content, size), location, inventory);
  json_t *json = layer_inventory_to_json(inventory);
  char *text = json_dumps(json, JSON_COMPACT);
  puts(text);
  free(text);
  json_decref(json);
  return true;
}

int
main(void)
{
  char line[8192];
  while (fgets(line, sizeof line, stdin) != NULL) {
    line[strcspn(line, "\n")] = '\0';
    char *tab = strchr(line, '\t');
    if (tab == NULL)
      return 2;
    *tab = '\0';
    if (!read_one(line, tab + 1))
      return 1;
  }
  return 0;
}
