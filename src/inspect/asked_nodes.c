/* Nodes, and the joining of them; see the header. */
#include "inspect/asked_nodes-private.h"

#include <string.h>

#include "inspect/fixed_places.h"

/* --- nodes and edges --- */

guint
asked_edge_hash(gconstpointer data)
{
  const Edge *edge = data;
  guint hash = 5381 + edge->from;
  for (size_t i = 0; i < edge->name.size; i++)
    hash = hash * 33 + edge->name.data[i];
  return hash;
}

gboolean
asked_edge_equal(gconstpointer a, gconstpointer b)
{
  const Edge *left = a, *right = b;
  return left->from == right->from && slice_equal(left->name, right->name);
}

Node *
asked_node(const AskedPaths *paths, uint32_t index)
{
  return &g_array_index(paths->nodes, Node, index);
}

uint32_t
asked_find(const AskedPaths *paths, uint32_t index)
{
  for (Node *node = asked_node(paths, index); node->joined != index;
       node = asked_node(paths, index)) {
    /* Shortens the way for the next. */
    node->joined = asked_node(paths, node->joined)->joined;
    index = node->joined;
  }
  return index;
}

uint32_t
asked_child(const AskedPaths *paths, uint32_t from, Slice name)
{
  Edge key = {from, 0, name};
  const Edge *edge = g_hash_table_lookup(paths->edges, &key);
  uint32_t child = edge == NULL ? asked_node(paths, from)->any_child : edge->to;
  return child == NONE ? NONE : asked_find(paths, child);
}

uint64_t
asked_readings(uint64_t readings, const char *name)
{
  uint64_t wanting = 0;
  for (unsigned i = 0; readings != 0; i++, readings >>= 1) {
    const Detector *detector = fixed_places_reading(i)->detector;
    if ((readings & 1) != 0 && (detector->wants_name == NULL || detector->wants_name(name)))
      wanting |= (uint64_t)1 << i;
  }
  return wanting;
}

static void
attach(AskedPaths *paths, uint32_t parent, uint32_t child, Slice name)
{
  Node *above = asked_node(paths, parent), *node = asked_node(paths, child);
  Edge *edge = g_new(Edge, 1);
  *edge = (Edge){parent, child, name};
  g_hash_table_add(paths->edges, edge);
  g_hash_table_add(paths->names, asked_node(paths, child)->name);
  node->next_child = above->first_child;
  above->first_child = child;
  above->children++;
  if (slice_equal_string(name, ANY_NAME))
    above->any_child = child;
}

uint32_t
asked_add_node(AskedPaths *paths, Slice name)
{
  Node node = {.joined = paths->nodes->len,
               .first_child = NONE,
               .next_child = NONE,
               .any_child = NONE,
               .first_target = NONE,
               .name = slice_to_string(name)};
  g_array_append_val(paths->nodes, node);
  return node.joined;
}

uint32_t
asked_make_child(AskedPaths *paths, uint32_t from, Slice name, bool *grew)
{
  uint32_t child = asked_child(paths, from, name);
  if (child != NONE)
    return child;
  if (paths->nodes->len >= NODES_MAX) {
    paths->overflowed = true;
    return NONE;
  }
  child = asked_add_node(paths, name);
  attach(paths, from, child, slice_from_string(asked_node(paths, child)->name));
  asked_node(paths, child)->readings =
      asked_readings(asked_node(paths, from)->inside, asked_node(paths, child)->name);
  *grew = true;
  return child;
}

/* --- joining --- */

static void
join_children_with_any(const AskedPaths *paths, uint32_t parent, GArray *queue)
{
  uint32_t any = asked_node(paths, parent)->any_child;
  for (uint32_t child = asked_node(paths, parent)->first_child; child != NONE;
       child = asked_node(paths, child)->next_child) {
    uint32_t pair[2] = {any, child};
    g_array_append_vals(queue, pair, 2);
  }
}

/* The children of @gone become those of @kept, or are to be joined with those of the same name. */
static bool
join_children(AskedPaths *paths, uint32_t kept, uint32_t gone, GArray *queue)
{
  guint common = 0;
  bool had_any = asked_node(paths, kept)->any_child != NONE;
  bool any = asked_node(paths, gone)->any_child != NONE;
  bool same_number = asked_node(paths, kept)->children == asked_node(paths, gone)->children;
  uint32_t next;
  for (uint32_t child = asked_node(paths, gone)->first_child; child != NONE; child = next) {
    next = asked_node(paths, child)->next_child;
    Slice name = slice_from_string(asked_node(paths, child)->name);
    uint32_t twin = asked_child(paths, kept, name);
    g_hash_table_remove(paths->edges, &(Edge){gone, 0, name});
    if (twin == NONE) {
      attach(paths, kept, child, name);
    } else {
      uint32_t pair[2] = {twin, child};
      g_array_append_vals(queue, pair, 2);
      common++;
    }
  }
  if (any && !had_any)
    join_children_with_any(paths, kept, queue);
  bool same = same_number && any == had_any && common == asked_node(paths, gone)->children;
  asked_node(paths, gone)->first_child = NONE;
  return !same;
}

/* What each file of a folder is read by, the known ones are read by. */
static void
read_children(AskedPaths *paths, uint32_t folder)
{
  uint64_t inside = asked_node(paths, folder)->inside;
  if (inside == 0)
    return;
  for (uint32_t child = asked_node(paths, folder)->first_child; child != NONE;
       child = asked_node(paths, child)->next_child)
    asked_node(paths, asked_find(paths, child))->readings |=
        asked_readings(inside, asked_node(paths, child)->name);
}

static void
join_targets(AskedPaths *paths, Node *kept, const Node *gone)
{
  uint32_t *end = &kept->first_target;
  while (*end != NONE)
    end = &g_array_index(paths->targets, Target, *end).next;
  *end = gone->first_target;
}

static bool
join_two(AskedPaths *paths, uint32_t kept, uint32_t gone, GArray *queue)
{
  Node *left = asked_node(paths, kept), *right = asked_node(paths, gone);
  bool grew = left->readings != right->readings || left->inside != right->inside;
  left->readings |= right->readings;
  left->inside |= right->inside;
  right->joined = kept;
  join_targets(paths, left, right);
  grew |= join_children(paths, kept, gone, queue);
  read_children(paths, kept);
  return grew;
}

bool
asked_join(AskedPaths *paths, uint32_t a, uint32_t b)
{
  g_autoptr(GArray) queue = g_array_new(FALSE, FALSE, sizeof(uint32_t));
  bool grew = false;
  g_array_append_val(queue, a);
  g_array_append_val(queue, b);
  while (queue->len > 0) {
    uint32_t right = asked_find(paths, g_array_index(queue, uint32_t, queue->len - 1));
    uint32_t left = asked_find(paths, g_array_index(queue, uint32_t, queue->len - 2));
    g_array_set_size(queue, queue->len - 2);
    if (left != right)
      grew |= join_two(paths, MIN(left, right), MAX(left, right), queue);
  }
  return grew;
}
