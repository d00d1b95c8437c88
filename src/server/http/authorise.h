/* The phase that asks whether who asks may do what the route does (Route.needs, Route.on), and how
 * a client is told that it may not:
 *
 * - 401 with a challenge, to who has shown nothing, or what was shown is wrong or not enough;
 * - 404 for a repository that who is logged in may not know of;
 * - 403 for the rest, with the rule that decided. */
#pragma once

#include <stdbool.h>

typedef struct Request Request;

/* A Phase. */
bool request_authorise(Request *request);
/* @word: of RFC 6750, section 3.1, for the challenge; NULL: the request showed nothing. */
void respond_unauthorized(Request *request, const char *word, const char *message);
/* For the log: who asks; NULL: nobody with a name. (transfer none) */
const char *request_user(const Request *request);
