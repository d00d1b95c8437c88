/* Personal access tokens: what a person gives to programs instead of a password. A token acts as
 * its owner, cut down to its scopes, until it ends or is revoked. Only its hash is stored.
 *
 * It looks like assay_pat_ID_SECRET, with the check of secrets.h; the id is no secret, and is what
 * lists and the record show. */
#pragma once

#include <jansson.h>

#include "access/access.h"

#define TOKEN_PREFIX    "assay_pat_"
#define TOKEN_ID_LENGTH 12
/* A person has so many at most. */
#define TOKENS_MOST       100
#define TOKEN_SCOPES_MOST 50

typedef struct {
  char *id, *owner, *name;
  GArray *scopes;                      /* Scope; NULL: all that the owner may */
  int64_t created, expires, last_used; /* 0: never */
  char *last_address;
} Token;
void token_free(Token *token);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Token, token_free)

typedef struct {
  const char *owner, *name;
  const GArray *scopes; /* Scope; NULL: all */
  int64_t expires;      /* microseconds since 1970; 0: never */
} NewToken;

/* @by: who does it, for the record. *@id and *@secret (what is shown once): (transfer full).
 * ASSAY_ERROR_NOT_FOUND: there is no such person; _EXISTS, _INVALID, _LIMIT. They block. */
bool tokens_create(Access *access, const NewToken *token, const char *by, char **id, char **secret,
                   GError **error);
/* @owner: of that person alone, or NULL; another's is ASSAY_ERROR_NOT_FOUND. */
bool tokens_revoke(Access *access, const char *id, const char *owner, const char *by,
                   GError **error);
/* By id, those after @after (or NULL), at most @limit; @owner: of that person alone, or NULL:
 * Token. (transfer full) */
GPtrArray *tokens_after(SqlPool *sql, const char *owner, const char *after, unsigned limit,
                        GError **error);

/* One of them; NULL, ASSAY_ERROR_NOT_FOUND: there is none, or it is not @owner's. (transfer full)
 */
Token *tokens_find(SqlPool *sql, const char *owner, const char *id, GError **error);

/* Scopes as `tokens.scopes` holds them: [{"pattern": "team/app", "verbs": ["pull"]}]. NULL: none.
 * (transfer full) */
json_t *scopes_to_json(const GArray *scopes);
/* ASSAY_ERROR_INVALID, _LIMIT. An empty list is refused: such a token could do nothing. (transfer
 * full) */
GArray *scopes_from_json(const json_t *json, GError **error);
