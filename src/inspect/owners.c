/* One pass over the lists, past a table of the paths that matter; see the header. */
#include "inspect/owners.h"

#include <string.h>

typedef struct {
  const char *name;
  bool foreign; /* as Package.foreign_owner */
} Owner;

/* @by_path: path -> GPtrArray of Package. */
static void
add_sought(GHashTable *by_path, LayerInventory *inventory)
{
  for (guint i = 0; i < inventory->packages->len; i++) {
    Package *package = g_ptr_array_index(inventory->packages, i);
    const LayerFile *read = package->read < inventory->reads->len
                                ? g_ptr_array_index(inventory->reads, package->read)
                                : NULL;
    if (read == NULL || read->change != LAYER_ANYWHERE)
      continue;
    GPtrArray *packages = g_hash_table_lookup(by_path, read->location);
    if (packages == NULL) {
      packages = g_ptr_array_new();
      g_hash_table_insert(by_path, read->location, packages);
    }
    g_ptr_array_add(packages, package);
  }
}

static void
set_owner(GHashTable *by_path, const char *path, const Owner *owner)
{
  const GPtrArray *packages = g_hash_table_lookup(by_path, path);
  for (guint i = 0; packages != NULL && i < packages->len; i++) {
    Package *package = g_ptr_array_index(packages, i);
    if (package->owner != NULL)
      continue;
    package->owner = g_strdup(owner->name);
    package->foreign_owner = owner->foreign;
  }
}

/* Lists of before the merge of /usr name "lib/x", which unpacks as "usr/lib/x". */
static void
set_owner_of_line(GHashTable *by_path, Slice line, const Owner *owner, GString *path)
{
  static const char *const merged[] = {"bin/", "sbin/", "lib/", "lib64/", "lib32/", "libx32/"};
  while (line.size > 0 && line.data[0] == '/')
    line = slice_sub(line, 1, line.size);
  if (line.size == 0)
    return;
  g_string_truncate(path, 0);
  g_string_append_len(path, (const char *)line.data, (gssize)line.size);
  set_owner(by_path, path->str, owner);
  for (size_t i = 0; i < G_N_ELEMENTS(merged); i++)
    if (g_str_has_prefix(path->str, merged[i])) {
      g_string_prepend(path, "usr/");
      set_owner(by_path, path->str, owner);
      return;
    }
}

static void
go_through(GHashTable *by_path, const char *paths, const Owner *owner)
{
  g_autoptr(GString) path = g_string_new(NULL);
  Slice rest = slice_from_string(paths), line;
  while (slice_next_field(&rest, '\n', &line))
    set_owner_of_line(by_path, line, owner, path);
}

void
owners_resolve(LayerInventory *inventory, const GPtrArray *owned)
{
  g_autoptr(GHashTable) by_path =
      g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)g_ptr_array_unref);
  add_sought(by_path, inventory);
  if (g_hash_table_size(by_path) == 0)
    return;
  for (guint i = 0; i + 2 < owned->len; i += 3) {
    const Owner owner = {g_ptr_array_index(owned, i), g_ptr_array_index(owned, i + 2) != NULL};
    go_through(by_path, g_ptr_array_index(owned, i + 1), &owner);
  }
  for (guint i = 0; i < inventory->packages->len; i++) {
    const Package *package = g_ptr_array_index(inventory->packages, i);
    const Owner owner = {package->name, false};
    if (package->files != NULL)
      go_through(by_path, package->files, &owner);
  }
}
