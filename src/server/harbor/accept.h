/* Which report an Accept header wants. Pure. */
#pragma once

#include "server/harbor/scan_request.h"

typedef enum {
  HARBOR_WANTS_NOTHING_OF_OURS,
  HARBOR_WANTS_VULNERABILITIES,
  HARBOR_WANTS_SBOM
} HarborWants;

/* What is written of it; in the order in which metadata lists them. */
#define HARBOR_REPORT_1_1 "application/vnd.security.vulnerability.report; version=1.1"
#define HARBOR_REPORT_1_0 "application/vnd.scanner.adapter.vuln.report.harbor+json; version=1.0"
#define HARBOR_SBOM_1_0   "application/vnd.security.sbom.report+json; version=1.0"

/* @accept: the header, or NULL; the first of it that is ours counts. *media_type (transfer none):
 * what the answer is then. */
HarborWants harbor_wants(const char *accept, const char **media_type);
