/* Personal access tokens, for the resources of all people's and of one's own. */
#pragma once

#include "server/http/http.h"

/* @owner: whose; NULL: of all. */
void api_respond_tokens(Request *request, const char *owner);
/* That of the path, if it is @owner's; NULL: whoever's. */
void api_respond_token(Request *request, const char *owner);
/* By the body; @folder: where the new one is. */
void api_create_token(Request *request, const char *owner, const char *folder);
/* That of the path, if it is @owner's; NULL: whoever's. */
void api_revoke_token(Request *request, const char *owner);
