/* Unpackers, replayed; see the header. Their sources: containers/storage and moby pkg/archive
 * (Unpack, UnpackLayer), containerd pkg/archive (applyNaive), umoci oci/layer (UnpackEntry), and
 * the kernel's Documentation/filesystems/overlayfs.rst. */
#include "inspect/unpacked.h"

#include <string.h>

#include "archive/path.h"
#include "base/slice.h"
#include "inspect/unpacked_ways-private.h"

/* --- entries --- */

static const UnpackedFile *
new_file(UnpackedTree *tree, unsigned layer, unsigned change, const UnpackedFile *former)
{
  UnpackedFile *file = g_new0(UnpackedFile, 1);
  *file = (UnpackedFile){layer, change, former};
  g_ptr_array_add(tree->files, file);
  return file;
}

static void
note_entry(UnpackedTree *tree, Node *node, bool named)
{
  unpacked_mark_written(tree, node);
  if (named)
    node->named = tree->layer + 1;
}

static void
apply_folder(UnpackedTree *tree, const char *path)
{
  bool named;
  Node *parent = unpacked_enter_parent(tree, path, &named);
  Node *node = parent == NULL ? NULL : unpacked_child(parent, unpacked_last_name(path));
  if (parent != NULL && (node == NULL || node->kind != NODE_FOLDER))
    node = unpacked_put(tree, parent, unpacked_last_name(path), NODE_FOLDER);
  if (node != NULL)
    note_entry(tree, node, named);
}

static const UnpackedFile *
file_at(const Node *folder, const char *name)
{
  const Node *node = unpacked_child(folder, name);
  return node == NULL || node->kind != NODE_FILE ? NULL : node->file;
}

/* Everything that is no folder takes the place of what was there, a folder with all in it. */
static void
apply_leaf(UnpackedTree *tree, const LayerChange *change, unsigned index)
{
  bool named;
  Node *parent = unpacked_enter_parent(tree, change->path, &named);
  if (parent == NULL)
    return;
  const char *name = unpacked_last_name(change->path);
  const UnpackedFile *former = file_at(parent, name);
  Node *node = unpacked_put(tree, parent, name,
                            change->kind == CHANGE_FILE      ? NODE_FILE
                            : change->kind == CHANGE_SYMLINK ? NODE_LINK
                                                             : NODE_OTHER);
  if (change->kind == CHANGE_FILE)
    node->file = new_file(tree, tree->layer, index,
                          former != NULL && former->layer == tree->layer ? former->former : former);
  node->target = change->target;
  note_entry(tree, node, named);
}

static void
apply_hardlink(UnpackedTree *tree, const LayerChange *change)
{
  bool named;
  Node *end, *parent = unpacked_enter_parent(tree, change->path, &named);
  Way way = {.make = false};
  if (parent == NULL)
    return;
  if (unpacked_walk(tree, &way, change->target, &end) != WAY_THERE || end->kind == NODE_FOLDER ||
      end->kind == NODE_REMOVED || path_below(change->target, change->path) != NULL) {
    unpacked_trouble(tree, "has a hard link to what is not in the layer itself", change->path);
    return;
  }
  Node target = *end; /* which may be what gives way */
  Node *node = unpacked_put(tree, parent, unpacked_last_name(change->path), target.kind);
  node->target = target.target;
  node->file = target.file;
  note_entry(tree, node, named);
}

/* --- whiteouts --- */

static bool
stays(const UnpackedTree *tree, const Node *node)
{
  return (tree->unpacker == UNPACKER_UMOCI ? node->written : node->named) == tree->layer + 1;
}

/* What is below the folder, except what the present layer brought. */
static void
remove_lower(UnpackedTree *tree, Node *folder)
{
  GHashTableIter iter;
  void *child;
  if (folder->kind != NODE_FOLDER || folder->children == NULL)
    return;
  g_hash_table_iter_init(&iter, folder->children);
  while (g_hash_table_iter_next(&iter, NULL, &child) && unpacked_count_steps(tree, 1)) {
    if (stays(tree, child))
      remove_lower(tree, child);
    else
      g_hash_table_iter_remove(&iter);
  }
}

static void
apply_removed(UnpackedTree *tree, const char *path)
{
  const char *name = unpacked_last_name(path);
  if (tree->upper != NULL) {
    bool named;
    Node *parent = unpacked_enter_parent(tree, path, &named);
    Node *there = parent == NULL ? NULL : unpacked_child(parent, name);
    if (there != NULL && there->kind != NODE_REMOVED)
      unpacked_trouble(tree, "removes what it brings itself", path);
    if (parent != NULL && there == NULL)
      unpacked_put(tree, parent, name, NODE_REMOVED);
    return;
  }
  Node *end;
  Way way = {.make = false};
  if (unpacked_walk(tree, &way, path, &end) != WAY_THERE || end->parent == NULL)
    return;
  if (tree->unpacker == UNPACKER_UMOCI && stays(tree, end))
    remove_lower(tree, end);
  else
    unpacked_drop(end->parent, name);
}

static void
apply_opaque(UnpackedTree *tree, const char *path)
{
  Node *end;
  Way way = {.make = false}, through = {.make = false, .follow_last = true};
  if (tree->upper != NULL) {
    end = unpacked_enter_folder(tree, path);
    /* The kernel does not look at the root's mark. */
    if (end != NULL && end != tree->upper)
      end->opaque = true;
    return;
  }
  if (unpacked_walk(tree, &way, path, &end) != WAY_THERE)
    return;
  if (tree->unpacker == UNPACKER_IN_PLACE && (end->kind == NODE_LINK || tree->through_links))
    unpacked_trouble(tree, "hides what is below a link, or writes through one", path);
  if (unpacked_walk(tree, &through, path, &end) == WAY_THERE)
    remove_lower(tree, end);
}

static void
apply(UnpackedTree *tree, const LayerChange *change, unsigned index)
{
  Node *folder;
  switch (change->kind) {
  case CHANGE_FOLDER:
    apply_folder(tree, change->path);
    break;
  case CHANGE_IMPLIED:
    folder = unpacked_enter_folder(tree, change->path);
    if (folder != NULL)
      unpacked_mark_written(tree, folder);
    break;
  case CHANGE_FILE:
  case CHANGE_SYMLINK:
  case CHANGE_OTHER:
    apply_leaf(tree, change, index);
    break;
  case CHANGE_HARDLINK:
    apply_hardlink(tree, change);
    break;
  case CHANGE_REMOVED:
    apply_removed(tree, change->path);
    break;
  case CHANGE_OPAQUE:
    apply_opaque(tree, change->path);
    break;
  case CHANGE_ODD:
    unpacked_trouble(tree, change->target, change->path);
    break;
  }
}

/* --- overlayfs --- */

/* A folder that hides all below it: whiteouts in it have nothing to remove. */
static void
drop_whiteouts(Node *folder)
{
  GHashTableIter iter;
  void *child;
  if (folder->children == NULL)
    return;
  g_hash_table_iter_init(&iter, folder->children);
  while (g_hash_table_iter_next(&iter, NULL, &child)) {
    if (((Node *)child)->kind == NODE_REMOVED)
      g_hash_table_iter_remove(&iter);
    else
      drop_whiteouts(child);
  }
}

static void lay_over(UnpackedTree *tree, Node *below, Node *above);

/* Moves @above, which its folder has given up, to its place in the merged tree. */
static void
lay_child(UnpackedTree *tree, Node *folder, char *name, Node *above)
{
  g_autofree char *own_name = name;
  Node *below = unpacked_child(folder, name);
  if (above->kind == NODE_REMOVED) {
    unpacked_drop(folder, name);
    unpacked_node_free(above);
    return;
  }
  if (above->kind == NODE_FOLDER && !above->opaque && below != NULL && below->kind == NODE_FOLDER) {
    lay_over(tree, below, above);
    unpacked_node_free(above);
    return;
  }
  if (above->kind == NODE_FILE && below != NULL && below->kind == NODE_FILE)
    above->file = new_file(tree, above->file->layer, above->file->change, below->file);
  drop_whiteouts(above);
  if (folder->children == NULL)
    folder->children = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, unpacked_node_free);
  above->parent = folder;
  above->name = own_name;
  g_hash_table_replace(folder->children, g_steal_pointer(&own_name), above);
}

static void
lay_over(UnpackedTree *tree, Node *below, Node *above)
{
  GHashTableIter iter;
  void *name, *child;
  if (above->children == NULL)
    return;
  g_hash_table_iter_init(&iter, above->children);
  while (g_hash_table_iter_next(&iter, &name, &child)) {
    g_hash_table_iter_steal(&iter);
    lay_child(tree, below, name, child);
  }
}

/* --- public --- */

UnpackedTree *
unpacked_tree_new(const GPtrArray *layers, Unpacker unpacker)
{
  UnpackedTree *tree = g_new0(UnpackedTree, 1);
  tree->layers = layers;
  tree->unpacker = unpacker;
  tree->root = g_new0(Node, 1);
  tree->files = g_ptr_array_new_with_free_func(g_free);
  for (; tree->layer < layers->len; tree->layer++) {
    const GPtrArray *changes =
        ((const LayerInventory *)g_ptr_array_index(layers, tree->layer))->changes;
    tree->upper = unpacker == UNPACKER_OVERLAY ? g_new0(Node, 1) : NULL;
    tree->through_links = false;
    for (guint i = 0; i < changes->len && tree->steps <= STEPS_MAX; i++)
      apply(tree, g_ptr_array_index(changes, i), i);
    if (tree->upper != NULL)
      lay_over(tree, tree->root, tree->upper);
    g_clear_pointer(&tree->upper, unpacked_node_free);
  }
  return tree;
}

void
unpacked_tree_free(UnpackedTree *tree)
{
  if (tree == NULL)
    return;
  unpacked_node_free(tree->root);
  g_ptr_array_unref(tree->files);
  g_free(tree->trouble);
  g_free(tree);
}

const char *
unpacked_tree_trouble(const UnpackedTree *tree)
{
  return tree->trouble;
}

/* Looking is bounded as well, for itself. */
static WayEnd
look(UnpackedTree *tree, const char *path, bool follow_last, Node **end)
{
  Way way = {.make = false, .follow_last = follow_last};
  tree->steps = 0;
  return unpacked_walk(tree, &way, path, end);
}

UnpackedKind
unpacked_tree_open(UnpackedTree *tree, const char *path, const UnpackedFile **file)
{
  Node *end;
  WayEnd how = look(tree, path, true, &end);
  *file = how == WAY_THERE && end->kind == NODE_FILE ? end->file : NULL;
  if (how == WAY_LOOP)
    return UNPACKED_LOOP;
  if (how == WAY_THERE && end->kind == NODE_FOLDER)
    return UNPACKED_FOLDER;
  return *file != NULL ? UNPACKED_FILE : UNPACKED_NOTHING;
}

UnpackedPlace
unpacked_tree_look(UnpackedTree *tree, const char *path)
{
  static const UnpackedKind kinds[] = {[NODE_FOLDER] = UNPACKED_FOLDER,
                                       [NODE_FILE] = UNPACKED_FILE,
                                       [NODE_LINK] = UNPACKED_LINK,
                                       [NODE_OTHER] = UNPACKED_OTHER,
                                       [NODE_REMOVED] = UNPACKED_NOTHING};
  Node *end;
  WayEnd how = look(tree, path, false, &end);
  if (how == WAY_LOOP)
    return (UnpackedPlace){.kind = UNPACKED_LOOP};
  if (how != WAY_THERE || end->kind == NODE_REMOVED)
    return (UnpackedPlace){.kind = UNPACKED_NOTHING};
  return (UnpackedPlace){.kind = kinds[end->kind],
                         .layer = end->kind == NODE_FILE ? end->file->layer : end->layer,
                         .file = end->kind == NODE_FILE ? end->file : NULL,
                         .target = end->target,
                         .node = end};
}

char *
unpacked_tree_resolve(UnpackedTree *tree, const char *path)
{
  tree->steps = 0;
  return unpacked_resolve(tree, path);
}

bool
unpacked_tree_is_link(UnpackedTree *tree, const char *path)
{
  Node *end;
  return look(tree, path, false, &end) == WAY_THERE && end->kind == NODE_LINK;
}

bool
unpacked_tree_is_dangling(UnpackedTree *tree, const char *path)
{
  Node *end;
  return unpacked_tree_is_link(tree, path) && look(tree, path, true, &end) == WAY_NOWHERE;
}

GPtrArray *
unpacked_tree_list(UnpackedTree *tree, const char *path)
{
  Node *end;
  GHashTableIter iter;
  void *name;
  GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
  if (look(tree, path, true, &end) != WAY_THERE || end->kind != NODE_FOLDER ||
      end->children == NULL)
    return names;
  g_hash_table_iter_init(&iter, end->children);
  while (g_hash_table_iter_next(&iter, &name, NULL))
    g_ptr_array_add(names, g_strdup(name));
  g_ptr_array_sort(names, text_compare);
  return names;
}
