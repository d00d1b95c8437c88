/* Who does what the present thread does: what each event bears (jobs/event.h), and each record of
 * the audit. The server sets it around each request; where nobody has, it is the program itself:
 * kind and name "system". */
#pragma once

#include <glib.h>

typedef struct {
  const char *kind;     /* "person", "robot", "anonymous", "open", "operator", "system" */
  const char *name;     /* "alice" */
  const char *how;      /* "token", "session", ...; NULL or "": by nothing */
  const char *address;  /* where from, as text; NULL: from here */
  const char *endpoint; /* through which; NULL: it has no name */
  const char *request;  /* the id of the request; NULL: none */
} Actor;

/* Of this thread, until the next call. Borrowed: @actor and its texts live until then. NULL: the
 * program itself. */
void actor_set(const Actor *actor);
/* Never NULL. (transfer none) */
const Actor *actor_get(void);
/* As JSON, an object of the members that are there. (transfer full) */
char *actor_text(void);
