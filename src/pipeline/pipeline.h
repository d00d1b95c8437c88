/* The story of an image: a layer arrives and is inspected; a manifest arrives, its layers'
 * inventories are overlaid, its packages stored; the advisories are matched; the policy judges.
 * pipeline.c reads from top to bottom in that order.
 *
 * Arrivals return at once; the work is done by jobs (lifecycle.c lists them), and what a stop or a
 * crash interrupted is taken up at the next start. The rest blocks shortly and may be called from
 * any thread. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "advisory/advisory_settings.h"
#include "inspect/inspection.h"
#include "inventory/image.h"
#include "jobs/jobs.h"
#include "oci/image_config.h"
#include "pipeline/share.h"
#include "registry/registry.h"
#include "verdict/judge.h"
#include "verdict/match.h"
#include "verdict/observed.h"

typedef struct Pipeline Pipeline;
typedef struct Signing Signing; /* signing/signing.h */

/* Keys of `limits` in the configuration. */
typedef struct {
  uint32_t workers; /* of the jobs: layers inspected at once; 0: one a core */
} PipelineLimits;
extern const Section pipeline_limits_section;

typedef struct {
  const InspectionLimits *inspection;
  const AdvisorySettings *advisories;
  const char *policy; /* its file, or `strict`; NULL: the built-in default policy */
  bool allow_uncaged; /* as in InspectionInput */
  Signing *signing;   /* the attestors of the server; NULL: those of the policy file alone */
  /* How clients call this registry: a signature that names another does not count; NULL: each does.
   */
  const char *const *hosts;
} PipelineOptions;

/* Opens the advisory database below the data folder (none yet is fine) and the policy of @options,
 * which is copied; what it points to must live as long. Adds its kinds to @jobs, which are not
 * started yet. (transfer full) */
Pipeline *pipeline_new(const PipelineOptions *options, const char *data_folder, Registry *registry,
                       BlobStore *blobs, SqlPool *sql, Jobs *jobs, GError **error);
/* After the end of the jobs. */
void pipeline_free(Pipeline *pipeline);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Pipeline, pipeline_free)

/* What comes by the upload @upload (its id) may be a layer: it has @bytes by now, which will not
 * change. Its inspection may begin then, while the rest is still coming (early.h). Called by
 * whoever holds the upload, each PIPELINE_GROWTH_STEP from PIPELINE_GROWTH_FIRST on. False: nobody
 * wants to know more in this request. */
#define PIPELINE_GROWTH_FIRST ((uint64_t)4 * 1024 * 1024)
#define PIPELINE_GROWTH_STEP  ((uint64_t)1024 * 1024)
bool pipeline_layer_grows(Pipeline *pipeline, const char *upload, uint64_t bytes);
/* There will be no more: it is about to become a blob. */
void pipeline_layer_ends(Pipeline *pipeline, const char *upload, uint64_t bytes);
/* It is one, and this is the digest of these bytes; NULL: it is none. To be called before
 * pipeline_layer_arrived(). */
void pipeline_layer_becomes(Pipeline *pipeline, const char *upload, const Digest *digest);

/* A blob is durable in @repository. If its first bytes look like a layer, its inspection is queued.
 */
void pipeline_layer_arrived(Pipeline *pipeline, const char *repository, const Digest *digest);
/* A manifest is durable. Queues what its image needs. */
void pipeline_manifest_arrived(Pipeline *pipeline, const char *repository, const Digest *digest,
                               const Manifest *manifest);

/* Whether what comes to @repository is scanned at once. */
bool pipeline_scans_at_push(Pipeline *pipeline, const char *repository);
/* Somebody wants the stored image scanned, whatever its namespaces say. What is scanned stays as it
 * is; *state: how its scan stands now. ASSAY_ERROR_NOT_FOUND; _INVALID: it is no image. */
bool pipeline_scan_now(Pipeline *pipeline, const Digest *manifest, ScanState *state,
                       GError **error);
/* When images of the namespace are scanned has changed. */
void pipeline_scan_time_changed(Pipeline *pipeline, const char *name);

/* A blob was deleted: what is known of it goes, unless another repository has it still. What is
 * known of a manifest goes in the transaction that deletes it. */
void pipeline_blob_deleted(Pipeline *pipeline, const Digest *digest);
/* What is known of layers that no repository has any more goes, in steps between which others get
 * their turn. False: it was cancelled, or *error. */
bool pipeline_forget_lost_layers(Pipeline *pipeline, Cancellable *cancellable, GError **error);

/* The gate at pull: judges the image for @repository as far as it is known now. *scan: how its scan
 * stands; while it is SCAN_PENDING (begun, or about to be) the verdict may soon be another, and a
 * pull should wait a moment (pipeline_on_change()). An index is judged by its members at their own
 * pull, those that it carries in itself (`data`) excepted; artifacts, and repositories that no
 * policy speaks of, are SCAN_NOT_APPLICABLE; of images in the latter the verdict's warnings tell
 * whether they are scanned. Cached: a repeated question about a scanned image that a policy speaks
 * of costs a hash look-up. (transfer full) */
/* REGISTRY_DENIED: it is in quarantine (registry/quarantine.h). */
Verdict *pipeline_judge_pull(Pipeline *pipeline, const char *repository, const char *reference,
                             const StoredManifest *manifest, ScanState *scan, GError **error);
/* An image that is pulled from another registry. */
typedef struct {
  const char *repository; /* "HOST/REPOSITORY", by whose policy it is judged */
  const char *reference;  /* for messages */
  bool is_index;          /* its members are asked for by the caller */
  const StoredManifest
      *stored;                 /* the same image here, whatever it is called; NULL: there is none */
  ImageSignatures *signatures; /* beside it, there; NULL: nobody looked */
  GPtrArray *of_indexes;       /* ImageSignatures, of those that hold it there */
  int64_t turns;               /* as PolicyInput.signatures_turn */
  char *key;                   /* another as soon as what lies beside it is another */
} ImageElsewhere;
/* What the policy makes of it: by all that is known of the same image here, or, where it is not
 * here, as one that was never scanned; and by the signatures there. (transfer full) */
Verdict *pipeline_judge_elsewhere(Pipeline *pipeline, const ImageElsewhere *image, ScanState *scan,
                                  GError **error);
/* What @policy, which need not be in force, makes of the image now: for comparing policies. Nothing
 * is remembered, nothing is queued. ASSAY_ERROR_BUSY: ask again. (transfer full) */
Verdict *pipeline_judge_by(Pipeline *pipeline, const PolicySet *policy, const char *repository,
                           const StoredManifest *stored, GError **error);
/* Changes whenever a verdict may have changed (scan ended, database or policy replaced). */
uint64_t pipeline_generation(const Pipeline *pipeline);
/* A RegistryMoved (registry/move.h): what is kept by repository goes along. */
bool pipeline_repository_moved(SqlConnection *db, const char *from, const char *to, GError **error);
/* @changed is called after each change of the generation, from any thread, until it is replaced;
 * NULL: nobody. When this returns, the former is not running and will not be called again. */
void pipeline_on_change(Pipeline *pipeline, void (*changed)(void *data), void *data);

typedef struct {
  ScanState state;
  char *error;       /* why SCAN_FAILED, SCAN_WAITING or SCAN_DEFERRED */
  int64_t retry_at;  /* of the last two: when it is scanned, microseconds since 1970; 0: by hand */
  int64_t scanned;   /* microseconds since 1970 */
  char *database;    /* generation of the advisories that the counts are from */
  char *os;          /* "Debian GNU/Linux 11 (bullseye)" or NULL */
  char *end_of_life; /* until when there are advisories for it: "2026-08-31"; NULL: not known */
  uint32_t packages;
  uint32_t counts[6];      /* by Severity, of all kinds */
  ObservedCounts observed; /* of those, what is of no package */
  uint32_t observations;   /* all of that */
  uint32_t fixable[6];     /* of those, with a fixed version */
  uint32_t uncovered;      /* packages of distributions without advisories */
  uint32_t third_party;    /* packages of others than the distribution */
  uint32_t detectors;      /* detectors_fingerprint() of those that the scan is by */
  char *renewal_error; /* why the present ones, being others, could not inspect it again; or NULL */
  int64_t renewal_failed; /* since when they could not */
  GPtrArray *gaps;        /* char *: what of a scanned image is not known (completeness.h) */
} ImageSummary;
void image_summary_free(ImageSummary *summary);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ImageSummary, image_summary_free)

/* How much there is to work out of it: packages, and what was observed. */
unsigned image_summary_weight(const ImageSummary *summary);
/* Of a scan that is done: newer detectors are to inspect its layers again. Until they have, it is
 * in force. */
bool image_summary_is_of_older_detectors(const ImageSummary *summary);

/* Counts nothing of these kinds any more. */
void image_summary_leave_out(ImageSummary *summary, FindingKinds kinds);

/* Layers of which ClamAV did not judge all, and those that it judged, or refused, by other
 * signatures than it has now; 0 where that cannot be told. */
void pipeline_count_unjudged(Pipeline *pipeline, uint64_t *unjudged, uint64_t *stale);

/* What is not looked for in images of @repository: shown nowhere, blocking nothing. With NULL for
 * @repository: what none of the repositories that have @manifest looks for. */
bool pipeline_without(Pipeline *pipeline, const char *repository, const Digest *manifest,
                      FindingKinds *without, GError **error);
/* A SqlWork for the transaction that changes that in a namespace (char *): from its end on no
 * standing of its images counts as current, also after a crash. */
bool pipeline_mark_without(SqlConnection *db, void *name, GError **error);
/* After it: they are judged again. */
bool pipeline_without_changed(Pipeline *pipeline, const char *name, GError **error);

ImageSummary *pipeline_image_summary(Pipeline *pipeline, const Digest *manifest, GError **error);
/* Whether a manifest of that digest is stored, in any repository; *other: what it is ("an index"),
 * or NULL for a container image. ASSAY_ERROR_NOT_FOUND. */
bool pipeline_image_exists(Pipeline *pipeline, const Digest *manifest, char **other,
                           GError **error);
/* A MatchResult, by the live database; an ImageInventory. Of a large image, one for all who ask
 * within a moment, and few at a time: ASSAY_ERROR_BUSY, ask again when pipeline_on_change() tells.
 * @weight: image_summary_weight(). (transfer full) */
SharedItem *pipeline_image_findings(Pipeline *pipeline, const Digest *manifest, unsigned weight,
                                    GError **error);
/* What was observed in an image alone, for which no advisories are needed. (transfer full) */
MatchResult *pipeline_image_observed(Pipeline *pipeline, const Digest *manifest, GError **error);
SharedItem *pipeline_image_inventory(Pipeline *pipeline, const Digest *manifest, unsigned weight,
                                     GError **error);
/* The config of a container image. NULL without *error: it is of another kind. (transfer full) */
ImageConfig *pipeline_image_config(Pipeline *pipeline, const Digest *manifest, GError **error);
/* What @policy's VEX statements for images of @repository are compared with; where there are none,
 * nothing is looked up. *@packages lives as long as *@image. (transfer full) */
bool pipeline_statements_image(Pipeline *pipeline, const PolicySet *policy, const char *repository,
                               const Digest *manifest, ImageInventory **packages, VexImage *image,
                               GError **error);
/* What @inventory, of an image that need not be stored, has by the live database.
 * ASSAY_ERROR_NOT_FOUND: there are no advisories. (transfer full) */
MatchResult *pipeline_match(Pipeline *pipeline, const ImageInventory *inventory, GError **error);
/* What the present detectors found in a layer that some repository has; NULL: it is not stored, or
 * they have not looked at it. (transfer full) */
LayerInventory *pipeline_layer_inventory(Pipeline *pipeline, const Digest *layer);
/* Lets go of what nobody asks for any more; called now and then. */
void pipeline_tidy(Pipeline *pipeline);

/* Whether an advisory database is open. */
bool pipeline_has_advisories(Pipeline *pipeline);
/* The feeds of the open one: AdvisoryFeedStatus; empty when there is none. *generation: what names
 * it, or NULL. (transfer full) */
GPtrArray *pipeline_feeds(Pipeline *pipeline, char **generation, GError **error);
/* For people: "ok", or what is wrong with them and what to do. (transfer full) */
char *pipeline_describe_advisories(Pipeline *pipeline);
/* What /metrics prints of queues, feeds and policies, as they are now. */
void pipeline_write_metrics(Pipeline *pipeline, GString *out);
/* Other rules may be in force (SIGHUP): images that were inspected by former ones are inspected
 * again, in the background. Where none was, nothing happens. */
void pipeline_renew(Pipeline *pipeline);
/* Reads the policy file again (SIGHUP). The old one stays when the new one is broken. Either way
 * /metrics and pipeline_policy_problem() tell; the log has what is in force now. */
bool pipeline_reload_policy(Pipeline *pipeline, const char *path, GError **error);
/* Why the policy file, or a VEX document that it names, could not be read again; NULL: what it says
 * is in force. (transfer full) */
char *pipeline_policy_problem(Pipeline *pipeline);
/* What is in force. (transfer full) */
PolicySet *pipeline_policy(Pipeline *pipeline);
