/* bun.lock (https://bun.sh/docs/install/lockfile): "packages" by their places, "name" or
 * "name/inner", each a list whose first is "name@version", with an object of what it needs; and
 * "workspaces", what the projects need. */
#include <string.h>

#include "inspect/lockfiles/lock_graph.h"
#include "inspect/lockfiles/lockfiles-private.h"

/* Longer places are no one's: nothing is marked for development then. */
#define PLACE_BYTES_MAX 1024u

static const char *
first_of(const json_t *package)
{
  return json_string_value(json_array_get(package, 0));
}

/* The folder above in @place: the end of it, 0 where there is none. A scope belongs to its name. */
static size_t
end_above(const char *place, size_t size)
{
  while (size > 0 && place[size - 1] != '/')
    size--;
  size_t end = size == 0 ? 0 : size - 1;
  size_t start = end;
  while (start > 0 && place[start - 1] != '/')
    start--;
  bool scope = end > start && place[start] == '@';
  if (!scope)
    return end;
  return start == 0 ? 0 : start - 1;
}

/* The node of @name as seen from @place: the nearest one above. NULL: there is none, as of an
 * optional package. (transfer full) */
static char *
node_seen(LockGraph *graph, json_t *packages, const char *place, const char *name)
{
  size_t size = strlen(place);
  if (size > PLACE_BYTES_MAX || strlen(name) > PLACE_BYTES_MAX) {
    lock_graph_give_up(graph);
    return NULL;
  }
  while (lock_graph_count(graph)) {
    g_autofree char *at =
        size == 0 ? g_strdup(name) : g_strdup_printf("%.*s/%s", (int)size, place, name);
    const char *first = first_of(json_object_get(packages, at));
    if (first != NULL)
      return g_strconcat(first, "(", at, ")", NULL);
    if (size == 0)
      return NULL;
    size = end_above(place, size);
  }
  return NULL;
}

/* What bun installs with a package: peers too, optional ones where something else brings them. */
static const char *const needed[] = {"dependencies", "optionalDependencies", "peerDependencies"};

/* Of @package, whose node is @from. */
static void
add_needs(LockGraph *graph, json_t *packages, const char *place, const json_t *package,
          const char *from)
{
  const json_t *about = NULL;
  for (size_t i = 1; about == NULL && i < json_array_size(package); i++)
    if (json_is_object(json_array_get(package, i)))
      about = json_array_get(package, i);
  for (size_t i = 0; i < G_N_ELEMENTS(needed); i++) {
    const char *name;
    json_t *range;
    json_object_foreach(json_get_object(about, needed[i]), name, range) {
      char *node = node_seen(graph, packages, place, name);
      if (node != NULL)
        lock_graph_add_need(graph, from, node);
    }
  }
}

/* What the project at @place (its name; "": the root) needs of @kind. */
static void
add_roots(LockGraph *graph, json_t *packages, const char *place, const json_t *project,
          const char *kind)
{
  bool development = strcmp(kind, "devDependencies") == 0;
  const char *name;
  json_t *range;
  json_object_foreach(json_get_object(project, kind), name, range) {
    char *node = node_seen(graph, packages, place, name);
    if (node != NULL)
      lock_graph_add_root(graph, node, development);
  }
}

static void
add_projects(LockGraph *graph, const json_t *root, json_t *packages)
{
  const char *folder;
  json_t *project;
  json_object_foreach(json_get_object(root, "workspaces"), folder, project) {
    const char *name = *folder == '\0' ? NULL : json_get_string(project, "name");
    const char *place = name == NULL ? "" : name;
    for (size_t i = 0; i < G_N_ELEMENTS(needed); i++)
      add_roots(graph, packages, place, project, needed[i]);
    add_roots(graph, packages, place, project, "devDependencies");
  }
}

/* A workspace and a folder have an address in the place of a version. */
void
bun_lock_read(Slice bytes, Lock *lock)
{
  g_autoptr(json_t) root = lock_json5(bytes, lock);
  g_autoptr(LockGraph) graph = lock_graph_new();
  json_t *packages = json_get_object(root, "packages");
  const char *place;
  json_t *package;
  json_object_foreach(packages, place, package) {
    const char *first = first_of(package);
    Slice name, version;
    if (first == NULL || !lock_split_name(slice_from_string(first), &name, &version))
      continue;
    if (version.size > 0 && g_ascii_isdigit((gchar)version.data[0]))
      lock_add_slices(lock, name, version);
    g_autofree char *node = g_strconcat(first, "(", place, ")", NULL);
    add_needs(graph, packages, place, package, node);
  }
  add_projects(graph, root, packages);
  lock_graph_mark(graph, lock);
}
