/* From the top layer down, with a set of all that upper layers remove; see the header. */
#include "inspect/finds.h"

#include <string.h>

bool
finds_is_gone(GHashTable *gone, const char *path, GString *part)
{
  if (g_hash_table_size(gone) == 0)
    return false;
  if (g_hash_table_contains(gone, path) || g_hash_table_contains(gone, "/"))
    return true;
  for (const char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
    g_string_truncate(part, 0);
    g_string_append_len(part, path, slash - path);
    if (g_hash_table_contains(gone, part->str))
      return true;
    g_string_append_c(part, '/');
    if (g_hash_table_contains(gone, part->str))
      return true;
  }
  return false;
}

static void
turn_round(GArray *finds)
{
  for (guint i = 0, j = finds->len; i + 1 < j; i++, j--) {
    Find first = g_array_index(finds, Find, i);
    g_array_index(finds, Find, i) = g_array_index(finds, Find, j - 1);
    g_array_index(finds, Find, j - 1) = first;
  }
}

GArray *
finds_of_image(const GPtrArray *layers)
{
  GArray *finds = g_array_new(FALSE, FALSE, sizeof(Find));
  g_autoptr(GHashTable) gone = g_hash_table_new(g_str_hash, g_str_equal);
  g_autoptr(GString) part = g_string_new(NULL);
  for (guint i = layers->len; i > 0; i--) {
    const LayerInventory *layer = g_ptr_array_index(layers, i - 1);
    for (guint j = layer->reads->len; j > 0; j--) {
      const LayerFile *read = g_ptr_array_index(layer->reads, j - 1);
      Find find = {i - 1, j - 1};
      if (read->change == LAYER_ANYWHERE && !finds_is_gone(gone, read->location, part))
        g_array_append_val(finds, find);
    }
    for (guint j = 0; j < layer->reads->len; j++) {
      const LayerFile *read = g_ptr_array_index(layer->reads, j);
      if (read->change == LAYER_ANYWHERE)
        g_hash_table_add(gone, read->location);
    }
    for (guint j = 0; j < layer->removed->len; j++)
      g_hash_table_add(gone, g_ptr_array_index(layer->removed, j));
  }
  turn_round(finds);
  return finds;
}
