/* uv.lock (https://docs.astral.sh/uv/concepts/projects/layout/): the packages, as in poetry.lock,
 * and of each what it needs, for itself, by extras, and by groups (PEP 735). The projects are among
 * them. */
#include <string.h>

#include "inspect/lockfiles/lock_graph.h"
#include "inspect/lockfiles/lockfiles-private.h"
#include "inspect/lockfiles/python-private.h"

typedef struct {
  LockGraph *graph;
  GHashTable *versions; /* name -> GPtrArray of its versions */
} Uv;

/* Who needs something: a package by its node, or a project, which has none. */
typedef struct {
  const char *node;
  bool development;
} Needer;

static void
add_node(const Uv *uv, Needer needer, char *node)
{
  if (needer.node != NULL)
    lock_graph_add_need(uv->graph, needer.node, node);
  else
    lock_graph_add_root(uv->graph, node, needer.development);
}

/* A package, and those of its extras that are asked for. */
static void
add_version(const Uv *uv, Needer needer, const char *name, const char *version,
            const json_t *extras)
{
  size_t index;
  json_t *extra;
  add_node(uv, needer, g_strconcat(name, "@", version, NULL));
  json_array_foreach(extras, index, extra) {
    const char *text = json_string_value(extra);
    if (text != NULL && !lock_graph_is_full(uv->graph))
      add_node(uv, needer, g_strconcat(name, "@", version, "(", text, ")", NULL));
  }
}

/* The version is there where the file has several; where it has not, all may be meant. */
static void
add_needs(const Uv *uv, Needer needer, const json_t *needs)
{
  size_t index;
  json_t *need;
  json_array_foreach(needs, index, need) {
    const char *name = json_get_string(need, "name"), *version = json_get_string(need, "version");
    /* A package's own needs name them so, a manifest's requirements otherwise. */
    const json_t *own = json_get_array(need, "extra");
    const json_t *extras = own != NULL ? own : json_get_array(need, "extras");
    if (name == NULL) {
      lock_graph_give_up(uv->graph);
      return;
    }
    if (version != NULL) {
      add_version(uv, needer, name, version, extras);
      continue;
    }
    const GPtrArray *all = g_hash_table_lookup(uv->versions, name);
    for (guint i = 0; all != NULL && i < all->len && !lock_graph_is_full(uv->graph); i++)
      add_version(uv, needer, name, g_ptr_array_index(all, i), extras);
  }
}

/* All extras of a project may be used. */
static void
add_project(const Uv *uv, const json_t *package)
{
  const char *name;
  json_t *needs;
  add_needs(uv, (Needer){NULL, false}, json_get_array(package, "dependencies"));
  json_object_foreach(json_get_object(package, "optional-dependencies"), name, needs)
    add_needs(uv, (Needer){NULL, false}, needs);
  json_object_foreach(json_get_object(package, "dev-dependencies"), name, needs)
    add_needs(uv, (Needer){NULL, python_is_development_group(name)}, needs);
}

static void
add_package(const Uv *uv, const json_t *package)
{
  const char *name = json_get_string(package, "name");
  const char *version = json_get_string(package, "version");
  if (python_is_own(json_object_get(package, "source"))) {
    add_project(uv, package);
    return;
  }
  if (name == NULL || version == NULL)
    return;
  g_autofree char *node = g_strconcat(name, "@", version, NULL);
  add_needs(uv, (Needer){node, false}, json_get_array(package, "dependencies"));
  const char *extra;
  json_t *needs;
  json_object_foreach(json_get_object(package, "optional-dependencies"), extra, needs) {
    g_autofree char *with_extra = g_strconcat(node, "(", extra, ")", NULL);
    add_needs(uv, (Needer){with_extra, false}, needs);
  }
}

/* Where the root of a workspace is no project, or a script has them. */
static void
add_manifest(const Uv *uv, const json_t *manifest)
{
  const char *name;
  json_t *needs;
  add_needs(uv, (Needer){NULL, false}, json_get_array(manifest, "requirements"));
  json_object_foreach(json_get_object(manifest, "dependency-groups"), name, needs)
    add_needs(uv, (Needer){NULL, python_is_development_group(name)}, needs);
}

static void
add_to_versions(GHashTable *versions, const json_t *package)
{
  const char *name = json_get_string(package, "name");
  const char *version = json_get_string(package, "version");
  if (name == NULL || version == NULL)
    return;
  GPtrArray *all = g_hash_table_lookup(versions, name);
  if (all == NULL)
    g_hash_table_insert(versions, g_strdup(name), all = g_ptr_array_new_with_free_func(g_free));
  g_ptr_array_add(all, g_strdup(version));
}

void
uv_lock_read(Slice bytes, Lock *lock)
{
  g_autoptr(json_t) root = lock_toml(bytes, lock);
  g_autoptr(LockGraph) graph = lock_graph_new();
  g_autoptr(GHashTable) versions =
      g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_ptr_array_unref);
  const Uv uv = {graph, versions};
  const json_t *packages = json_get_array(root, "package");
  size_t index;
  json_t *package;
  json_array_foreach(packages, index, package)
    add_to_versions(versions, package);
  json_array_foreach(packages, index, package)
    add_package(&uv, package);
  add_manifest(&uv, json_get_object(root, "manifest"));
  python_packages_read(packages, lock);
  lock_graph_mark(graph, lock);
}
