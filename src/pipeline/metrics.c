/* What /metrics prints of queues, the advisories and the policy, as they are when it is asked. */
#include "base/metrics.h"
#include "base/log.h"
#include "pipeline/pipeline-private.h"

static void
write_queues(Pipeline *pipeline, GString *out)
{
  Scans *scans = &pipeline->scans;
  g_mutex_lock(&scans->lock);
  unsigned queued = g_hash_table_size(scans->queued_layers);
  unsigned waiting = g_hash_table_size(scans->waiting);
  g_mutex_unlock(&scans->lock);
  metrics_gauge(out, "assay_inspections_queued", "Layers waiting for or under inspection.", queued);
  metrics_gauge(out, "assay_images_waiting", "Images whose layers are not all inspected yet.",
                waiting);
  metrics_gauge(out, "assay_images_older_detectors",
                "Stored images that newer detectors or rules are to inspect again; what the older "
                "ones found is in force.",
                __atomic_load_n(&pipeline->older, __ATOMIC_RELAXED));
}

static void
write_feeds(Pipeline *pipeline, GString *out)
{
  static const char updated[] = "assay_advisories_updated_seconds";
  static const char statements[] = "assay_advisories_statements";
  g_autoptr(GError) error = NULL;
  g_autoptr(AdvisoryDatabase) advisories = pipeline_advisories(pipeline);
  metrics_gauge(out, "assay_advisories_available", "Whether an advisory database is open.",
                advisories != NULL);
  g_autoptr(GPtrArray) feeds =
      advisories == NULL ? g_ptr_array_new() : advisory_database_feeds(advisories, &error);
  if (feeds == NULL) {
    log_warning("the feeds' ages cannot be read", "error", error->message, NULL);
    return;
  }
  metrics_head(out, updated, "When a feed was taken, in seconds since 1970.");
  for (guint i = 0; i < feeds->len; i++) {
    const AdvisoryFeedStatus *feed = g_ptr_array_index(feeds, i);
    double taken = (double)feed->updated / G_USEC_PER_SEC;
    metrics_sample(out, updated, taken, "feed", feed->feed, NULL);
  }
  metrics_head(out, statements, "Statements in the database, by feed.");
  for (guint i = 0; i < feeds->len; i++) {
    const AdvisoryFeedStatus *feed = g_ptr_array_index(feeds, i);
    metrics_sample(out, statements, (double)feed->count, "feed", feed->feed, NULL);
  }
}

static void
write_policy(Pipeline *pipeline, GString *out)
{
  g_autoptr(PolicySet) policy = pipeline_policy(pipeline);
  g_autofree char *problem = pipeline_policy_problem(pipeline);
  PolicyOrigin origin = policy_set_origin(policy);
  metrics_head(out, "assay_policy_info",
               "The policy in force: its file and the SHA-256 of what was read.");
  metrics_sample(out, "assay_policy_info", 1, "file", origin.file, "sha256", origin.sha256, NULL);
  metrics_gauge(out, "assay_policies", "Policies in it.", origin.policies);
  metrics_gauge(out, "assay_policy_vex_documents", "VEX documents that it names.",
                origin.documents);
  metrics_gauge(out, "assay_policy_reload_failed",
                "Whether the file, or a VEX document, could not be read again, so that what was "
                "read before stays in "
                "force.",
                problem != NULL);
}

static void
write_exemptions(Pipeline *pipeline, GString *out)
{
  static const char exemptions[] = "assay_policy_exemptions";
  g_autoptr(PolicySet) policy = pipeline_policy(pipeline);
  ExemptionCounts counts = policy_set_count_exemptions(policy, g_get_real_time());
  metrics_head(out, exemptions,
               "Exemptions of the policy in force: active, ending (those of them that end soon), "
               "ended.");
  metrics_sample(out, exemptions, counts.in_force, "state", "active", NULL);
  metrics_sample(out, exemptions, counts.ends_soon, "state", "ending", NULL);
  metrics_sample(out, exemptions, counts.ended, "state", "ended", NULL);
  metrics_gauge(out, "assay_policy_exemption_next_end_seconds",
                "When the next active exemption ends, in seconds since 1970; 0: none ends.",
                (double)(counts.next_end / G_USEC_PER_SEC));
}

/* As the keeper counted last; of all repositories, so that an image in two counts twice. */
static void
write_standings(Pipeline *pipeline, GString *out)
{
  static const char images[] = "assay_images", findings[] = "assay_findings";
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&pipeline->keeper.lock);
  const Overview *gauges = pipeline->keeper.gauges;
  if (gauges == NULL)
    return;
  metrics_head(out, images,
               "Stored images by what the policy makes of them and by the severity of "
               "their worst finding; counted at most once a minute.");
  for (int gate = 0; gate < GATE_ANSWERS; gate++)
    for (int worst = SEVERITY_CRITICAL + 1; worst >= 0; worst--)
      metrics_sample(out, images, (double)gauges->by_both[gate][worst], "gate",
                     gate_answer_name((GateAnswer)gate), "severity",
                     worst == 0 ? "none" : severity_name((Severity)(worst - 1)), NULL);
  metrics_gauge(out, "assay_images_unscanned", "Stored images of which something is not known.",
                (double)gauges->unscanned);
  metrics_gauge(out, "assay_images_fixable",
                "Stored images with a finding for which a fixed version is published.",
                (double)gauges->fixable_images);
  metrics_head(out, findings, "Findings of all stored images, by severity.");
  for (int severity = SEVERITY_CRITICAL; severity >= 0; severity--)
    metrics_sample(out, findings, (double)gauges->counts[severity], "severity",
                   severity_name((Severity)severity), NULL);
}

void
pipeline_write_metrics(Pipeline *pipeline, GString *out)
{
  write_queues(pipeline, out);
  write_feeds(pipeline, out);
  write_policy(pipeline, out);
  write_exemptions(pipeline, out);
  write_standings(pipeline, out);
  unjudged_write_metrics(pipeline, out);
}
