/* The formats of reports. Each is one file, which defines `const ReportWriter NAME_report_writer`,
 * and one word in the list of meson.build; docs/reports.md describes what they write. */
#pragma once

#include "report/report.h"
#include "report/template.h"

typedef struct {
  unsigned width;                 /* of the terminal, in cells; 0: there is none, all is written */
  bool colour;                    /* a terminal's attributes may be used */
  bool by_vulnerability;          /* a line for each finding, and not what to do for each package */
  bool show_ignored;              /* the table also lists what is ignored */
  bool list_packages;             /* also all packages of the inventory, of writers that can */
  const ReportTemplate *template; /* of the format template: by what it is written */
} ReportStyle;

typedef struct {
  const char *name;       /* of --format */
  const char *media_type; /* of what it writes */
  bool lists_packages;    /* can, where the style asks for it */
  bool of_inventory;      /* lists what the inventory has; findings are beside the point, and
                             Report.inventory is not NULL */
  /* One whole document that ends with LF. Pure, any thread. (transfer full), never NULL */
  char *(*write)(const Report *report, const ReportStyle *style);
} ReportWriter;

/* The first is what people get who name none. NULL: none has this name. */
const ReportWriter *report_writer_find(const char *name);
/* "table (default), json or sarif", for help and messages. (transfer full) */
char *report_writer_names(void);
