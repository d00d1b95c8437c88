/* The findings in a CycloneDX document; cyclonedx.c writes the rest. */
#pragma once

#include <jansson.h>

#include "report/report.h"

/* A vulnerability for each id, with the packages that it affects: @names are their references, in
 * the order of the inventory. (transfer full) */
json_t *cyclonedx_vulnerabilities(const Report *report, const GPtrArray *names);
