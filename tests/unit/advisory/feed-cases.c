/* Running the cases; see the header. */
#include "feed-cases.h"

#include <string.h>

#include "advisory/feeds/unpack.h"
#include "base/error.h"
#include "cage/worker_process.h"

void
feed_cases_open_cage(void)
{
  const WorkerLimits limits = {.memory_bytes = (uint64_t)2 << 30, .seconds = 600};
  worker_set_program(g_getenv("ASSAY_PROGRAM"));
  unpack_set_limits(&limits, false);
}

bool
feed_case_write_range(const AdvisoryRange *range, void *data, GError **error)
{
  g_string_append_printf(data, "%s %s %s %s", range->id, range->ecosystem, range->package,
                         advisory_state_name(range->state));
  const struct {
    const char *name, *value;
  } members[] = {{"from", range->introduced},    {"fixed", range->fixed_version},
                 {"last", range->last_affected}, {"vendor", range->vendor_id},
                 {"module", range->module},      {"note", range->note},
                 {"arch", range->architectures}, {"has", range->release_version}};
  for (size_t i = 0; i < G_N_ELEMENTS(members); i++)
    if (members[i].value != NULL)
      g_string_append_printf(data, " %s=%s", members[i].name, members[i].value);
  if (range->severity != SEVERITY_UNKNOWN)
    g_string_append_printf(data, " %s", severity_name(range->severity));
  g_string_append_c(data, '\n');
  return true;
}

static void
write_text(GString *text, const char *name, const char *value)
{
  if (value != NULL)
    g_string_append_printf(text, " %s=%s", name, value);
}

bool
feed_case_write_details(const AdvisoryDetails *details, void *data, GError **error)
{
  g_string_append_printf(data, "details %s", details->id);
  for (guint i = 0; details->aliases != NULL && details->aliases[i] != NULL; i++)
    g_string_append_printf(data, " alias=%s", details->aliases[i]);
  write_text(data, "title", details->title);
  write_text(data, "text", details->description);
  write_text(data, "from", details->published);
  write_text(data, "to", details->modified);
  if (details->cvss_score >= 0)
    g_string_append_printf(data, " cvss=%.1f", details->cvss_score);
  else
    write_text(data, "vector", details->cvss_vector);
  if (details->epss_score >= 0)
    g_string_append_printf(data, " epss=%.5f/%.5f", details->epss_score, details->epss_percentile);
  if (details->known_exploited)
    g_string_append_printf(data, " exploited=%s", details->known_exploited_due);
  for (guint i = 0; details->references != NULL && details->references[i] != NULL; i++)
    write_text(data, "ref", details->references[i]);
  for (unsigned i = 0; i < cwes_count(&details->cwes); i++)
    g_string_append_printf(data, " cwe=%u", details->cwes.numbers[i]);
  g_string_append_c(data, '\n');
  return true;
}

void
feed_cases_run(const FeedCase *cases, size_t count)
{
  for (size_t i = 0; i < count; i++) {
    g_test_message("case: %s", cases[i].name);
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) text = g_string_new(NULL);
    const FeedSink sink = {
        .range = feed_case_write_range, .details = feed_case_write_details, .data = text};
    uint64_t skipped = 0;
    bool parsed =
        cases[i].parse(slice_from_string(cases[i].text), "almalinux:9", &sink, &skipped, &error);
    if (cases[i].expected == NULL) {
      g_assert_false(parsed);
      g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_INVALID);
      continue;
    }
    g_assert_no_error(error);
    g_assert_cmpstr(text->str, ==, cases[i].expected);
    g_assert_cmpuint(skipped, ==, cases[i].skipped);
  }
}

static bool
refuse_range(const AdvisoryRange *range, void *data, GError **error)
{
  return error_set(error, ASSAY_ERROR_IO, "the disk is full");
}

/* What the taker of a statement fails with is what the parser fails with. */
void
feed_cases_run_against_errors(const FeedCase *cases, size_t count)
{
  const FeedSink sink = {.range = refuse_range};
  for (size_t i = 0; i < count; i++) {
    if (cases[i].expected == NULL || strstr(cases[i].expected, " almalinux:9 ") == NULL)
      continue;
    g_test_message("case: %s", cases[i].name);
    g_autoptr(GError) error = NULL;
    uint64_t skipped = 0;
    g_assert_false(
        cases[i].parse(slice_from_string(cases[i].text), "almalinux:9", &sink, &skipped, &error));
    g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_IO);
  }
}
