/* OPTIONS, and pages of other origins. */
#pragma once

#include "server/http/http.h"

/* Adds what lets the page of another origin read the answer, where the config allows it. */
void cors_add_headers(Request *request);
/* Answers OPTIONS for a path that takes @methods. */
void cors_respond_options(Request *request, const char *methods);
/* Whether the request comes from a page of another site, as browsers tell (Sec-Fetch-Site; before
 * that Origin), and `cors_origins` does not name the page's origin. Other clients tell neither. */
bool cors_is_foreign(const Request *request);
