/* Counters and a latency histogram of requests, by route and method. The statuses are counted
 * apart: a histogram for each of them would be ten times as many lines for no question that anybody
 * asks.
 *
 * The series of a route and method are looked up once, and kept where its requests find them
 * without a lock. */
#include "server/http/metrics.h"

#include <string.h>

#include "base/metrics.h"

#define STATUS_END 600u

METRIC(requests,
       COUNTER_OF("assay_http_requests_total", "Requests answered.", "route", "method", "status"));
METRIC(received, COUNTER_OF("assay_http_request_bytes_total", "Bytes of bodies received.", "route",
                            "method"));
METRIC(sent, COUNTER_OF("assay_http_response_bytes_total", "Bytes of bodies sent whole.", "route",
                        "method"));
METRIC(latency,
       SECONDS_OF("assay_http_request_duration_seconds",
                  "Time from the head of a request to the end of its answer.", "route", "method"));

/* Clients choose methods: those that no route has share one series, the last. */
static const char *const methods[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "other"};
#define METHODS G_N_ELEMENTS(methods)

typedef struct {
  MetricSeries *received, *sent, *latency;
  _Atomic(MetricSeries *) statuses[STATUS_END];
} RouteSeries;

struct HttpMetrics {
  GMutex lock; /* guards that a series is made once */
  unsigned routes;
  _Atomic(RouteSeries *) series[]; /* of each route, and of none: of each method */
};

HttpMetrics *
http_metrics_new(unsigned routes)
{
  size_t count = (routes + 1) * METHODS;
  HttpMetrics *metrics = g_malloc0(sizeof(HttpMetrics) + count * sizeof metrics->series[0]);
  g_mutex_init(&metrics->lock);
  metrics->routes = routes;
  return metrics;
}

void
http_metrics_free(HttpMetrics *metrics)
{
  if (metrics == NULL)
    return;
  for (size_t i = 0; i < (metrics->routes + 1) * METHODS; i++)
    g_free(metrics->series[i]);
  g_mutex_clear(&metrics->lock);
  g_free(metrics);
}

static size_t
method_index(const char *method)
{
  size_t i = 0;
  while (i < METHODS - 1 && strcmp(method, methods[i]) != 0)
    i++;
  return i;
}

/* (transfer none): of the metrics. */
static RouteSeries *
find_series(HttpMetrics *metrics, unsigned route, const char *label, size_t method)
{
  _Atomic(RouteSeries *) *place = &metrics->series[route * METHODS + method];
  RouteSeries *found = atomic_load_explicit(place, memory_order_acquire);
  if (found != NULL)
    return found;
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&metrics->lock);
  found = atomic_load(place);
  if (found != NULL)
    return found;
  found = g_new0(RouteSeries, 1);
  found->received = metric_series(&received, label, methods[method], NULL);
  found->sent = metric_series(&sent, label, methods[method], NULL);
  found->latency = metric_series(&latency, label, methods[method], NULL);
  atomic_store_explicit(place, found, memory_order_release);
  return found;
}

static void
count_status(RouteSeries *series, const char *label, size_t method, unsigned status)
{
  _Atomic(MetricSeries *) *place = &series->statuses[MIN(status, STATUS_END - 1)];
  MetricSeries *found = atomic_load_explicit(place, memory_order_acquire);
  if (found == NULL) {
    char text[16];
    g_snprintf(text, sizeof text, "%u", status);
    found = metric_series(&requests, label, methods[method], text, NULL);
    atomic_store_explicit(place, found, memory_order_release);
  }
  series_add(found, 1);
}

void
http_metrics_count(HttpMetrics *metrics, const RouteMatch *match, const char *method,
                   const HttpCount *count)
{
  unsigned route = match->route == NULL ? metrics->routes : match->index;
  const char *label = route_label(match->route);
  size_t at = method_index(method);
  RouteSeries *series = find_series(metrics, route, label, at);
  count_status(series, label, at, count->status);
  series_add(series->received, count->received);
  series_add(series->sent, count->sent);
  series_observe(series->latency, count->seconds);
}
