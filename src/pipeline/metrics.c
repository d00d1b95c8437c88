/* What /metrics prints of inspections, matching, advisories and refusals. */
#include "base/log.h"
#include "pipeline/pipeline-private.h"

void
pipeline_count_refusal(Pipeline *pipeline, const Verdict *verdict)
{
  const char *policy = verdict->policy != NULL ? verdict->policy : "";
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&pipeline->lock);
  uint64_t *count = g_hash_table_lookup(pipeline->refusals, policy);
  if (count == NULL) {
    count = g_new0(uint64_t, 1);
    g_hash_table_insert(pipeline->refusals, g_strdup(policy), count);
  }
  (*count)++;
}

char *
metrics_label(const char *text)
{
  g_autofree char *valid = g_utf8_make_valid(text, -1);
  GString *escaped = g_string_new(NULL);
  for (const char *p = valid; *p != '\0'; p++) {
    if (*p == '\n')
      g_string_append(escaped, "\\n");
    else if (*p == '"' || *p == '\\')
      g_string_append_printf(escaped, "\\%c", *p);
    else
      g_string_append_c(escaped, *p);
  }
  return g_string_free(escaped, FALSE);
}

static void
write_refusals(Pipeline *pipeline, GString *out)
{
  GHashTableIter iter;
  void *policy, *count;
  g_string_append(out, "# HELP assay_pulls_denied_total Pulls refused, by policy.\n"
                       "# TYPE assay_pulls_denied_total counter\n");
  g_hash_table_iter_init(&iter, pipeline->refusals);
  while (g_hash_table_iter_next(&iter, &policy, &count)) {
    g_autofree char *label = metrics_label(policy);
    g_string_append_printf(out, "assay_pulls_denied_total{policy=\"%s\"} %" G_GUINT64_FORMAT "\n",
                           label, *(uint64_t *)count);
  }
}

static void
write_feeds(Pipeline *pipeline, GString *out)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(AdvisoryDatabase) advisories = pipeline_advisories(pipeline);
  g_mutex_lock(&pipeline->lock);
  uint64_t damaged = pipeline->advisories_damaged;
  g_mutex_unlock(&pipeline->lock);
  g_string_append_printf(out,
                         "# HELP assay_advisories_available Whether an advisory database is open.\n"
                         "# TYPE assay_advisories_available gauge\n"
                         "assay_advisories_available %d\n"
                         "# HELP assay_advisories_damaged_total Databases found damaged and moved "
                         "aside.\n"
                         "# TYPE assay_advisories_damaged_total counter\n"
                         "assay_advisories_damaged_total %" G_GUINT64_FORMAT "\n",
                         advisories != NULL, damaged);
  g_autoptr(GPtrArray) feeds =
      advisories == NULL ? NULL : advisory_database_feeds(advisories, &error);
  if (error != NULL)
    log_warning("the feeds' ages cannot be read", "error", error->message, NULL);
  g_autoptr(GString) counts =
      g_string_new("# HELP assay_advisories_statements Statements in the database, by feed.\n"
                   "# TYPE assay_advisories_statements gauge\n");
  g_string_append(out, "# HELP assay_advisories_updated_seconds When a feed was taken, in seconds "
                       "since 1970.\n"
                       "# TYPE assay_advisories_updated_seconds gauge\n");
  for (guint i = 0; feeds != NULL && i < feeds->len; i++) {
    const AdvisoryFeedStatus *feed = g_ptr_array_index(feeds, i);
    g_autofree char *name = metrics_label(feed->feed);
    g_string_append_printf(out, "assay_advisories_updated_seconds{feed=\"%s\"} %.0f\n", name,
                           (double)feed->updated / G_USEC_PER_SEC);
    g_string_append_printf(counts,
                           "assay_advisories_statements{feed=\"%s\"} %" G_GUINT64_FORMAT "\n", name,
                           feed->count);
  }
  g_string_append(out, counts->str);
}

void
pipeline_write_metrics(Pipeline *pipeline, GString *out)
{
  g_mutex_lock(&pipeline->lock);
  g_string_append_printf(
      out,
      "# HELP assay_inspections_total Layers inspected, by outcome.\n"
      "# TYPE assay_inspections_total counter\n"
      "assay_inspections_total{outcome=\"done\"} %" G_GUINT64_FORMAT "\n"
      "assay_inspections_total{outcome=\"failed\"} %" G_GUINT64_FORMAT "\n"
      "assay_inspections_total{outcome=\"postponed\"} %" G_GUINT64_FORMAT "\n"
      "# HELP assay_inspections_queued Layers waiting for or under inspection.\n"
      "# TYPE assay_inspections_queued gauge\n"
      "assay_inspections_queued %u\n"
      "# HELP assay_images_scanned_total Images scanned.\n"
      "# TYPE assay_images_scanned_total counter\n"
      "assay_images_scanned_total %" G_GUINT64_FORMAT "\n"
      "# HELP assay_images_waiting Images whose layers are not all inspected yet.\n"
      "# TYPE assay_images_waiting gauge\n"
      "assay_images_waiting %u\n"
      "# HELP assay_rematches_total Times that all images were matched with new advisories.\n"
      "# TYPE assay_rematches_total counter\n"
      "assay_rematches_total %" G_GUINT64_FORMAT "\n"
      "# HELP assay_rematch_seconds How long the last of them took.\n"
      "# TYPE assay_rematch_seconds gauge\n"
      "assay_rematch_seconds %f\n",
      pipeline->layers_inspected, pipeline->layers_failed, pipeline->layers_postponed,
      g_hash_table_size(pipeline->queued_layers), pipeline->images_scanned,
      g_hash_table_size(pipeline->waiting), pipeline->rematches, pipeline->rematch_seconds);
  write_refusals(pipeline, out);
  g_mutex_unlock(&pipeline->lock);
  write_feeds(pipeline, out);
  share_write_metrics(pipeline->share, out);
  policy_write_metrics(pipeline, out);
}
