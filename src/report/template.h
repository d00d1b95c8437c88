/* Templates of people's own, in a small part of Mustache (mustache(5)), filled with what the format
 * json has (docs/reports.md):
 *
 *   {{name}} {{a.b}} {{.}}      a value, with &, <, >, " and ' as XML writes them
 *   {{{name}}} {{&name}}        the same as it is
 *   {{#name}} ... {{/name}}     once for each item of a list; once where it is not empty or false
 *   {{^name}} ... {{/name}}     where it is empty, false or missing
 *   {{list.length}} {{! ... }}  how many items there are; a comment
 *
 * Names are looked for in the innermost item first, then around it. A section's tag that is alone
 * on its line takes the line with it. There are no partials and no other delimiters. Pure. */
#pragma once

#include <glib.h>
#include <jansson.h>

#include "base/slice.h"

#define TEMPLATE_BYTES_MAX ((size_t)1024 * 1024)
#define TEMPLATE_DEPTH_MAX 32u
/* Of what is written; what would pass it is cut, and says so. */
#define TEMPLATE_OUTPUT_MAX ((size_t)64 * 1024 * 1024)

typedef struct ReportTemplate ReportTemplate;

/* ASSAY_ERROR_INVALID, _LIMIT, with the line. (transfer full) */
ReportTemplate *report_template_parse(Slice text, const char *name, GError **error);
/* The same of a file; ASSAY_ERROR_NOT_FOUND. (transfer full) */
ReportTemplate *report_template_load(const char *path, GError **error);
void report_template_free(ReportTemplate *template);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ReportTemplate, report_template_free)

/* (transfer full), never NULL */
char *report_template_fill(const ReportTemplate *template, const json_t *values);
