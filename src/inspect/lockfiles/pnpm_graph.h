/* What pnpm-lock.yaml says of development since version 9: no more of each package, but which ones
 * the projects need ("importers"), and which ones those ("snapshots"). */
#pragma once

#include "inspect/lockfiles/lock-private.h"

typedef struct PnpmGraph PnpmGraph;
PnpmGraph *pnpm_graph_new(void);
void pnpm_graph_free(PnpmGraph *graph);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PnpmGraph, pnpm_graph_free)

/* As yaml_walk() visits the file. */
void pnpm_graph_visit(PnpmGraph *graph, const char *const *keys, unsigned depth, const char *value);
/* Marks those of @lock that only `devDependencies` lead to. */
void pnpm_graph_mark(const PnpmGraph *graph, Lock *lock);
