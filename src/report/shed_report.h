/* What an image could shed, for people and programs; docs/minimality.md describes what is written.
 */
#pragma once

#include <jansson.h>

#include "inspect/minimality/shed.h"
#include "report/writer.h"

typedef struct {
  const Report *report; /* its target, system, gaps, notes and database; its findings are counted */
  const Shed *shed;
  bool counted; /* findings are known: there are advisories */
} ShedReport;

/* The findings of a layer, by severity; @layer: from the bottom, 1; 0: of no layer (the image's
 * configuration). */
typedef struct {
  uint32_t counts[SEVERITY_CRITICAL + 1];
} ShedFindings;
/* By layer, layer 0 first. (transfer full): ShedFindings */
GArray *shed_report_findings(const ShedReport *report);

/* (transfer full) */
char *shed_report_to_text(const ShedReport *report, const ReportStyle *style);
json_t *shed_report_to_json(const ShedReport *report);
extern const JsonTable shed_report_table, shed_report_layer_table, shed_report_sum_table,
    shed_report_file_table, shed_report_package_table;
