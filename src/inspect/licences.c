/* By the package's own name, and then by its source; see the header. */
#include "inspect/licences.h"

#include <string.h>

static bool
is_deb(const Package *package)
{
  return strcmp(package->type, "deb") == 0;
}

/* (transfer full) */
static char *
source_key(const Package *package)
{
  return g_strconcat(package->source_name, " ", package->source_version, NULL);
}

static void
set_own(LayerInventory *inventory, GHashTable *by_name, GHashTable *by_source)
{
  for (guint i = 0; i < inventory->packages->len; i++) {
    Package *package = g_ptr_array_index(inventory->packages, i);
    const char *text = is_deb(package) ? g_hash_table_lookup(by_name, package->name) : NULL;
    if (text == NULL)
      continue;
    if (package->licenses == NULL)
      package->licenses = g_strdup(text);
    g_hash_table_insert(by_source, source_key(package), (char *)(uintptr_t)text);
  }
}

static void
set_of_source(LayerInventory *inventory, GHashTable *by_source)
{
  for (guint i = 0; i < inventory->packages->len; i++) {
    Package *package = g_ptr_array_index(inventory->packages, i);
    if (!is_deb(package) || package->licenses != NULL)
      continue;
    g_autofree char *key = source_key(package);
    package->licenses = g_strdup(g_hash_table_lookup(by_source, key));
  }
}

void
licences_take(LayerInventory *from, GPtrArray *licences)
{
  if (licences->len + from->licences->len > 2 * LAYER_LICENCES_MAX)
    return;
  g_ptr_array_extend_and_steal(licences, from->licences);
  from->licences = g_ptr_array_new_with_free_func(g_free);
}

void
licences_resolve(LayerInventory *inventory, const GPtrArray *licences)
{
  g_autoptr(GHashTable) by_name = g_hash_table_new(g_str_hash, g_str_equal);
  g_autoptr(GHashTable) by_source = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i + 1 < licences->len; i += 2)
    g_hash_table_insert(by_name, g_ptr_array_index(licences, i),
                        g_ptr_array_index(licences, i + 1));
  if (g_hash_table_size(by_name) == 0)
    return;
  set_own(inventory, by_name, by_source);
  set_of_source(inventory, by_source);
}
