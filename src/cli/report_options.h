/* What `assay scan` and `assay findings` have in common: how findings are filtered and written. */
#pragma once

#include "cli/command.h"
#include "report/writer.h"

/* Read by report_options_read(). */
extern char *report_option_format, *report_option_severity, *report_option_by,
    *report_option_template;
extern char *report_option_kind;
extern gboolean report_option_fixable;
#define FINDING_OPTIONS                                                                            \
  {"severity",                                                                                     \
   'S',                                                                                            \
   0,                                                                                              \
   G_OPTION_ARG_STRING,                                                                            \
   &report_option_severity,                                                                        \
   "Only some: critical,high,medium,low,negligible,unknown",                                       \
   "LIST"},                                                                                        \
      {"kind",                                                                                     \
       0,                                                                                          \
       0,                                                                                          \
       G_OPTION_ARG_STRING,                                                                        \
       &report_option_kind,                                                                        \
       "Only some: vulnerability,malware,secret,baseline,configuration",                           \
       "LIST"},                                                                                    \
  {                                                                                                \
    "ignore-unfixed", 0, 0, G_OPTION_ARG_NONE, &report_option_fixable,                             \
        "No vulnerabilities without a fix", NULL                                                   \
  }
#define REPORT_OPTIONS(formats)                                                                    \
  {"format",                                                                                       \
   'f',                                                                                            \
   0,                                                                                              \
   G_OPTION_ARG_STRING,                                                                            \
   &report_option_format,                                                                          \
   "Written as (default table): " formats,                                                         \
   "FORMAT"},                                                                                      \
      {"template",                                                                                 \
       0,                                                                                          \
       0,                                                                                          \
       G_OPTION_ARG_FILENAME,                                                                      \
       &report_option_template,                                                                    \
       "What --format template fills in",                                                          \
       "FILE"},                                                                                    \
      {"by",                                                                                       \
       'b',                                                                                        \
       0,                                                                                          \
       G_OPTION_ARG_STRING,                                                                        \
       &report_option_by,                                                                          \
       "What to do by package (default), or a line for each finding",                              \
       "package|vulnerability"},                                                                   \
      FINDING_OPTIONS

typedef struct {
  const ReportWriter *writer;
  ReportStyle style; /* without a width and colours */
  bool wanted[SEVERITY_CRITICAL + 1];
  bool kinds[FINDING_KINDS];
  Severity unknown_as; /* what an unknown severity counts as where a fix is published */
} ReportOptions;

/* What the command line says; false: it is wrong, and that was told. */
bool report_options_read(ReportOptions *options);

/* Whether findings are wanted that advisories tell of. */
bool report_options_want_advisories(const ReportOptions *options);

/* Of these, what FINDING_OPTIONS say alone; false likewise. */
bool report_options_read_severities(ReportOptions *options);
/* Whether a finding is wanted: a fix of unknown severity as what policies count it for. */
bool report_options_want(const ReportOptions *options, const Finding *finding);

/* Those of @all that are wanted, borrowed. A fix of unknown severity is wanted as what policies
 * count it for. What was hidden, and what was counted so, goes to @notes. (transfer full) */
GPtrArray *report_options_filter(const ReportOptions *options, const GPtrArray *all,
                                 GPtrArray *notes);

/* To @path, or to standard output (NULL or "-"): there as wide as the terminal, coloured if it
 * likes. EXIT_FINE or EXIT_ERROR, which was told. */
int report_options_write(const ReportOptions *options, const Report *report, const char *path);
/* The same of a document that is text already. */
int report_text_write(const char *text, const char *path);
