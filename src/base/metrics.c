/* Counting, and the text of /metrics; see the header.
 *
 * METRIC() puts the address of each metric into one section of the program, whose beginning and end
 * the linker names. */
#include "base/metrics.h"

#include <string.h>

static const double bounds[] = {0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30};

struct MetricSeries {
  char *labels; /* route="blob",method="GET" */
  _Atomic uint64_t count, microseconds;
  /* Of a histogram: how many took as long, and longer than the bound before. */
  _Atomic uint64_t buckets[G_N_ELEMENTS(bounds)];
};

extern Metric *const __start_assay_metrics[];
extern Metric *const __stop_assay_metrics[];

static GMutex lock; /* guards Metric.series of all, not what is in one */

/* --- counting --- */

void
metric_add(Metric *metric, uint64_t amount)
{
  metric_add_at(metric, 0, amount);
}

void
metric_add_at(Metric *metric, unsigned value, uint64_t amount)
{
  g_assert(value < METRIC_VALUES_MAX);
  atomic_fetch_add_explicit(&metric->counts[value], amount, memory_order_relaxed);
}

/* A gauge's bits are a double's. */
void
metric_set(Metric *metric, double value)
{
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  atomic_store(&metric->counts[0], bits);
}

uint64_t
metric_count(const Metric *metric)
{
  return atomic_load(&metric->counts[0]);
}

/* "name="value"", with what the format has escapes for. */
static void
append_label(GString *out, const char *name, const char *value)
{
  g_autofree char *valid = g_utf8_make_valid(value, -1);
  g_string_append_printf(out, "%s%s=\"", out->len > 0 && out->str[out->len - 1] == '"' ? "," : "",
                         name);
  for (const char *p = valid; *p != '\0'; p++) {
    if (*p == '\n')
      g_string_append(out, "\\n");
    else if (*p == '"' || *p == '\\')
      g_string_append_printf(out, "\\%c", *p);
    else
      g_string_append_c(out, *p);
  }
  g_string_append_c(out, '"');
}

MetricSeries *
metric_series(Metric *metric, const char *value, ...)
{
  g_autoptr(GString) labels = g_string_new(NULL);
  unsigned count = 0;
  va_list args;
  va_start(args, value);
  for (; value != NULL; value = va_arg(args, const char *)) {
    g_assert(count < METRIC_LABELS_MAX && metric->labels[count] != NULL);
    append_label(labels, metric->labels[count++], value);
  }
  va_end(args);
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&lock);
  if (metric->series == NULL)
    metric->series = g_hash_table_new(g_str_hash, g_str_equal);
  MetricSeries *series = g_hash_table_lookup(metric->series, labels->str);
  if (series == NULL) {
    series = g_new0(MetricSeries, 1);
    series->labels = g_strdup(labels->str);
    g_hash_table_insert(metric->series, series->labels, series);
  }
  return series;
}

void
series_add(MetricSeries *series, uint64_t amount)
{
  atomic_fetch_add_explicit(&series->count, amount, memory_order_relaxed);
}

void
series_observe(MetricSeries *series, double seconds)
{
  size_t bucket = 0;
  while (bucket < G_N_ELEMENTS(bounds) && seconds > bounds[bucket])
    bucket++;
  if (bucket < G_N_ELEMENTS(bounds))
    atomic_fetch_add_explicit(&series->buckets[bucket], 1, memory_order_relaxed);
  atomic_fetch_add_explicit(&series->microseconds, (uint64_t)(seconds * 1e6), memory_order_relaxed);
  series_add(series, 1);
}

/* --- writing --- */

static void
write_head(GString *out, MetricKind kind, const char *name, const char *help)
{
  static const char *const kinds[] = {"counter", "gauge", "histogram"};
  g_string_append_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kinds[kind]);
}

static void
write_value(GString *out, const Metric *metric, unsigned at)
{
  uint64_t bits = atomic_load(&metric->counts[at]);
  double value;
  memcpy(&value, &bits, sizeof value);
  if (metric->kind == METRIC_GAUGE)
    g_string_append_printf(out, " %.17g\n", value);
  else
    g_string_append_printf(out, " %" G_GUINT64_FORMAT "\n", bits);
}

/* The count last: a bucket never has more than it, whoever counts meanwhile. */
static void
write_histogram(GString *out, const char *name, const MetricSeries *series)
{
  uint64_t sum = 0, cumulative[G_N_ELEMENTS(bounds)];
  for (size_t i = 0; i < G_N_ELEMENTS(bounds); i++)
    cumulative[i] = sum += atomic_load(&series->buckets[i]);
  uint64_t microseconds = atomic_load(&series->microseconds), count = atomic_load(&series->count);
  count = MAX(count, sum);
  for (size_t i = 0; i < G_N_ELEMENTS(bounds); i++)
    g_string_append_printf(out, "%s_bucket{%s,le=\"%g\"} %" G_GUINT64_FORMAT "\n", name,
                           series->labels, bounds[i], cumulative[i]);
  g_string_append_printf(out,
                         "%s_bucket{%s,le=\"+Inf\"} %" G_GUINT64_FORMAT "\n"
                         "%s_sum{%s} %.6f\n%s_count{%s} %" G_GUINT64_FORMAT "\n",
                         name, series->labels, count, name, series->labels,
                         (double)microseconds / 1e6, name, series->labels, count);
}

static int
by_labels(gconstpointer a, gconstpointer b)
{
  const MetricSeries *left = *(MetricSeries *const *)a, *right = *(MetricSeries *const *)b;
  return strcmp(left->labels, right->labels);
}

static void
write_series(GString *out, const Metric *metric)
{
  g_autoptr(GPtrArray) all = g_ptr_array_new();
  GHashTableIter iter;
  void *value;
  if (metric->series == NULL)
    return;
  g_hash_table_iter_init(&iter, metric->series);
  while (g_hash_table_iter_next(&iter, NULL, &value))
    g_ptr_array_add(all, value);
  g_ptr_array_sort(all, by_labels);
  for (guint i = 0; i < all->len; i++) {
    const MetricSeries *series = g_ptr_array_index(all, i);
    if (metric->kind == METRIC_HISTOGRAM)
      write_histogram(out, metric->name, series);
    else
      g_string_append_printf(out, "%s{%s} %" G_GUINT64_FORMAT "\n", metric->name, series->labels,
                             atomic_load(&series->count));
  }
}

static void
write_metric(GString *out, const Metric *metric)
{
  write_head(out, metric->kind, metric->name, metric->help);
  if (metric->labels[0] != NULL) {
    write_series(out, metric);
  } else if (metric->label == NULL) {
    g_string_append(out, metric->name);
    write_value(out, metric, 0);
  }
  for (unsigned i = 0; i < METRIC_VALUES_MAX && metric->values[i] != NULL; i++) {
    g_string_append_printf(out, "%s{%s=\"%s\"}", metric->name, metric->label, metric->values[i]);
    write_value(out, metric, i);
  }
}

static int
by_name(gconstpointer a, gconstpointer b)
{
  const Metric *left = *(Metric *const *)a, *right = *(Metric *const *)b;
  return strcmp(left->name, right->name);
}

void
metrics_write(GString *out)
{
  g_autoptr(GPtrArray) all = g_ptr_array_new();
  /* One section, of which the linker names both ends. */
  /* cppcheck-suppress comparePointers */
  for (Metric *const *metric = __start_assay_metrics; metric < __stop_assay_metrics; metric++)
    g_ptr_array_add(all, *metric);
  g_ptr_array_sort(all, by_name);
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&lock);
  for (guint i = 0; i < all->len; i++)
    write_metric(out, g_ptr_array_index(all, i));
}

void
metrics_head(GString *out, const char *name, const char *help)
{
  write_head(out, METRIC_GAUGE, name, help);
}

void
metrics_sample(GString *out, const char *name, double value, ...)
{
  g_autoptr(GString) labels = g_string_new(NULL);
  va_list args;
  va_start(args, value);
  for (const char *label; (label = va_arg(args, const char *)) != NULL;)
    append_label(labels, label, va_arg(args, const char *));
  va_end(args);
  g_string_append_printf(out, labels->len > 0 ? "%s{%s} %.17g\n" : "%s%s %.17g\n", name,
                         labels->str, value);
}

void
metrics_gauge(GString *out, const char *name, const char *help, double value)
{
  metrics_head(out, name, help);
  metrics_sample(out, name, value, NULL);
}
