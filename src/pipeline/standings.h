/* How each stored image stands: what the policy in force makes of it in each repository, and its
 * counts, as rows, so that lists and questions about all images look up. The pull does not read
 * them: the gate judges anew (pipeline_judge_pull()). Rows are made in the background after a scan,
 * a change of the advisories or the policy, and when a verdict may turn by itself; one that was
 * made by other advisories or another policy than those in force is not `current`. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "pipeline/pipeline.h"

/* Stored as numbers: new ones go to the end. */
typedef enum { GATE_ALLOWED, GATE_WARNS, GATE_REFUSED } GateAnswer;
#define GATE_ANSWERS 3
const char *gate_answer_name(GateAnswer answer); /* "allowed", "warns", "refused" */
extern const char *const gate_answer_names[];

typedef struct {
  char *repository, *manifest;
  GateAnswer gate;
  bool unscanned; /* not known to be clean */
  bool current;
  char *policy, *reason; /* which policy, and what it says; the latter NULL: nothing */
  unsigned blocking;
  uint32_t counts[SEVERITY_CRITICAL + 1], fixable[SEVERITY_CRITICAL + 1];
  uint64_t size;  /* bytes of config and layers */
  int64_t pushed; /* microseconds since 1970 */
} Standing;
void standing_free(Standing *standing);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Standing, standing_free)

/* One that is not written down yet, or not by what is in force, is judged now, when the image is
 * scanned. It is not `current` where that had to wait. NULL without *error: there is none.
 * (transfer full) */
Standing *pipeline_standing(Pipeline *pipeline, const char *repository, const Digest *manifest,
                            GError **error);

typedef struct {
  const char *repository;    /* NULL: all; likewise below */
  const char *vulnerability; /* its first name (pipeline_vulnerability_id()) */
  const char *package;       /* its name, or its source's */
  int gate;                  /* GateAnswer; -1: any */
  int severities;            /* bits by Severity, of findings that it has; 0: any */
  uint64_t least, most;      /* of the size; most 0: no limit */
  /* Whether who asks may see images of a repository; NULL: all of them. */
  bool (*sees)(const char *repository, void *data);
  void *data;
} StandingFilter;
/* Newest first; *total counts all that pass. (transfer full): Standing */
GPtrArray *pipeline_standings(Pipeline *pipeline, const StandingFilter *filter, int64_t limit,
                              int64_t offset, uint64_t *total, GError **error);

/* --- all images --- */

typedef struct {
  char *day; /* "2026-11-26", UTC */
  uint64_t images, gates[GATE_ANSWERS], unscanned, counts[SEVERITY_CRITICAL + 1], fixable;
} DayCounts;

typedef struct {
  uint64_t images;                       /* of all repositories */
  uint64_t gates[GATE_ANSWERS];          /* by GateAnswer */
  uint64_t worst[SEVERITY_CRITICAL + 2]; /* by 1 + severity of the worst finding; 0: none */
  uint64_t by_both[GATE_ANSWERS][SEVERITY_CRITICAL + 2];
  uint64_t unscanned;                      /* of which something is not known */
  uint64_t counts[SEVERITY_CRITICAL + 1];  /* findings */
  uint64_t fixable[SEVERITY_CRITICAL + 1]; /* of those, with a fixed version */
  uint64_t fixable_images, bytes;
  /* What is not known yet: then nothing above is the whole. */
  uint64_t unmatched; /* packages that the live advisories were not asked of */
  uint64_t unjudged;  /* images whose standing is of other advisories or another policy, or is not
                         there yet */
  uint64_t pending, waiting, failed; /* scans */
  uint64_t
      older; /* images, of all namespaces, that newer detectors or rules are to inspect again */
  GPtrArray *days; /* DayCounts, oldest first */
} Overview;
void overview_free(Overview *overview);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Overview, overview_free)
/* @name: a namespace (what is before the first slash), or NULL; @days: how many of the history. */
Overview *pipeline_overview(Pipeline *pipeline, const char *name, unsigned days, GError **error);
/* Only what is not known yet. */
Overview *pipeline_unknown(Pipeline *pipeline, GError **error);

/* --- one vulnerability --- */

/* The name under which it is stored, as far as the advisories know another. (transfer full) */
char *pipeline_vulnerability_id(Pipeline *pipeline, const char *name, GError **error);
typedef struct {
  char *name, *source, *version, *architecture, *ecosystem, *fixed_version;
  Severity severity;
  AdvisoryState state;
  bool known_exploited;
  int64_t first_seen;
} AffectedPackage;
typedef struct {
  int64_t id; /* of the image, whatever the repository */
  char *repository, *manifest;
  int64_t pushed;
  int gate;            /* GateAnswer; -1: not judged yet */
  GPtrArray *packages; /* AffectedPackage, of VulnerabilityImages */
} AffectedImage;
typedef struct {
  GPtrArray *packages; /* AffectedPackage */
  GPtrArray *images;   /* AffectedImage, by repository and digest: those of the page */
  uint64_t total;      /* images on all pages */
  uint64_t unmatched;  /* packages that the live advisories were not asked of yet */
  uint64_t unscanned;  /* images whose packages are not known */
} VulnerabilityImages;
void vulnerability_images_free(VulnerabilityImages *images);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VulnerabilityImages, vulnerability_images_free)
/* Of @filter: `vulnerability`, `package` and `sees`. */
VulnerabilityImages *pipeline_vulnerability_images(Pipeline *pipeline, const StandingFilter *filter,
                                                   int64_t limit, int64_t offset, GError **error);

/* --- what changed --- */

typedef struct {
  int64_t id; /* when, microseconds since 1970; no two are the same */
  char *repository, *manifest;
  GateAnswer from, to;
  uint32_t from_counts[SEVERITY_CRITICAL + 1], to_counts[SEVERITY_CRITICAL + 1];
  char *why;    /* "advisories", "policy", "time", "scan" */
  char *reason; /* what the policy says now, or NULL */
} StandingChange;
/* Those after @since, oldest first. (transfer full): StandingChange */
GPtrArray *pipeline_changes(Pipeline *pipeline, int64_t since, int64_t limit, GError **error);
