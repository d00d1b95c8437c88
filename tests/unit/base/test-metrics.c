/* What is counted, and the text that tells of it. */
#include <string.h>

#include "base/metrics.h"

METRIC(plain, COUNTER("a_plain_total", "Plain."));
METRIC(outcomes, COUNTER_BY("b_outcomes_total", "By outcome.", "outcome", "done", "failed"));
METRIC(by_name, COUNTER_OF("c_names_total", "By name.", "name", "kind"));
METRIC(took, SECONDS_OF("d_took_seconds", "How long.", "what"));
METRIC(level, GAUGE("e_level", "A level."));

static char *
text_of_all(void)
{
  GString *out = g_string_new(NULL);
  metrics_write(out);
  return g_string_free(out, FALSE);
}

static void
test_from_the_start(void)
{
  g_autofree char *text = text_of_all();
  g_assert_cmpstr(text, ==,
                  "# HELP a_plain_total Plain.\n# TYPE a_plain_total counter\na_plain_total 0\n"
                  "# HELP b_outcomes_total By outcome.\n# TYPE b_outcomes_total counter\n"
                  "b_outcomes_total{outcome=\"done\"} 0\nb_outcomes_total{outcome=\"failed\"} 0\n"
                  "# HELP c_names_total By name.\n# TYPE c_names_total counter\n"
                  "# HELP d_took_seconds How long.\n# TYPE d_took_seconds histogram\n"
                  "# HELP e_level A level.\n# TYPE e_level gauge\ne_level 0\n");
}

static void
test_counted(void)
{
  static const char *const lines[] = {
      "a_plain_total 18446744073709551615\n",
      "b_outcomes_total{outcome=\"done\"} 0\nb_outcomes_total{outcome=\"failed\"} 3\n",
      "c_names_total{name=\"a\\\"b\\\\c\\nd\",kind=\"\"} "
      "1\nc_names_total{name=\"plain\",kind=\"k\"} 5\n",
      "c_names_total{name=\"\xef\xbf\xbd\",kind=\"k\"} 2\n",
      "d_took_seconds_bucket{what=\"x\",le=\"0.001\"} 1\n",
      "d_took_seconds_bucket{what=\"x\",le=\"0.005\"} 2\n",
      "d_took_seconds_bucket{what=\"x\",le=\"30\"} 2\n",
      "d_took_seconds_bucket{what=\"x\",le=\"+Inf\"} 3\n",
      "d_took_seconds_sum{what=\"x\"} 31.003000\nd_took_seconds_count{what=\"x\"} 3\n",
      "e_level -1.5\n",
  };
  metric_add(&plain, UINT64_MAX);
  metric_add_at(&outcomes, 1, 3);
  MetricSeries *series = metric_series(&by_name, "plain", "k", NULL);
  g_assert_true(series == metric_series(&by_name, "plain", "k", NULL));
  series_add(series, 5);
  series_add(metric_series(&by_name, "a\"b\\c\nd", "", NULL), 1);
  series_add(metric_series(&by_name, "\xff", "k", NULL), 2);
  series_observe(metric_series(&took, "x", NULL), 0.001);
  series_observe(metric_series(&took, "x", NULL), 0.002);
  series_observe(metric_series(&took, "x", NULL), 31);
  metric_set(&level, -1.5);
  g_autofree char *text = text_of_all();
  for (size_t i = 0; i < G_N_ELEMENTS(lines); i++) {
    g_test_message("%s", lines[i]);
    g_assert_nonnull(strstr(text, lines[i]));
  }
}

static void
test_asked(void)
{
  g_autoptr(GString) out = g_string_new(NULL);
  metrics_gauge(out, "free_bytes", "Free.", 1e15);
  metrics_head(out, "info", "Info.");
  metrics_sample(out, "info", 1, "file", "a \"b\"", "sha256", "00", NULL);
  g_assert_cmpstr(out->str, ==,
                  "# HELP free_bytes Free.\n# TYPE free_bytes gauge\nfree_bytes 1000000000000000\n"
                  "# HELP info Info.\n# TYPE info gauge\n"
                  "info{file=\"a \\\"b\\\"\",sha256=\"00\"} 1\n");
}

#define THREADS 8
#define EACH    20000

static void *
count_much(void *data)
{
  for (unsigned i = 0; i < EACH; i++) {
    metric_add_at(&outcomes, 0, 1);
    series_add(metric_series(&by_name, "threads", "k", NULL), 1);
    if (i % 1000 == 0)
      g_free(text_of_all());
  }
  return NULL;
}

static void
test_threads(void)
{
  GThread *threads[THREADS];
  for (size_t i = 0; i < THREADS; i++)
    threads[i] = g_thread_new("counter", count_much, NULL);
  for (size_t i = 0; i < THREADS; i++)
    g_thread_join(threads[i]);
  g_autofree char *text = text_of_all();
  g_assert_nonnull(strstr(text, "b_outcomes_total{outcome=\"done\"} 160000\n"));
  g_assert_nonnull(strstr(text, "c_names_total{name=\"threads\",kind=\"k\"} 160000\n"));
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/metrics/from-the-start", test_from_the_start);
  g_test_add_func("/metrics/counted", test_counted);
  g_test_add_func("/metrics/asked", test_asked);
  g_test_add_func("/metrics/threads", test_threads);
  return g_test_run();
}
