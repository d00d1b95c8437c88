/* A person as the API shows it, for the resources of all people and of oneself. */
#pragma once

#include "server/http/http.h"

void api_respond_user(Request *request, const char *name, unsigned status);

/* The person who asks; NULL: it is none, and it has responded. (transfer none) */
const Principal *api_asking_person(Request *request);
/* The same, of who has logged in by a password or a session: a token may not do what would outlive
 * it. */
const Principal *api_asking_by_log_in(Request *request);
/* Whether @who may end what he logs in by; false: it has responded. One whose token is cut down to
 * less may end that @token alone. NULL: it is a session. */
bool api_may_end(Request *request, const Principal *who, const char *token);
