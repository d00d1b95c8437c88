/* Counters and a latency histogram of requests, in Prometheus' text format 0.0.4. */
#include <string.h>

#include "server/http/http-private.h"

static const double bounds[] = {0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30};

typedef struct {
  unsigned status;
  uint64_t count;
} StatusCount;

/* Of a route and method. The statuses are counted apart: a histogram for each of them would be ten
 * times as many lines for no question that anybody asks. */
typedef struct {
  char *label, *method;
  GArray *statuses; /* StatusCount */
  uint64_t count, received, sent;
  double seconds;
  uint64_t buckets[G_N_ELEMENTS(bounds)];
} Series;

struct HttpMetrics {
  GMutex lock; /* guards series */
  GHashTable *series;
};

static guint
series_hash(gconstpointer data)
{
  const Series *series = data;
  return g_str_hash(series->label) ^ g_str_hash(series->method);
}

static gboolean
series_equal(gconstpointer a, gconstpointer b)
{
  const Series *left = a, *right = b;
  return strcmp(left->label, right->label) == 0 && strcmp(left->method, right->method) == 0;
}

static void
series_free(void *data)
{
  Series *series = data;
  g_array_unref(series->statuses);
  g_free(series->label);
  g_free(series->method);
  g_free(series);
}

HttpMetrics *
http_metrics_new(void)
{
  HttpMetrics *metrics = g_new0(HttpMetrics, 1);
  g_mutex_init(&metrics->lock);
  metrics->series = g_hash_table_new_full(series_hash, series_equal, series_free, NULL);
  return metrics;
}

void
http_metrics_free(HttpMetrics *metrics)
{
  if (metrics == NULL)
    return;
  g_hash_table_unref(metrics->series);
  g_mutex_clear(&metrics->lock);
  g_free(metrics);
}

/* Clients choose methods: those that no route has share one series. */
static char *
known_method(const char *method)
{
  static const char *const known[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", NULL};
  return g_strv_contains(known, method) ? g_strdup(method) : g_strdup("other");
}

/* (transfer none): of the metrics. */
static Series *
find_series(HttpMetrics *metrics, const char *label, const char *method)
{
  g_autofree char *kept_method = known_method(method), *kept_label = g_strdup(label);
  const Series key = {.label = kept_label, .method = kept_method};
  Series *series = g_hash_table_lookup(metrics->series, &key);
  if (series != NULL)
    return series;
  series = g_new0(Series, 1);
  series->label = g_steal_pointer(&kept_label);
  series->method = g_steal_pointer(&kept_method);
  series->statuses = g_array_new(FALSE, FALSE, sizeof(StatusCount));
  g_hash_table_add(metrics->series, series);
  return series;
}

static void
count_status(Series *series, unsigned status)
{
  for (guint i = 0; i < series->statuses->len; i++) {
    StatusCount *counted = &g_array_index(series->statuses, StatusCount, i);
    if (counted->status == status) {
      counted->count++;
      return;
    }
  }
  StatusCount first = {status, 1};
  g_array_append_val(series->statuses, first);
}

void
http_metrics_count(HttpMetrics *metrics, const char *label, const char *method, unsigned status,
                   double seconds, uint64_t received, uint64_t sent)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&metrics->lock);
  Series *series = find_series(metrics, label, method);
  count_status(series, status);
  series->count++;
  series->received += received;
  series->sent += sent;
  series->seconds += seconds;
  for (size_t i = 0; i < G_N_ELEMENTS(bounds); i++)
    series->buckets[i] += seconds <= bounds[i];
}

static void
write_counts(const Series *series, const char *labels, GString *out)
{
  for (guint i = 0; i < series->statuses->len; i++) {
    const StatusCount *counted = &g_array_index(series->statuses, StatusCount, i);
    g_string_append_printf(out,
                           "assay_http_requests_total{%s,status=\"%u\"} %" G_GUINT64_FORMAT "\n",
                           labels, counted->status, counted->count);
  }
}

static void
write_series(const Series *series, GString *counts, GString *received, GString *sent,
             GString *latency)
{
  g_autofree char *labels =
      g_strdup_printf("route=\"%s\",method=\"%s\"", series->label, series->method);
  write_counts(series, labels, counts);
  g_string_append_printf(received, "assay_http_request_bytes_total{%s} %" G_GUINT64_FORMAT "\n",
                         labels, series->received);
  g_string_append_printf(sent, "assay_http_response_bytes_total{%s} %" G_GUINT64_FORMAT "\n",
                         labels, series->sent);
  for (size_t i = 0; i < G_N_ELEMENTS(bounds); i++)
    g_string_append_printf(
        latency, "assay_http_request_duration_seconds_bucket{%s,le=\"%g\"} %" G_GUINT64_FORMAT "\n",
        labels, bounds[i], series->buckets[i]);
  g_string_append_printf(latency,
                         "assay_http_request_duration_seconds_bucket{%s,le=\"+Inf\"} "
                         "%" G_GUINT64_FORMAT "\n"
                         "assay_http_request_duration_seconds_sum{%s} %f\n"
                         "assay_http_request_duration_seconds_count{%s} %" G_GUINT64_FORMAT "\n",
                         labels, series->count, labels, series->seconds, labels, series->count);
}

void
http_metrics_write(HttpMetrics *metrics, GString *out)
{
  g_autoptr(GString) counts = g_string_new("# HELP assay_http_requests_total Requests answered.\n"
                                           "# TYPE assay_http_requests_total counter\n");
  g_autoptr(GString) received =
      g_string_new("# HELP assay_http_request_bytes_total Bytes of bodies received.\n"
                   "# TYPE assay_http_request_bytes_total counter\n");
  g_autoptr(GString) sent =
      g_string_new("# HELP assay_http_response_bytes_total Bytes of bodies "
                   "sent whole.\n# TYPE assay_http_response_bytes_total counter\n");
  g_autoptr(GString) latency =
      g_string_new("# HELP assay_http_request_duration_seconds Time from the head of a request to "
                   "the end of its answer.\n"
                   "# TYPE assay_http_request_duration_seconds histogram\n");
  GHashTableIter iter;
  void *series;
  g_mutex_lock(&metrics->lock);
  g_hash_table_iter_init(&iter, metrics->series);
  while (g_hash_table_iter_next(&iter, &series, NULL))
    write_series(series, counts, received, sent, latency);
  g_mutex_unlock(&metrics->lock);
  g_string_append_printf(out, "%s%s%s%s", counts->str, received->str, sent->str, latency->str);
}
