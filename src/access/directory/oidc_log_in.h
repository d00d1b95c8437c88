/* The log-in of a browser by a provider of OpenID Connect: the authorization code flow (Core 1.0,
 * section 3.1) with PKCE by S256 (RFC 7636), as RFC 9700 has it.
 *
 * What began a log-in is sealed into a cookie of the browser, so that no node keeps anything, and
 * it can only come back to the browser that began it, for ten minutes and once. It holds `state`,
 * `nonce` and the verifier, which provider was asked, and where the browser goes after it. An
 * answer must be that provider's (its own redirect address, and `iss` by RFC 9207 where it sends
 * one or says that it does), for that state, and its token must have that nonce.
 *
 * All block; any thread. */
#pragma once

#include "access/directory/oidc.h"

#define OIDC_LOG_IN_SECONDS 600

/* @redirect: where the provider sends the browser, one of those that the provider knows. @back:
 * where the browser goes then, by oidc_is_path(), or NULL. *url: where the browser goes now;
 * *cookie: what it keeps. (transfer full) */
bool oidc_log_in_begin(Access *access, const OidcSettings *settings, const char *redirect,
                       const char *back, char **url, char **cookie, GError **error);

/* What a browser brings back; hostile. NULL: it is not there. */
typedef struct {
  const char *cookie, *state, *code, *issuer, *error;
} OidcReturn;

/* *person: the row of whom the provider has proven, made or brought up to date. *back: (transfer
 * full), or NULL. ASSAY_ERROR_DENIED: no, and the message says why. Others: nobody can say now. */
bool oidc_log_in_finish(Access *access, const OidcSettings *settings, const OidcReturn *returned,
                        int64_t *person, char **back, GError **error);

/* Whether @path is one of this server, and nothing that a browser could read as the address of
 * another. Pure. */
bool oidc_is_path(const char *path);
