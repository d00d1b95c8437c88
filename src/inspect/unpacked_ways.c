/* Nodes, and finding them by paths; see the header. */
#include "inspect/unpacked_ways-private.h"

#include <string.h>

#include "base/slice.h"

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
  char *own_name = g_strdup(name);
  node->name = own_name;
  g_hash_table_replace(folder->children, own_name, node);
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

/* The rest of a path, from its next name on. */
static const char *
next_name(const char *rest)
{
  for (;;) {
    while (*rest == '/')
      rest++;
    if (rest[0] != '.' || (rest[1] != '/' && rest[1] != '\0'))
      return rest;
    rest++;
  }
}

/* Into @name; false: the way is at its end. */
static bool
take_next(Way *way, GString *name)
{
  for (unsigned i = way->links + 1; i > 0; i--) {
    const char *begin = next_name(way->rest[i - 1]);
    const char *end = strchrnul(begin, '/');
    way->rest[i - 1] = end;
    if (begin == end)
      continue;
    g_string_truncate(name, 0);
    g_string_append_len(name, begin, end - begin);
    way->level = i - 1;
    return true;
  }
  return false;
}

/* What it passes over it does not see again. */
static bool
is_at_end(Way *way)
{
  for (unsigned i = 0; i <= way->links; i++) {
    way->rest[i] = next_name(way->rest[i]);
    if (*way->rest[i] != '\0')
      return false;
  }
  return true;
}

/* Makes a folder where there is none, as far as unpackers do. */
static Node *
make_folder(UnpackedTree *tree, const Way *way, Node *folder, const char *name)
{
  /* A file of a lower layer gives way; what this layer itself put there, or a link leads to, does
   * not. */
  const Node *there = unpacked_child(folder, name);
  bool own =
      there != NULL && (tree->upper != NULL || there->layer == tree->layer || way->links > 0);
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
  Node *folder = *at, *child = unpacked_child(folder, name);
  if (strcmp(name, "..") == 0) {
    /* Then containerd takes away the link's name, and others go where the kernel does. */
    way->climbs |= way->level < way->links;
    *at = folder->parent != NULL ? folder->parent : folder;
    return WAY_THERE;
  }
  bool last = (child == NULL || child->kind != NODE_FOLDER) && is_at_end(way);
  if (child != NULL && child->kind == NODE_LINK && (!last || way->follow_last)) {
    if (way->links == LINKS_MAX)
      return WAY_LOOP;
    way->rest[++way->links] = child->target;
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
    *at = make_folder(tree, way, *at, name);
  }
  return *at == NULL ? WAY_BLOCKED : WAY_THERE;
}

WayEnd
unpacked_walk(UnpackedTree *tree, Way *way, const char *path, Node **end)
{
  g_autoptr(GString) name = g_string_sized_new(64);
  g_autoptr(GPtrArray) missing = g_ptr_array_new_with_free_func(g_free);
  WayEnd how = WAY_THERE;
  way->rest[0] = path;
  way->missing = missing;
  *end = root_of(tree);
  while (how == WAY_THERE && take_next(way, name))
    how = take_name(tree, way, name->str, end);
  if (way->make && way->climbs)
    unpacked_trouble(tree, "writes below a link that climbs out of another", path);
  return how == WAY_THERE ? make_missing(tree, way, end) : how;
}

static void
prepend_names(const Node *node, GString *path)
{
  for (; node->parent != NULL; node = node->parent) {
    g_string_prepend_c(path, '/');
    g_string_prepend(path, node->name);
  }
}

char *
unpacked_resolve(UnpackedTree *tree, const char *path)
{
  g_autoptr(GString) name = g_string_sized_new(64);
  g_autoptr(GString) resolved = g_string_new(NULL);
  g_autoptr(GPtrArray) missing = g_ptr_array_new_with_free_func(g_free);
  Way way = {.rest = {path}, .missing = missing, .make = true};
  WayEnd how = WAY_THERE;
  Node *end = root_of(tree);
  while (how == WAY_THERE && take_next(&way, name))
    how = take_name(tree, &way, name->str, &end);
  for (guint i = 0; i < missing->len; i++)
    g_string_append_printf(resolved, "%s/", (const char *)g_ptr_array_index(missing, i));
  prepend_names(end, resolved);
  if (resolved->len > 0)
    g_string_truncate(resolved, resolved->len - 1);
  return how == WAY_THERE ? g_strdup(resolved->str) : NULL;
}

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
