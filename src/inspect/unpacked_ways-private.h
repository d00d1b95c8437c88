/* The nodes of an UnpackedTree, and the ways that lead to them. */
#pragma once

#include "inspect/unpacked.h"

/* Names looked at, in the making of a tree: far more than honest layers need. */
#define STEPS_MAX 1000000u

typedef enum { NODE_FOLDER, NODE_FILE, NODE_LINK, NODE_OTHER, NODE_REMOVED } NodeKind;

typedef struct Node Node;
struct Node {
  NodeKind kind;
  Node *parent;
  const char *name;   /* its key in the parent's children */
  const char *target; /* of a LINK */
  const UnpackedFile *file;
  GHashTable *children; /* char * (owned) -> Node (owned); NULL: none yet */
  unsigned depth;
  unsigned layer;   /* that made it */
  unsigned written; /* 1 + the layer that brought it or something below it */
  unsigned named;   /* 1 + the layer that has an entry of just this path */
  bool opaque;
};

struct UnpackedTree {
  const GPtrArray *layers;
  Unpacker unpacker;
  Node *root;
  Node *upper;      /* the layer by itself, of UNPACKER_OVERLAY; else NULL */
  GPtrArray *files; /* UnpackedFile */
  char *trouble;
  unsigned layer;     /* the present one */
  bool through_links; /* something of the present layer was written through a link */
  guint steps;
};

/* As the kernel has it. */
#define LINKS_MAX 40u

typedef struct {
  const char *rest[LINKS_MAX + 1]; /* still to go: of the last link's target, of that before, ... */
  GPtrArray *missing; /* char *: after where the way has come to, folders to be made at its end */
  unsigned links;
  unsigned level;   /* the link whose target the last name was of; 0: the path itself */
  bool climbs;      /* a ".." followed a link in the target of another */
  bool make;        /* folders that are not there are made */
  bool follow_last; /* a link at the end is followed */
} Way;

/* Why a way ended. */
typedef enum { WAY_THERE, WAY_NOWHERE, WAY_BLOCKED, WAY_LOOP } WayEnd;

void unpacked_node_free(void *node);
Node *unpacked_child(const Node *folder, const char *name);
/* A new one, in the place of what was there. */
Node *unpacked_put(UnpackedTree *tree, Node *folder, const char *name, NodeKind kind);
void unpacked_drop(Node *folder, const char *name);
/* Says that the present layer brought it, or something below it. */
void unpacked_mark_written(const UnpackedTree *tree, Node *node);

/* The first is kept: "PATH (layer N WHAT)". */
void unpacked_trouble(UnpackedTree *tree, const char *what, const char *path);
/* False: it is enough. */
bool unpacked_count_steps(UnpackedTree *tree, guint steps);

/* From the root along @path. *@end: where it led; of a way that was cut short, the last folder. */
WayEnd unpacked_walk(UnpackedTree *tree, Way *way, const char *path, Node **end);
/* What @path is when links on the way are followed, as far as there are nodes; NULL: they lead
 * around. (transfer full) */
char *unpacked_resolve(UnpackedTree *tree, const char *path);
/* The folder @path, made where it is not there; NULL: no unpacker could. */
Node *unpacked_enter_folder(UnpackedTree *tree, const char *path);
/* The folder that the entry comes into. *named: no link was on the way. NULL: nothing can. */
Node *unpacked_enter_parent(UnpackedTree *tree, const char *path, bool *named);
const char *unpacked_last_name(const char *path);
