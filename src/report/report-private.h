/* The writers behind report_write(). */
#pragma once

#include "report/report.h"

char *report_write_table(const Report *report, unsigned width, bool colour);
char *report_write_json(const Report *report);
char *report_write_sarif(const Report *report);

void report_count(const GPtrArray *findings, unsigned counts[SEVERITY_CRITICAL + 1]);
