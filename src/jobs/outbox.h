/* Who hears of events (jobs/event.h). Nobody is called when one is told. Takers read the events
 * afterwards, in their order, each at its own pace; how far one has come is in the database, so
 * that no event is missed by a stop or a crash, and one may be given twice.
 *
 * A room lists its takers in a table for outbox_add(). */
#pragma once

#include "jobs/event.h"
#include "jobs/jobs.h"

/* Events that every taker has passed are kept for so long, and so many, for people. */
#define EVENTS_KEPT_DAYS 7
#define EVENTS_KEPT_MOST 100000
/* One that never comes along keeps no more than so many. */
#define EVENTS_UNTAKEN_MOST 1000000

typedef struct {
  const char *name; /* of its cursor; never changed once it was released */
  /* What it takes, NULL at the end. A type that ends in "." stands for all that begin so, "*" for
   * all. */
  const char *const *types;
  /* One event at a time, on a job's thread; it may block. JOB_AGAIN with *error: this one is given
   * again after a while, and those after it wait. JOB_FAILED with *error: it is skipped, and the
   * log has why. @room: as given to outbox_add(). */
  JobOutcome (*take)(const Event *event, void *room, GError **error);
  bool from_first; /* a new one begins with the oldest that is kept, not with those to come */
} EventTaker;

typedef struct Outbox Outbox;

/* Adds its kinds to @jobs, which it must outlive. (transfer full) */
Outbox *outbox_new(Jobs *jobs, SqlPool *sql);
void outbox_free(Outbox *outbox);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Outbox, outbox_free)
/* Before the start; @takers ends with NULL. One that is new begins with the events to come. */
void outbox_add(Outbox *outbox, const EventTaker *const *takers, void *room);
/* After a commit in which something was told; it spares a second. */
void outbox_wake(Outbox *outbox);
