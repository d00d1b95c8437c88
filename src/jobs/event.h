/* What happened, told in the transaction of the change: an event is there exactly when the change
 * is. It is the one journal of the program: each change by a client is one event, no less and no
 * more, and bears its actor (jobs/actor.h). Who wants to know of events is a taker
 * (jobs/outbox.h). */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "storage/sql.h"

typedef struct {
  int64_t number; /* rises; in the order of the commits */
  int64_t told;   /* microseconds since 1970 */
  char *type;     /* "image.scanned" */
  char *subject;  /* what it is about: a digest, "team/app:v1" */
  json_t *data;   /* an object, or NULL */
  json_t *actor;  /* who did it, as actor_text() has it; NULL: an older version told it */
} Event;

/* @data: an object, or NULL; (transfer none). Never a secret. Two short statements: tell last, for
 * other processes that tell wait from here to the commit. */
bool event_tell(SqlConnection *db, const char *type, const char *subject, const json_t *data,
                GError **error);

/* Those after the number @after, at most @limit: Event. All are on the disk: what was told to
 * somebody outside is never taken back. (transfer full) */
GPtrArray *events_after(SqlPool *sql, int64_t after, unsigned limit, GError **error);
