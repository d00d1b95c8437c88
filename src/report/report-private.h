/* What the writers share. */
#pragma once

#include "report/writer.h"

/* What the format json has. (transfer full) */
json_t *report_to_json(const Report *report, const ReportStyle *style);

void report_count(const GPtrArray *findings, unsigned counts[SEVERITY_CRITICAL + 1]);

/* A terminal's attributes for @severity. */
const char *report_severity_colour(Severity severity);

/* @text between a terminal's attributes ("1;31") and their end, where @colour. (transfer full) */
char *report_coloured(const char *text, const char *attributes, bool colour);

/* The flat list of the table: a row a finding, in the order of the report. */
void report_append_list(GString *out, const GPtrArray *findings, unsigned width, bool colour);
/* The grouped list: what to do, the most urgent first. */
void report_append_groups(GString *out, const GPtrArray *findings, unsigned width, bool colour);

/* What was observed: a row a finding. */
void report_append_observed(GString *out, const GPtrArray *findings, unsigned width, bool colour);
/* Those of packages, or the others. (transfer container) */
GPtrArray *report_part(const GPtrArray *findings, bool of_packages);
/* What a finding is of: "openssl 1.1.1w-0", "etc/shadow:1". (transfer full) */
char *report_subject(const Finding *finding);

/* What is ignored, why, until when, and by which file. */
void report_append_ignored(GString *out, const GPtrArray *ignored, unsigned width);
/* @shown: const ImagePackage *, of @inventory; NULL: all packages of the image. */
void report_append_packages(GString *out, const ImageInventory *inventory, const GPtrArray *shown,
                            unsigned width);

/* The first line of the table: what it is of. */
void report_append_target(GString *out, const Report *report, unsigned width);
/* The lines of a kind: "incomplete: ..."; @lines: char *, or NULL. */
void report_append_lines(GString *out, const char *prefix, const GPtrArray *lines, unsigned width);
/* "os" and "unread" of what is in @inventory (NULL: nothing), for documents in JSON. */
void report_set_system(json_t *object, const ImageInventory *inventory);

/* @text as lines of at most @width cells (0: one line), broken between words alone, the second and
 * later ones indented by @indent; @first goes before the first, in as many cells as it has. @text
 * is clean. */
void report_append_prose(GString *out, const char *first, const char *text, unsigned width,
                         unsigned indent);

/* How a person reads the command of a builder: "RUN apt-get update"; clean. NULL gives NULL.
 * (transfer full) */
char *report_command_in_words(const char *command);

/* Markdown: @value without a meaning of its own; NULL is "". */
void report_mark_plain(GString *text, const char *value);
/* A title as a cell: at most 120 characters of @value. (transfer full) */
char *report_mark_cut(const char *value);
/* A row of a table. */
void report_mark_row(GString *text, const char *const *cells, size_t count);
/* A section of @texts (char *), or nothing where there is none. */
void report_mark_list(GString *text, const char *title, const GPtrArray *texts);

/* --- explanation.c --- */

/* "NAME: VALUE", or nothing for NULL. */
void report_append_pair(GString *out, const char *name, const char *value, unsigned width);
/* Of @exceptions (ExplainedException) those of @finding. */
void report_append_exceptions(GString *out, const GPtrArray *exceptions, const Finding *finding,
                              unsigned width);
json_t *report_exceptions_to_json(const GPtrArray *exceptions, const Finding *finding);
