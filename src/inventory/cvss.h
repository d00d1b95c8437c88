/* Base scores of the Common Vulnerability Scoring System, from vectors: versions 2.0, 3.0, 3.1 and
 * 4.0 (first.org/cvss). Pure. */
#pragma once

#include <stdbool.h>

#include "inventory/severity.h"

/* The base score, 0.0 to 10.0, of "CVSS:3.1/AV:N/...", "CVSS:3.0/...", "CVSS:4.0/...", or of
 * version 2, which has no prefix: "AV:N/AC:L/Au:N/C:P/I:P/A:P". False for a vector that is not
 * whole, and for other versions. Metrics that are not of the base score are passed over. */
bool cvss_base_score(const char *vector, double *score);

/* The qualitative rating of a score of version 3 or 4 (CVSS 3.1, 5; 4.0, 6). A score of 0 is
 * unknown. */
Severity cvss_severity(double score);
