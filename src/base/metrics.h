/* What the server counts and measures, as /metrics prints it: Prometheus' text format 0.0.4.
 *
 * What happens is counted where it happens, in a metric that nobody else needs to know:
 *
 *   METRIC(images_scanned, COUNTER("assay_images_scanned_total", "Images scanned."));
 *   ...
 *   metric_add(&images_scanned, 1);
 *
 * metrics_write() prints every METRIC() of the program. They are of the process, from 0 at its
 * start. What is only known when somebody asks (sizes, ages) is no METRIC(): it is printed then, by
 * metrics_gauge() and the two below it.
 *
 * All may be called from any thread. */
#pragma once

#include <glib.h>
#include <stdatomic.h>
#include <stdint.h>

typedef enum { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM } MetricKind;

#define METRIC_VALUES_MAX 6
#define METRIC_LABELS_MAX 3

/* A metric with one set of labels. */
typedef struct MetricSeries MetricSeries;

typedef struct {
  const char *name, *help;
  MetricKind kind;
  /* Either one label whose values are all known (COUNTER_BY()), */
  const char *label, *values[METRIC_VALUES_MAX];
  /* or labels whose values come (COUNTER_OF(), SECONDS_OF()), or neither. */
  const char *labels[METRIC_LABELS_MAX];
  /* The rest is metrics.c's own. */
  _Atomic uint64_t counts[METRIC_VALUES_MAX];
  GHashTable *series;
} Metric;

/* Defines the metric for this file. */
#define METRIC(variable, ...)                                                                      \
  static Metric variable = __VA_ARGS__;                                                            \
  static Metric *const variable##_listed __attribute__((section("assay_metrics"), used)) = &variable

/* Names and helps are literals; of a counter the name ends in _total. */
#define COUNTER(name_, help_)                                                                      \
  {                                                                                                \
    .name = name_, .help = help_, .kind = METRIC_COUNTER                                           \
  }
/* Of one label with values that are named here: each is printed from the start. For
 * metric_add_at(). */
#define COUNTER_BY(name_, help_, label_, ...)                                                      \
  {                                                                                                \
    .name = name_, .help = help_, .kind = METRIC_COUNTER, .label = label_, .values = {             \
      __VA_ARGS__                                                                                  \
    }                                                                                              \
  }
/* Of up to METRIC_LABELS_MAX labels, named here, whose values come. For metric_series(). */
#define COUNTER_OF(name_, help_, ...)                                                              \
  {                                                                                                \
    .name = name_, .help = help_, .kind = METRIC_COUNTER, .labels = { __VA_ARGS__ }                \
  }
/* How long something took: how often in at most 1 ms, 5 ms and so on up to 30 s, and in all. */
#define SECONDS_OF(name_, help_, ...)                                                              \
  {                                                                                                \
    .name = name_, .help = help_, .kind = METRIC_HISTOGRAM, .labels = { __VA_ARGS__ }              \
  }
#define GAUGE(name_, help_)                                                                        \
  {                                                                                                \
    .name = name_, .help = help_, .kind = METRIC_GAUGE                                             \
  }

void metric_add(Metric *metric, uint64_t amount);
/* To the value of that place in COUNTER_BY(). */
void metric_add_at(Metric *metric, unsigned value, uint64_t amount);
void metric_set(Metric *metric, double value);
uint64_t metric_count(const Metric *metric);

/* Of a COUNTER_OF() or SECONDS_OF(): @value and what follows, up to NULL, are those of its labels,
 * in order. Kept for ever: the values must be few, and none that a client chooses. Takes a lock;
 * the result may be kept. (transfer none) */
MetricSeries *metric_series(Metric *metric, const char *value, ...) G_GNUC_NULL_TERMINATED;
void series_add(MetricSeries *series, uint64_t amount);
void series_observe(MetricSeries *series, double seconds);

/* Every METRIC(), by name. */
void metrics_write(GString *out);
void metrics_gauge(GString *out, const char *name, const char *help, double value);
/* A gauge with labels: its head, then each sample with names and values of labels, up to NULL. */
void metrics_head(GString *out, const char *name, const char *help);
void metrics_sample(GString *out, const char *name, double value, ...) G_GNUC_NULL_TERMINATED;
