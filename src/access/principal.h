/* Who asks: what an identified request carries from the phase that identifies to those that decide
 * and record. Immutable once it is shared, and counted by reference, so that caches, requests and
 * threads share one. Pure. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "access/rights/verb.h"

typedef enum {
  PRINCIPAL_ANONYMOUS, /* showed nothing */
  PRINCIPAL_OPEN,      /* anybody, where access.mode is "open": may do all */
  PRINCIPAL_OPERATOR,  /* who can read the data folder: may do all */
  PRINCIPAL_PERSON,
  PRINCIPAL_ROBOT,
} PrincipalKind;

/* What a token is cut down to: these verbs on repositories that fit. */
typedef struct {
  char *pattern; /* as in a binding; "*": all, and what is of no repository */
  VerbSet verbs;
} Scope;

typedef struct {
  gatomicrefcount references;
  PrincipalKind kind;
  int64_t id; /* of `principals`; 0 for those that have no row */
  char *name; /* "alice"; of those without a row the word for their kind */
  /* By what: "password", "token", "robot", "bearer", "session", "certificate", "workload",
   * "operator-key"; "" of nobody. Not freed. */
  const char *how;
  char *token;     /* the id of the token or session, for the record and to end it; or NULL */
  char *csrf;      /* of a session: what its writing requests must send as well; or NULL */
  char *proof;     /* which secret or password was shown (proof.h); or NULL */
  GArray *teams;   /* int64_t */
  GArray *limits;  /* Scope; NULL: all that the principal may */
  int64_t expires; /* microseconds since 1970, when what was shown ends; 0: never */
} Principal;

/* @name is copied. (transfer full) */
Principal *principal_new(PrincipalKind kind, int64_t id, const char *name, const char *how);
/* One of the kinds that have no row; shared. (transfer full) */
Principal *principal_nobody(PrincipalKind kind);
Principal *principal_ref(Principal *principal);
void principal_unref(Principal *principal);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Principal, principal_unref)
/* Before it is shared. */
void principal_add_team(Principal *principal, int64_t team);
/* The first makes it a principal that may nothing else. */
void principal_add_limit(Principal *principal, const char *pattern, VerbSet verbs);

/* "person", "robot", "anonymous", "open", "operator" */
const char *principal_kind_name(PrincipalKind kind);
