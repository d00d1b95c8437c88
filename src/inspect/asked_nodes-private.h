/* The nodes of AskedPaths: names below names, which can be joined (union-find, with the children of
 * joined nodes joined as well). Nodes are numbers; of those that are joined one stands for all, and
 * only that has children, readings and targets. */
#pragma once

#include "base/slice.h"
#include "inspect/asked_paths.h"

#define NODES_MAX 5000u
#define ROOT      0u
#define NONE      UINT32_MAX

typedef struct {
  uint32_t joined; /* towards the node that stands for all that are joined; itself: that one */
  uint32_t first_child, next_child; /* a list; of the node that stands for the others */
  uint32_t any_child;               /* stands for every name that has no node there; or NONE */
  uint32_t children;                /* their number */
  uint32_t first_target;            /* likewise: of Target */
  char *name;
  uint64_t readings; /* of a file here */
  uint64_t inside;   /* of each file in this folder */
} Node;

/* A way from the root to a node, by its end: what ".." means depends on it. The root's is 0. */
typedef struct {
  uint32_t node, up;
} Trail;

/* Where a link leads to that was joined: its folder may be in truth the one above that. */
typedef struct {
  uint32_t trail, next;
} Target;

struct AskedPaths {
  GArray *nodes;     /* Node */
  GArray *trails;    /* Trail */
  GArray *targets;   /* Target */
  GHashTable *edges; /* set of Edge: the child of a node by its name */
  GHashTable *names; /* set: of all edges that ever were */
  bool overflowed;
};

typedef struct {
  uint32_t from, to;
  Slice name;
} Edge;

/* Of g_hash_table_new_full(): for `edges`. */
guint asked_edge_hash(gconstpointer edge);
gboolean asked_edge_equal(gconstpointer a, gconstpointer b);

Node *asked_node(const AskedPaths *paths, uint32_t index);
/* The one that stands for @index. */
uint32_t asked_find(const AskedPaths *paths, uint32_t index);
/* The name of the child that stands for every name. */
#define ANY_NAME "*"
/* The child of @from, which stands for others, or NONE. */
uint32_t asked_child(const AskedPaths *paths, uint32_t from, Slice name);
/* The same, made when there is none. NONE: there are too many nodes. */
uint32_t asked_make_child(AskedPaths *paths, uint32_t from, Slice name, bool *grew);
/* One that is nobody's child yet. */
uint32_t asked_add_node(AskedPaths *paths, Slice name);
/* Makes two nodes one. True: more is asked for than before. */
bool asked_join(AskedPaths *paths, uint32_t a, uint32_t b);
/* Those of @readings, which are of the files in a folder, that want a file of this name. */
uint64_t asked_readings(uint64_t readings, const char *name);
