/* The tokens that the token endpoint gives out: signed, short-lived, and for the repositories and
 * actions that were asked for and are held. A token only cuts down: what its owner may is decided
 * anew at each request, and one that is gone, disabled or expired is nobody, whatever it shows.
 *
 * Claims are those of distribution ("Docker Registry v2 authentication via central service"), and
 * `assay`: the owner's row and, where a personal access token was shown for it, that token's id,
 * which must still be there. */
#pragma once

#include <jansson.h>

#include "access/access.h"

/* "Bearer", of our own. */
extern const IdentityKind bearer_identity;

typedef struct {
  const Principal *who; /* anonymous, open, person or robot */
  const char *service;  /* whom it is for */
  json_t *access;       /* a list of {type, name, actions}; not taken over */
  int64_t now;          /* microseconds since 1970 */
} BearerAsk;

/* *ends: when it ends, in seconds since 1970: after access.token_life, or when what @who has shown
 * ends. (transfer full) */
char *bearer_make(Access *access, const BearerAsk *ask, int64_t *ends, GError **error);

/* The verbs that an action of the protocol stands for: "pull", "push", "delete", "*". */
VerbSet bearer_verbs(const char *action);
