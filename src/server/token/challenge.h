/* How a client is told where to get a token, and for what: the WWW-Authenticate header of a 401
 * (RFC 6750, section 3; "Token Authentication Specification" of distribution). */
#pragma once

typedef struct Request Request;

/* The path of the token endpoint. */
#define TOKEN_PATH "/token"

/* `Bearer realm="https://HOST/token",service="assay",scope="repository:team/app:pull"`. The realm
 * is access.realm, or on the host that the request names, so that it is one that the client
 * reaches. @scope: as token_scope_of(), or NULL; @word: "invalid_token" or "insufficient_scope", or
 * NULL. Where the request names no host that can be used it is a challenge of Basic. (transfer
 * full) */
char *token_challenge(const Request *request, const char *scope, const char *word);

/* What a token must be for, so that this request is allowed: a scope for each repository that it is
 * about, separated by spaces; a mount has two. NULL: none, as at /v2/. (transfer full) */
char *token_scope_of(const Request *request);
