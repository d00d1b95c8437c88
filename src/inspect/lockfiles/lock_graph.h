/* Which packages of a lock file are for development: it tells what the projects need, for use and
 * for development, and what each package needs. What development alone leads to is marked.
 *
 * A node is "name@version", with "(...)" after it where one package has several: pnpm's peers, a
 * place, an extra. */
#pragma once

#include "inspect/lockfiles/lock-private.h"

typedef struct LockGraph LockGraph;
LockGraph *lock_graph_new(void);
void lock_graph_free(LockGraph *graph);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LockGraph, lock_graph_free)

/* A project needs @node (transfer full). */
void lock_graph_add_root(LockGraph *graph, char *node, bool development);
/* @from needs @node (transfer full). */
void lock_graph_add_need(LockGraph *graph, const char *from, char *node);
/* Something is not known: nothing is marked. */
void lock_graph_give_up(LockGraph *graph);
/* A step of a search for a node. False: there were too many. */
bool lock_graph_count(LockGraph *graph);
/* Nothing will be marked: no more needs be added. */
bool lock_graph_is_full(const LockGraph *graph);

/* Marks those of @lock that development alone leads to. */
void lock_graph_mark(const LockGraph *graph, Lock *lock);
