/* Which paths upper layers hide; see the header. */
#include "inspect/hidden_paths.h"

#include <string.h>

#include "inventory/weights.h"

struct HiddenPaths {
  GHashTable *at;     /* hash of a path that is asked for -> Top, or NULL: none yet */
  GHashTable *linked; /* hashes of files with another name */
};

/* The highest layer, from 1, that has something there: what is no folder, and anything. */
typedef struct {
  unsigned file, any;
} Top;

HiddenPaths *
hidden_paths_new(void)
{
  HiddenPaths *hidden = g_new0(HiddenPaths, 1);
  hidden->at = g_hash_table_new_full(NULL, NULL, NULL, g_free);
  hidden->linked = g_hash_table_new(NULL, NULL);
  return hidden;
}

void
hidden_paths_free(HiddenPaths *hidden)
{
  if (hidden == NULL)
    return;
  g_hash_table_unref(hidden->at);
  g_hash_table_unref(hidden->linked);
  g_free(hidden);
}

static void
ask(HiddenPaths *hidden, const char *path, size_t size)
{
  void *key = weight_key(weight_hash(path, size));
  if (!g_hash_table_contains(hidden->at, key))
    g_hash_table_insert(hidden->at, key, g_new0(Top, 1));
}

void
hidden_paths_ask(HiddenPaths *hidden, const char *path)
{
  for (const char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/'))
    ask(hidden, path, (size_t)(slash - path));
  ask(hidden, path, strlen(path));
}

static void
note(const HiddenPaths *hidden, uint64_t hash, bool folder, unsigned layer)
{
  Top *top = g_hash_table_lookup(hidden->at, weight_key(hash));
  if (top == NULL)
    return;
  top->any = layer;
  top->file = folder ? top->file : layer;
}

void
hidden_paths_look(HiddenPaths *hidden, const GPtrArray *layers)
{
  if (g_hash_table_size(hidden->at) == 0)
    return;
  for (guint i = 0; i < layers->len; i++) {
    const LayerInventory *layer = g_ptr_array_index(layers, i);
    g_autoptr(Weights) weights = layer->weights == NULL ? NULL : weights_from_text(layer->weights);
    for (guint j = 0; weights != NULL && j < weights->folders->len; j++)
      note(hidden, g_array_index(weights->folders, WeightFolder, j).hash, true, i + 1);
    for (guint j = 0; weights != NULL && j < weights->entries->len; j++) {
      const Weight *entry = &g_array_index(weights->entries, Weight, j);
      if (entry->type != WEIGHS_OPAQUE)
        note(hidden, entry->hash, false, i + 1);
      if (entry->linked)
        g_hash_table_add(hidden->linked, weight_key(entry->hash));
      if (entry->type == WEIGHS_HARDLINK && entry->size > 0)
        g_hash_table_add(hidden->linked,
                         weight_key(g_array_index(weights->entries, Weight, entry->size - 1).hash));
    }
  }
}

bool
hidden_paths_has(const HiddenPaths *hidden, const char *path, unsigned layer)
{
  const Top *top;
  for (const char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
    top = g_hash_table_lookup(hidden->at, weight_key(weight_hash(path, (size_t)(slash - path))));
    if (top != NULL && top->file > layer + 1)
      return true;
  }
  void *key = weight_key(weight_hash_of(path));
  top = g_hash_table_lookup(hidden->at, key);
  return top != NULL && top->any > layer + 1 && !g_hash_table_contains(hidden->linked, key);
}
