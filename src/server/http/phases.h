/* What a request goes through before its body. */
#pragma once

#include "server/http/http.h"

/* All phases: it has responded then, or waits, or its body may come. On the network thread; runs
 * again after request_wait(). */
void request_begin(Request *request);
/* 413: for a body that is longer than the route, or its begin, allows. */
void respond_too_large(Request *request);
