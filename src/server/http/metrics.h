/* What /metrics shows of requests. */
#pragma once

#include "server/http/router.h"

typedef struct HttpMetrics HttpMetrics;

/* Of a router with so many routes. (transfer full) */
HttpMetrics *http_metrics_new(unsigned routes);
void http_metrics_free(HttpMetrics *metrics);

typedef struct {
  unsigned status;
  double seconds;
  uint64_t received, sent; /* bytes of bodies */
} HttpCount;
/* A request has ended. Any thread. */
void http_metrics_count(HttpMetrics *metrics, const RouteMatch *match, const char *method,
                        const HttpCount *count);
