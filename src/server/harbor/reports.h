/* What is found in an image as Harbor reads it: the two reports of goharbor/pluggable-scanner-spec
 * 1.2. Pure.
 *
 * Harbor's list of vulnerabilities is all that it shows and counts, so what is not known of the
 * image (verdict/completeness.h), and that it gets no more fixes, are entries of that list too,
 * with HARBOR_NOT_KNOWN and HARBOR_NO_MORE_FIXES for a CVE. Harbor keeps a row for each id, package
 * and version, and fails over two that are the same: each is there once. */
#pragma once

#include <jansson.h>

#include "inventory/image.h"
#include "server/harbor/scan_request.h"
#include "verdict/match.h"

#define HARBOR_NOT_KNOWN     "ASSAY-NOT-KNOWN"
#define HARBOR_NO_MORE_FIXES "ASSAY-NO-MORE-FIXES"

typedef struct {
  const ScanRequest *request;
  const ImageInventory *inventory;
  const MatchResult *matched; /* of the vulnerability report; or NULL */
  int64_t now;                /* microseconds since 1970 */
} HarborScanned;

/* {name, vendor, version}. (transfer full) */
json_t *harbor_scanner_to_json(void);
/* As text. (transfer full) */
char *harbor_vulnerability_report(const HarborScanned *scanned);
/* @report: one bit, of HARBOR_REPORTS_SBOM. (transfer full) */
char *harbor_sbom_report(const HarborScanned *scanned, HarborReport report);
