/* Answering a registry's 401: the token authentication of the distribution project (docs/spec/auth/
 * token.md, oauth.md), and HTTP Basic. */
#pragma once

#include <glib.h>

#include "base/cancellable.h"
#include "base/http_client.h"
#include "remote/credentials.h"

/* The value of @name in `Bearer realm="...",service="..."` (RFC 9110, 11.6.1), or NULL. Pure; a
 * fuzz target. (transfer full) */
char *token_challenge_parameter(const char *challenge, const char *name);

/* The header line that answers @challenge (a WWW-Authenticate) for @actions ("pull", "pull,push")
 * on @repository. A realm that is not https is only asked when @plain_http, and else is
 * ASSAY_ERROR_UNSUPPORTED. ASSAY_ERROR_DENIED when what we have to answer with is nothing, or not
 * enough. (transfer full) */
char *token_answer(HttpClient *client, const char *challenge, const char *repository,
                   const char *actions, const Credentials *credentials, bool plain_http,
                   Cancellable *cancellable, GError **error);
