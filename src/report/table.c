/* Findings as a table for people, by libsmartcols. Names and titles come from images and feeds:
 * what could drive a terminal is taken out of them. */
#include <libsmartcols.h>
#include <stdlib.h>
#include <string.h>

#include "report/report-private.h"

static const char *const severity_colours[] = {
    [SEVERITY_UNKNOWN] = "darkgray", [SEVERITY_NEGLIGIBLE] = "darkgray",
    [SEVERITY_LOW] = "cyan",         [SEVERITY_MEDIUM] = "yellow",
    [SEVERITY_HIGH] = "red",         [SEVERITY_CRITICAL] = "magenta",
};

char *
report_clean_text(const char *text)
{
  if (text == NULL)
    return g_strdup("");
  g_autofree char *valid = g_utf8_make_valid(text, -1);
  GString *clean = g_string_new(NULL);
  for (char *p = valid; *p != '\0'; p = g_utf8_next_char(p)) {
    gunichar character = g_utf8_get_char(p);
    /* Controls, and the marks that turn the direction of writing. */
    bool harmless = !g_unichar_iscntrl(character) && g_unichar_type(character) != G_UNICODE_FORMAT;
    g_string_append_unichar(clean, harmless ? character : ' ');
  }
  return g_string_free(clean, FALSE);
}

static void
set_cell(struct libscols_line *line, size_t column, const char *text)
{
  g_autofree char *clean = report_clean_text(text);
  scols_line_set_data(line, column, clean);
}

/* A number that is looked up elsewhere stays whole. "SUITE/SOURCE/VERSION", which an update without
 * one is named, is broken at its slashes on a terminal; that is where this column wraps. */
static void
set_id_cell(struct libscols_line *line, const char *id, bool narrow)
{
  g_autofree char *clean = report_clean_text(id);
  g_auto(GStrv) parts = g_strsplit(clean, "/", -1);
  g_autofree char *broken = g_strjoinv("/\n", parts);
  scols_line_set_data(line, 0, narrow ? broken : clean);
}

/* What there is to do, in the column that Trivy calls "Fixed Version". */
static const char *
fixed_or_state(const Finding *finding)
{
  return finding->fixed_version != NULL ? finding->fixed_version
                                        : advisory_state_name(finding->state);
}

static char *
title_of(const Finding *finding)
{
  const char *text = finding->title != NULL         ? finding->title
                     : finding->description != NULL ? finding->description
                     : finding->vendor_id != NULL   ? finding->vendor_id
                                                    : finding->remedy;
  g_autofree char *line = g_strndup(text, strcspn(text, "\n"));
  return g_strdup_printf("%s%s%s%s", finding->known_exploited ? "[known exploited] " : "",
                         finding->reason != NULL ? finding->reason : "",
                         finding->reason != NULL ? ": " : "", line);
}

static void
add_finding(struct libscols_table *table, const Finding *finding, bool narrow)
{
  struct libscols_line *line = scols_table_new_line(table, NULL);
  g_autofree char *title = title_of(finding);
  set_id_cell(line, finding->id, narrow);
  set_cell(line, 1, severity_name(finding->severity));
  set_cell(line, 2, finding->package);
  set_cell(line, 3, finding->installed_version);
  set_cell(line, 4, fixed_or_state(finding));
  set_cell(line, 5, title);
  scols_cell_set_color(scols_line_get_cell(line, 1), severity_colours[finding->severity]);
}

static void
append_findings(GString *out, const GPtrArray *findings, unsigned width, bool colour)
{
  static const struct {
    const char *name;
    double hint;
    int flags;
  } columns[] = {
      {"VULNERABILITY", 0, SCOLS_FL_WRAP}, {"SEVERITY", 0, 0},
      {"PACKAGE", 0, SCOLS_FL_WRAP},       {"INSTALLED", 0, SCOLS_FL_WRAP},
      {"FIXED IN", 0, SCOLS_FL_WRAP},      {"TITLE", 0.1, SCOLS_FL_TRUNC},
  };
  struct libscols_table *table = scols_new_table();
  for (size_t i = 0; i < G_N_ELEMENTS(columns); i++)
    scols_table_new_column(table, columns[i].name, columns[i].hint, columns[i].flags);
  struct libscols_column *ids = scols_table_get_column(table, 0);
  scols_column_set_wrapfunc(ids, scols_wrapnl_chunksize, scols_wrapnl_nextchunk, NULL);
  scols_column_set_safechars(ids, "\n");
  scols_table_enable_colors(table, colour);
  scols_table_set_termforce(table, width > 0 ? SCOLS_TERMFORCE_ALWAYS : SCOLS_TERMFORCE_NEVER);
  if (width > 0)
    scols_table_set_termwidth(table, width);
  for (guint i = 0; i < findings->len; i++)
    add_finding(table, g_ptr_array_index(findings, i), width > 0);
  char *text = NULL;
  if (scols_print_table_to_string(table, &text) == 0)
    g_string_append(out, text);
  free(text);
  scols_unref_table(table);
}

static void
append_summary(GString *out, const Report *report)
{
  unsigned counts[SEVERITY_CRITICAL + 1], fixable = 0;
  report_count(report->findings, counts);
  for (guint i = 0; i < report->findings->len; i++)
    fixable += ((const Finding *)g_ptr_array_index(report->findings, i))->fixed_version != NULL;
  g_autofree char *target = report_clean_text(report->target);
  const OsRelease *os = report->inventory == NULL ? NULL : report->inventory->os;
  g_autofree char *system = report_clean_text(report->os != NULL        ? report->os
                                              : os == NULL              ? "no distribution found"
                                              : os->pretty_name != NULL ? os->pretty_name
                                                                        : os->id);
  guint findings = report->findings->len;
  g_string_append_printf(out, "%s (%s)\n%u package%s, %u finding%s, %u with a fix:", target, system,
                         report->packages, report->packages == 1 ? "" : "s", findings,
                         findings == 1 ? "" : "s", fixable);
  for (int severity = SEVERITY_CRITICAL; severity >= SEVERITY_UNKNOWN; severity--)
    g_string_append_printf(out, " %u %s%s", counts[severity], severity_name((Severity)severity),
                           severity == SEVERITY_UNKNOWN ? "\n" : ",");
}

static void
append_lines(GString *out, const char *prefix, const GPtrArray *lines)
{
  for (guint i = 0; lines != NULL && i < lines->len; i++) {
    g_autofree char *clean = report_clean_text(g_ptr_array_index(lines, i));
    g_string_append_printf(out, "%s%s\n", prefix, clean);
  }
}

char *
report_write_table(const Report *report, unsigned width, bool colour)
{
  GString *out = g_string_new(NULL);
  append_summary(out, report);
  append_lines(out, "incomplete: ", report->gaps);
  append_lines(out, "note: ", report->notes);
  if (report->findings->len > 0) {
    g_string_append_c(out, '\n');
    append_findings(out, report->findings, width, colour);
  }
  if (report->verdict != NULL) {
    const Verdict *verdict = report->verdict;
    g_autofree char *message = report_clean_text(verdict->message);
    g_autofree char *policy = report_clean_text(verdict->policy);
    const char *word = verdict->allowed ? "allowed" : "refused";
    if (*message != '\0') /* it names the policy */
      g_string_append_printf(out, "\nverdict: %s: %s\n", word, message);
    else
      g_string_append_printf(out, "\nverdict: %s by policy \"%s\"\n", word, policy);
    append_lines(out, "warning: ", verdict->warnings);
  }
  return g_string_free(out, FALSE);
}
