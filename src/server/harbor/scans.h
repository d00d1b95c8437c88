/* Scans that Harbor has asked for. Each is a job of the kind HARBOR_SCAN_JOB, whose key is its id:
 * the image is pulled from its registry, its layers are inspected in the cage, unless they are
 * known already (of Assay's own images, or of a scan before), and what they hold is matched with
 * the live advisories.
 *
 * They are in memory, with the credential until the pull is done: it is never written anywhere, and
 * after a restart a scan is as one that nobody asked for. Bounded: so many wait, and reports stay
 * for an hour, the last ones, up to a size in all. Any thread. */
#pragma once

#include "server/harbor/scan_request.h"
#include "server/server-private.h"

#define HARBOR_SCAN_JOB "harbor-scan"
/* That wait or run; more are refused. */
#define HARBOR_SCANS_MAX 1000u
/* Of reports that are kept, in all; the last one is kept whatever its size. */
#define HARBOR_REPORT_BYTES_MAX ((size_t)64 * 1024 * 1024)
#define HARBOR_KEPT_SECONDS     ((int64_t)3600)

typedef struct HarborScans HarborScans;

/* Adds the kind to the context's jobs. (transfer full) */
HarborScans *harbor_scans_new(ServerContext *context);
/* After the jobs have ended. */
void harbor_scans_free(HarborScans *scans);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HarborScans, harbor_scans_free)

/* Asks for one, and takes @request over (it is empty then). @asker: who may read the reports. Its
 * id (transfer full); NULL: too many wait. */
char *harbor_scans_ask(HarborScans *scans, ScanRequest *request, const char *asker);

typedef enum {
  HARBOR_SCAN_UNKNOWN, /* nobody, or somebody else, asked for it; or its report is no longer kept */
  HARBOR_SCAN_PENDING,
  HARBOR_SCAN_DONE,
  HARBOR_SCAN_FAILED,
} HarborScanState;
/* *reports: which were asked for. Of one that is done, *text is what @report (one bit) says
 * (transfer full), or NULL when it was not asked for; of one that failed, *error why (transfer
 * full). */
HarborScanState harbor_scans_look(HarborScans *scans, const char *id, const char *asker,
                                  HarborReport report, GBytes **text, char **error);
/* Forgets what is kept no longer; called now and then. */
void harbor_scans_tidy(HarborScans *scans);
