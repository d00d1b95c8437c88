/* Routes: what the server answers. Each resource has a table of them in its own file, ended by
 * {NULL}; server/routes.c lists the tables. Leaving out the verb or the work of a row does not
 * compile, or does not start. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "access/rights/verb.h"
#include "base/slice.h"

typedef struct Request Request;

/* Where Route.finish runs. */
typedef enum {
  WORK_UNNAMED,
  WORK_AT_ONCE, /* on the network thread: must not wait for anything */
  WORK_WAITS,   /* on a thread that may wait for the disk, while the connection is suspended */
  WORK_HEAVY,   /* the same for what may cost much: few at a time, on threads of their own */
  /* Asked again and again by machines: in the log only at level debug, and answered also when there
   * is no place for others. The first may wait, on threads of its own. */
  WORK_PROBE,
  WORK_PROBE_AT_ONCE,
} Work;

/* What the verb of a route is done to. */
typedef enum {
  ON_UNNAMED,
  ON_NOTHING, /* VERB_NONE */
  ON_DOOR,    /* VERB_NONE, but who shows nothing is asked to log in */
  /* The same, for what one changes of one's own account: an endpoint serves it that serves
   * manage-access on what is of no repository. */
  ON_ONESELF,
  ON_REPOSITORY, /* <name> of the pattern; and the tag, where <reference> is one */
  ON_SYSTEM,     /* what is of no repository */
  /* Of several repositories, or by digest of whichever holds it: the handler gives only what
   * request_may() allows, and has nothing else to ask. */
  ON_WHAT_ONE_MAY,
} RouteOn;

typedef struct {
  const char *method;  /* "GET" answers HEAD as well */
  const char *pattern; /* "/v2/<name>/blobs/<digest>": <name> spans slashes, the others do not */
  const char *label;   /* for metrics and logs: bounded in number, unlike paths */
  Verb needs;          /* what who asks must have the right to */
  RouteOn on;          /* ... and to what */
  Work work;
  /* Headers are there; on the network thread. May respond, which ends the request; NULL: nothing to
   * do. Runs again after request_wait(). */
  void (*begin)(Request *request);
  /* A part of the body as it comes, on the network thread; false after it responded: the rest of
   * the body is dropped. NULL: see body_limit. */
  bool (*body)(Request *request, Slice bytes);
  /* All is there, where `work` says: must respond, or request_wait(). */
  void (*finish)(Request *request);
  /* Without `body`: so much of one is kept in memory (request_body()), more is 413. */
  size_t body_limit;
  /* What the repository @name is called now, whose rights and contents the request is about; NULL:
   * as it is. (transfer full) On the network thread. NULL: names are taken as they are. */
  char *(*follow)(void *context, const char *name);
  bool path_is_secret; /* it holds a key: logs have the pattern in its place */
} Route;

/* Of no route (NULL) it is "none". */
static inline const char *
route_label(const Route *route)
{
  return route == NULL ? "none" : route->label;
}

static inline bool
route_is_probe(const Route *route)
{
  return route != NULL && (route->work == WORK_PROBE || route->work == WORK_PROBE_AT_ONCE);
}
