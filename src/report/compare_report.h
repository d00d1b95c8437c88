/* A comparison of two images for people and programs; docs/reports.md describes what is written. */
#pragma once

#include <jansson.h>

#include "report/compare.h"
#include "report/writer.h"

typedef struct {
  const Report *before, *after;
  const Comparison *comparison; /* all of it */
  const GPtrArray *shown;       /* FindingDifference of it: those that are wanted */
} ComparisonReport;

/* Findings that are in both as they were are listed with @still, else only counted. (transfer full)
 */
char *comparison_to_text(const ComparisonReport *report, const ReportStyle *style, bool still);
char *comparison_to_markdown(const ComparisonReport *report, bool still);
json_t *comparison_to_json(const ComparisonReport *report);
