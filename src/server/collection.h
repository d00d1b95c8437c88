/* Collection as a job: by its schedule (registry.gc.interval), and when somebody asks. What it is
 * and why it is safe: registry/collect.h. */
#pragma once

#include "server/server-private.h"

/* `kind` of the job. */
#define COLLECTION_JOB "gc"

typedef struct {
  uint64_t run;         /* asked for under this number, or under one before */
  int64_t begun, ended; /* microseconds since 1970; 0: none yet, or it still runs */
  uint64_t done, total; /* links that it looked at */
  uint32_t grace;       /* seconds */
  Collected collected;
  char *error; /* why it ended early; NULL: it did not */
} CollectionRun;

typedef struct {
  CollectionRun running; /* `begun` 0: none */
  CollectionRun last;    /* `ended` 0: none since the start */
} CollectionStatus;
void collection_status_clear(CollectionStatus *status);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(CollectionStatus, collection_status_clear)

/* Adds its kind to the context's jobs, unless nothing can be written. (transfer full) */
Collection *collection_new(ServerContext *context);
void collection_free(Collection *collection);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Collection, collection_free)
/* Asks for a run; returns its number: CollectionRun.run reaches it when
 * it has been done. */
uint64_t collection_ask(Collection *collection, const CollectAsked *how);
void collection_status(Collection *collection, CollectionStatus *status);
