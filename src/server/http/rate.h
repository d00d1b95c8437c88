/* The limits of an endpoint: what a client address, and who is logged in, may have in a minute. On
 * the network thread. */
#pragma once

#include "server/http/http.h"

/* Phases: false after the answer, which is 429. Each counts a request once. */
bool rate_of_address(Request *request);
bool rate_of_principal(Request *request);
/* The request has ended, and its bodies had so many bytes. */
void rate_spend(Request *request, uint64_t bytes);
