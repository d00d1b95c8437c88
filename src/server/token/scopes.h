/* What a token is asked for: scopes, `repository:team/app:pull,push` ("Docker Registry Token Scope
 * and Access"). Hostile text; bounded. Pure. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#define SCOPES_MAX      100
#define SCOPE_BYTES_MAX 16384u

typedef struct {
  char *type; /* "repository", "registry"; without a class in brackets */
  char *name; /* of a host with a port it has a colon */
  GStrv actions;
} TokenScope;

/* Adds those of @text, one or several with spaces between them, to @scopes; what is no scope is
 * passed over, for it gives nothing. False: too many, or too long. */
bool token_scopes_parse(const char *text, GPtrArray *scopes);
/* (transfer full): TokenScope */
GPtrArray *token_scopes_new(void);
