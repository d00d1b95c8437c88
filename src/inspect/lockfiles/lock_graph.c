/* Two walks from what the projects need, one for each purpose; see the header. */
#include "inspect/lockfiles/lock_graph.h"

#include <string.h>

/* Edges and steps for one file: where there are more, nothing is marked. */
#define EDGES_MAX 1000000u
/* A longer name counts for more of them: they are copied. */
#define NAME_BYTES 64

struct LockGraph {
  GHashTable *needs;            /* node -> GPtrArray of nodes */
  GPtrArray *used, *developing; /* nodes that projects need */
  unsigned edges;
};

LockGraph *
lock_graph_new(void)
{
  LockGraph *graph = g_new0(LockGraph, 1);
  graph->needs =
      g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_ptr_array_unref);
  graph->used = g_ptr_array_new_with_free_func(g_free);
  graph->developing = g_ptr_array_new_with_free_func(g_free);
  return graph;
}

void
lock_graph_free(LockGraph *graph)
{
  if (graph == NULL)
    return;
  g_hash_table_unref(graph->needs);
  g_ptr_array_unref(graph->used);
  g_ptr_array_unref(graph->developing);
  g_free(graph);
}

void
lock_graph_give_up(LockGraph *graph)
{
  graph->edges = EDGES_MAX;
}

bool
lock_graph_is_full(const LockGraph *graph)
{
  return graph->edges >= EDGES_MAX;
}

bool
lock_graph_count(LockGraph *graph)
{
  if (lock_graph_is_full(graph))
    return false;
  graph->edges++;
  return true;
}

/* (transfer full): @node. */
static void
add_edge(LockGraph *graph, GPtrArray *list, char *node)
{
  graph->edges += 1 + (unsigned)MIN(strlen(node) / NAME_BYTES, EDGES_MAX);
  g_ptr_array_add(list, node);
}

void
lock_graph_add_root(LockGraph *graph, char *node, bool development)
{
  if (lock_graph_is_full(graph))
    g_free(node);
  else
    add_edge(graph, development ? graph->developing : graph->used, node);
}

void
lock_graph_add_need(LockGraph *graph, const char *from, char *node)
{
  GPtrArray *needs = g_hash_table_lookup(graph->needs, from);
  if (lock_graph_is_full(graph)) {
    g_free(node);
    return;
  }
  if (needs == NULL) {
    needs = g_ptr_array_new_with_free_func(g_free);
    g_hash_table_insert(graph->needs, g_strdup(from), needs);
  }
  add_edge(graph, needs, node);
}

/* "name@version" of all that @roots lead to. (transfer full) */
static GHashTable *
reached(const LockGraph *graph, const GPtrArray *roots)
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
lock_graph_mark(const LockGraph *graph, Lock *lock)
{
  if (lock_graph_is_full(graph))
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
