/* Nodes, and finding them by paths; see the header. */
#include "inspect/unpacked_ways-private.h"

#include <string.h>

#include "base/slice.h"

/* As the kernel has it. */
#define LINKS_MAX 40u
/* No path of the kernel's is longer, and what is freed folder by folder must not end the stack. */
#define DEPTH_MAX 2048u

/* --- nodes --- */

void
unpacked_node_free(void *data)
{
  Node *node = data;
  if (node == NULL)
    return;
  if (node->children != NULL)
    g_hash_table_unref(node->children);
  g_free(node);
}

void
unpacked_trouble(UnpackedTree *tree, const char *what, const char *path)
{
  if (tree->trouble != NULL)
    return;
  g_autofree char *shown = slice_to_printable(slice_from_string(*path == '\0' ? "/" : path), 200);
  tree->trouble = g_strdup_printf("%s (layer %u %s)", shown, tree->layer + 1, what);
}

bool
unpacked_count_steps(UnpackedTree *tree, guint steps)
{
  tree->steps += steps;
  if (tree->steps > STEPS_MAX)
    unpacked_trouble(tree, "has more names, links and whiteouts than are followed", "");
  return tree->steps <= STEPS_MAX;
}

Node *
unpacked_child(const Node *folder, const char *name)
{
  return folder->children == NULL ? NULL : g_hash_table_lookup(folder->children, name);
}

Node *
unpacked_put(UnpackedTree *tree, Node *folder, const char *name, NodeKind kind)
{
  Node *node = g_new0(Node, 1);
  node->kind = kind;
  node->parent = folder;
  node->depth = folder->depth + 1;
  node->layer = tree->layer;
  if (folder->children == NULL)
    folder->children = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, unpacked_node_free);
  g_hash_table_replace(folder->children, g_strdup(name), node);
  return node;
}

void
unpacked_drop(Node *folder, const char *name)
{
  if (folder->children != NULL)
    g_hash_table_remove(folder->children, name);
}

void
unpacked_mark_written(const UnpackedTree *tree, Node *node)
{
  for (; node != NULL && node->written != tree->layer + 1; node = node->parent)
    node->written = tree->layer + 1;
}

/* --- ways --- */

static void
push_names(UnpackedTree *tree, Way *way, const char *path)
{
  g_auto(GStrv) parts = g_strsplit(path, "/", -1);
  guint count = g_strv_length(parts);
  for (guint i = unpacked_count_steps(tree, count) ? count : 0; i > 0; i--)
    if (*parts[i - 1] != '\0' && strcmp(parts[i - 1], ".") != 0)
      g_ptr_array_add(way->names, g_strdup(parts[i - 1]));
}

/* Makes a folder where there is none, as far as unpackers do. */
static Node *
make_folder(UnpackedTree *tree, Node *folder, const char *name, Node *there)
{
  /* A file of a lower layer gives way; what this layer itself put there does not. */
  bool own = there != NULL && (tree->upper != NULL || there->layer == tree->layer);
  bool deep = folder->depth >= DEPTH_MAX;
  if (own || deep)
    unpacked_trouble(
        tree, own ? "has a name below something that is no folder" : "has too long a path", name);
  return own || deep ? NULL : unpacked_put(tree, folder, name, NODE_FOLDER);
}

static Node *
root_of(const UnpackedTree *tree)
{
  return tree->upper != NULL ? tree->upper : tree->root;
}

/* One name further from *@at. */
static WayEnd
go_on(UnpackedTree *tree, Way *way, const char *name, Node **at)
{
  bool last = way->names->len == 0;
  Node *folder = *at, *child = unpacked_child(folder, name);
  if (strcmp(name, "..") == 0) {
    *at = folder->parent != NULL ? folder->parent : folder;
    return WAY_THERE;
  }
  if (child != NULL && child->kind == NODE_LINK && (!last || way->follow_last)) {
    if (++way->links > LINKS_MAX)
      return WAY_LOOP;
    push_names(tree, way, child->target);
    *at = *child->target == '/' ? root_of(tree) : folder;
    return WAY_THERE;
  }
  bool passes = child != NULL && (child->kind == NODE_FOLDER || (last && !way->follow_last));
  if (!passes && way->make)
    g_ptr_array_add(way->missing, g_strdup(name));
  else if (!passes && (child == NULL || !last))
    return child == NULL ? WAY_NOWHERE : WAY_BLOCKED;
  else
    *at = child;
  return WAY_THERE;
}

/* Behind what is not there, a name is only a name, and ".." takes one away, as in Go's
 * filepath.Join(). */
static void
go_on_missing(Way *way, const char *name)
{
  if (strcmp(name, "..") == 0)
    g_ptr_array_remove_index(way->missing, way->missing->len - 1);
  else
    g_ptr_array_add(way->missing, g_strdup(name));
}

static WayEnd
take_name(UnpackedTree *tree, Way *way, const char *name, Node **at)
{
  if (!unpacked_count_steps(tree, 1))
    return WAY_BLOCKED;
  if (way->missing->len == 0)
    return go_on(tree, way, name, at);
  go_on_missing(way, name);
  return WAY_THERE;
}

static WayEnd
make_missing(UnpackedTree *tree, const Way *way, Node **at)
{
  for (guint i = 0; i < way->missing->len && *at != NULL; i++) {
    const char *name = g_ptr_array_index(way->missing, i);
    *at = make_folder(tree, *at, name, unpacked_child(*at, name));
  }
  return *at == NULL ? WAY_BLOCKED : WAY_THERE;
}

/* From the root along @path. *@end: where it led; of a way that was cut short, the last folder. */
WayEnd
unpacked_walk(UnpackedTree *tree, Way *way, const char *path, Node **end)
{
  way->names = g_ptr_array_new();
  way->missing = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(GPtrArray) names = way->names, missing = way->missing;
  WayEnd how = WAY_THERE;
  push_names(tree, way, path);
  *end = root_of(tree);
  while (names->len > 0) {
    g_autofree char *name = g_ptr_array_steal_index(names, names->len - 1);
    if (how == WAY_THERE)
      how = take_name(tree, way, name, end);
  }
  return how == WAY_THERE ? make_missing(tree, way, end) : how;
}

/* The folder @path, made where it is not there; NULL: no unpacker could. */
Node *
unpacked_enter_folder(UnpackedTree *tree, const char *path)
{
  Node *end;
  Way way = {.make = true, .follow_last = true};
  WayEnd how = unpacked_walk(tree, &way, path, &end);
  tree->through_links |= way.links > 0;
  if (how == WAY_LOOP)
    unpacked_trouble(tree, "has a name below links that lead around", path);
  return how == WAY_THERE ? end : NULL;
}

const char *
unpacked_last_name(const char *path)
{
  const char *slash = strrchr(path, '/');
  return slash == NULL ? path : slash + 1;
}

/* The folder that the entry comes into. *named: no link was on the way. NULL: nothing can. */
Node *
unpacked_enter_parent(UnpackedTree *tree, const char *path, bool *named)
{
  const char *name = unpacked_last_name(path);
  g_autofree char *folder = g_strndup(path, (size_t)(name - path) - (name != path));
  bool before = tree->through_links;
  tree->through_links = false;
  Node *parent = *path == '\0' ? NULL : unpacked_enter_folder(tree, folder);
  *named = !tree->through_links;
  tree->through_links |= before;
  return parent;
}
