/* Two walks from what the projects need, over "name@version(peers)"; see the header. */
#include "inspect/lockfiles/pnpm_graph.h"

#include <string.h>

/* Of one file: where there are more, nothing is marked. */
#define EDGES_MAX 1000000u

struct PnpmGraph {
  GHashTable *needs;            /* "name@version(peers)" -> GPtrArray of the same */
  GPtrArray *used, *developing; /* char *: what projects need */
  unsigned edges;
};

PnpmGraph *
pnpm_graph_new(void)
{
  PnpmGraph *graph = g_new0(PnpmGraph, 1);
  graph->needs =
      g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_ptr_array_unref);
  graph->used = g_ptr_array_new_with_free_func(g_free);
  graph->developing = g_ptr_array_new_with_free_func(g_free);
  return graph;
}

void
pnpm_graph_free(PnpmGraph *graph)
{
  if (graph == NULL)
    return;
  g_hash_table_unref(graph->needs);
  g_ptr_array_unref(graph->used);
  g_ptr_array_unref(graph->developing);
  g_free(graph);
}

/* "1.0.0(peers)"; an alias has the name before it, "real@1.0.0" or "real@https://...". A version
 * that is an address may have an "@" after its colon. (transfer full) */
static char *
key_of(const char *name, const char *version)
{
  size_t plain = strcspn(version, "(:");
  bool alias = memchr(version, '@', plain) != NULL;
  return alias ? g_strdup(version) : g_strconcat(name, "@", version, NULL);
}

static bool
is_needed(const char *kind)
{
  return strcmp(kind, "dependencies") == 0 || strcmp(kind, "optionalDependencies") == 0;
}

static void
add_need(PnpmGraph *graph, const char *from, char *key)
{
  GPtrArray *needs = g_hash_table_lookup(graph->needs, from);
  if (needs == NULL) {
    needs = g_ptr_array_new_with_free_func(g_free);
    g_hash_table_insert(graph->needs, g_strdup(from), needs);
  }
  g_ptr_array_add(needs, key);
}

void
pnpm_graph_visit(PnpmGraph *graph, const char *const *keys, unsigned depth, const char *value)
{
  if (value == NULL || depth < 4 || graph->edges >= EDGES_MAX)
    return;
  bool project = depth == 5 && strcmp(keys[0], "importers") == 0 && strcmp(keys[4], "version") == 0;
  bool snapshot = depth == 4 && strcmp(keys[0], "snapshots") == 0 && is_needed(keys[2]);
  bool development = project && strcmp(keys[2], "devDependencies") == 0;
  graph->edges++;
  if (snapshot)
    add_need(graph, keys[1], key_of(keys[3], value));
  else if (development)
    g_ptr_array_add(graph->developing, key_of(keys[3], value));
  else if (project && is_needed(keys[2]))
    g_ptr_array_add(graph->used, key_of(keys[3], value));
}

/* All that @roots lead to, without peers. (transfer full) */
static GHashTable *
reached(const PnpmGraph *graph, const GPtrArray *roots)
{
  GHashTable *plain = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
  g_autoptr(GPtrArray) open = g_ptr_array_new();
  for (guint i = 0; i < roots->len; i++)
    g_ptr_array_add(open, g_ptr_array_index(roots, i));
  while (open->len > 0) {
    char *key = g_ptr_array_steal_index_fast(open, open->len - 1);
    if (!g_hash_table_add(seen, key))
      continue;
    g_hash_table_add(plain, g_strndup(key, strcspn(key, "(")));
    const GPtrArray *needs = g_hash_table_lookup(graph->needs, key);
    for (guint i = 0; needs != NULL && i < needs->len; i++)
      g_ptr_array_add(open, g_ptr_array_index(needs, i));
  }
  return plain;
}

void
pnpm_graph_mark(const PnpmGraph *graph, Lock *lock)
{
  if (graph->edges >= EDGES_MAX)
    return;
  g_autoptr(GHashTable) used = reached(graph, graph->used);
  g_autoptr(GHashTable) developing = reached(graph, graph->developing);
  GHashTableIter iter;
  void *value;
  g_hash_table_iter_init(&iter, lock->added);
  while (g_hash_table_iter_next(&iter, NULL, &value)) {
    Package *package = value;
    if (package == NULL)
      continue;
    g_autofree char *key = g_strconcat(package->name, "@", package->version, NULL);
    package->development |=
        g_hash_table_contains(developing, key) && !g_hash_table_contains(used, key);
  }
}
