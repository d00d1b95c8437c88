/* What is around the work of a route: what its request says of repeats and of what must hold. */
#pragma once

#include "server/http/http.h"

/* Runs the finish of its route, unless repeats.h or conditions.h have an answer already. */
void request_finish_route(Request *request);
