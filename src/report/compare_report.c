/* Writing what is different; see the header. */
#include "report/compare_report.h"

#include "base/json.h"
#include "report/columns.h"
#include "report/report-private.h"

static const char *const colours[DIFFERENCES] = {
    [DIFFERENCE_NEW] = "1;31", [DIFFERENCE_UNKNOWN] = "1;33", [DIFFERENCE_GONE] = "32"};

static void
count(const ComparisonReport *report, unsigned packages[DIFFERENCES],
      unsigned findings[DIFFERENCES])
{
  for (guint i = 0; i < DIFFERENCES; i++)
    packages[i] = findings[i] = 0;
  for (guint i = 0; i < report->comparison->packages->len; i++)
    packages[((const PackageDifference *)g_ptr_array_index(report->comparison->packages, i))
                 ->kind]++;
  for (guint i = 0; i < report->shown->len; i++)
    findings[((const FindingDifference *)g_ptr_array_index(report->shown, i))->kind]++;
}

/* "packages: 1 added, 2 removed, 13 changed". (transfer full) */
static char *
packages_in_words(const unsigned counts[DIFFERENCES])
{
  return g_strdup_printf("packages: %u added, %u removed, %u changed", counts[DIFFERENCE_NEW],
                         counts[DIFFERENCE_GONE], counts[DIFFERENCE_CHANGED]);
}

static char *
findings_in_words(const unsigned counts[DIFFERENCES])
{
  return g_strdup_printf("findings: %u new, %u gone, %u changed, %u still there",
                         counts[DIFFERENCE_NEW], counts[DIFFERENCE_GONE],
                         counts[DIFFERENCE_CHANGED], counts[DIFFERENCE_STILL]);
}

/* What of the first is not known to be gone from the second; NULL: nothing. (transfer full) */
static char *
unknown_in_words(const unsigned packages[DIFFERENCES], const unsigned findings[DIFFERENCES])
{
  unsigned lost = packages[DIFFERENCE_UNKNOWN], open = findings[DIFFERENCE_UNKNOWN];
  return lost + open == 0
             ? NULL
             : g_strdup_printf("not known: whether %u package%s and %u finding%s are gone", lost,
                               lost == 1 ? "" : "s", open, open == 1 ? "" : "s");
}

/* (transfer full); NULL: none are. */
static char *
suppressed_in_words(const Comparison *comparison)
{
  return comparison->suppressed == 0
             ? NULL
             : g_strdup_printf("ignored in the second, and not shown as gone: %u finding%s",
                               comparison->suppressed, comparison->suppressed == 1 ? "" : "s");
}

/* "low -> high", or the one that both have. (transfer full) */
static char *
change_in_words(const char *before, const char *after)
{
  if (before == NULL || after == NULL || g_strcmp0(before, after) == 0)
    return g_strdup(after != NULL ? after : before);
  return g_strdup_printf("%s -> %s", before, after);
}

static const char *
severity_of(const Finding *finding)
{
  return finding == NULL ? NULL : severity_name(finding->severity);
}

static const char *
fix_of(const Finding *finding)
{
  return finding == NULL                  ? NULL
         : finding->fixed_version != NULL ? finding->fixed_version
                                          : advisory_state_name(finding->state);
}

/* The cells of a row, to be freed; those that both forms have. */
typedef struct {
  const char *kind, *id, *package;
  char *severity, *fix;
  const char *before, *after, *note;
} Row;

static Row
row_of(const FindingDifference *each)
{
  const Finding *one = each->after != NULL ? each->after : each->before;
  return (Row){.kind = difference_names[each->kind],
               .id = one->id,
               .package = one->package,
               .severity = change_in_words(severity_of(each->before), severity_of(each->after)),
               .fix = change_in_words(fix_of(each->before), fix_of(each->after)),
               .before = each->versions_before != NULL ? each->versions_before : "-",
               .after = each->versions_after != NULL ? each->versions_after : "-",
               .note = each->reason != NULL ? each->reason : one->title};
}

static void
row_clear(Row *row)
{
  g_free(row->severity);
  g_free(row->fix);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Row, row_clear)

/* The versions that only one of both has. (transfer full) */
static char *
versions_of(const GPtrArray *versions)
{
  g_autoptr(GPtrArray) all = g_ptr_array_new();
  g_ptr_array_extend(all, (GPtrArray *)(uintptr_t)versions, NULL, NULL);
  g_ptr_array_add(all, NULL);
  return all->len == 1 ? g_strdup("-") : g_strjoinv(", ", (char **)all->pdata);
}

/* --- the table --- */

static void
append_findings(GString *out, const ComparisonReport *report, const ReportStyle *style, bool still)
{
  static const Column columns[] = {
      {.title = "CHANGE"},   {.title = "VULNERABILITY"},
      {.title = "SEVERITY"}, {.title = "PACKAGE"},
      {.title = "BEFORE"},   {.title = "AFTER"},
      {.title = "FIXED IN"}, {.title = "TITLE", .least = 24, .flags = COLUMN_CUT},
  };
  g_autoptr(Columns) table = columns_new(columns, G_N_ELEMENTS(columns));
  for (guint i = 0; i < report->shown->len; i++) {
    const FindingDifference *each = g_ptr_array_index(report->shown, i);
    if (each->kind == DIFFERENCE_STILL && !still)
      continue;
    g_auto(Row) row = row_of(each);
    columns_add(table, (const char *[]){row.kind, row.id, row.severity, row.package, row.before,
                                        row.after, row.fix, row.note});
    columns_colour(table, 0, colours[each->kind]);
  }
  g_autofree char *text = columns_to_text(table, style->width, style->colour);
  g_string_append_printf(out, "%s%s", *text != '\0' ? "\n" : "", text);
}

static void
append_packages(GString *out, const Comparison *comparison, const ReportStyle *style)
{
  static const Column columns[] = {
      {.title = "CHANGE"}, {.title = "PACKAGE"},
      {.title = "TYPE"},   {.title = "ARCHITECTURE", .flags = COLUMN_EMPTY},
      {.title = "BEFORE"}, {.title = "AFTER"},
  };
  static const char *const words[DIFFERENCES] = {[DIFFERENCE_NEW] = "added",
                                                 [DIFFERENCE_CHANGED] = "changed",
                                                 [DIFFERENCE_UNKNOWN] = "unknown",
                                                 [DIFFERENCE_GONE] = "removed"};
  g_autoptr(Columns) table = columns_new(columns, G_N_ELEMENTS(columns));
  for (guint i = 0; i < comparison->packages->len; i++) {
    const PackageDifference *each = g_ptr_array_index(comparison->packages, i);
    g_autofree char *before = versions_of(each->before), *after = versions_of(each->after);
    columns_add(table, (const char *[]){words[each->kind], each->name, each->type,
                                        each->architecture, before, after});
  }
  g_autofree char *text = columns_to_text(table, style->width, style->colour);
  g_string_append_printf(out, "%s%s", *text != '\0' ? "\n" : "", text);
}

static void
append_line(GString *out, const char *line, unsigned width)
{
  if (line != NULL)
    report_append_prose(out, "", line, width, 2);
}

static void
append_counts(GString *out, const ComparisonReport *report, unsigned width)
{
  unsigned packages[DIFFERENCES], findings[DIFFERENCES];
  count(report, packages, findings);
  g_autofree char *first = packages_in_words(packages), *second = findings_in_words(findings),
                  *unknown = unknown_in_words(packages, findings),
                  *suppressed = suppressed_in_words(report->comparison);
  append_line(out, first, width);
  append_line(out, second, width);
  append_line(out, unknown, width);
  append_line(out, suppressed, width);
}

char *
comparison_to_text(const ComparisonReport *report, const ReportStyle *style, bool still)
{
  GString *out = g_string_new("before: ");
  report_append_target(out, report->before, style->width);
  g_string_append(out, "after:  ");
  report_append_target(out, report->after, style->width);
  append_counts(out, report, style->width);
  report_append_lines(out, "incomplete before: ", report->before->gaps, style->width);
  report_append_lines(out, "incomplete after: ", report->after->gaps, style->width);
  report_append_lines(out, "note: ", report->after->notes, style->width);
  append_findings(out, report, style, still);
  append_packages(out, report->comparison, style);
  return g_string_free(out, FALSE);
}

/* --- Markdown --- */

static void
mark_findings(GString *out, const ComparisonReport *report, bool still)
{
  g_string_append(out, "\n### Findings\n\n"
                       "| Change | Severity | Vulnerability | Package | Before | After | Fixed in "
                       "| Title |\n| --- | --- | --- | --- | --- | --- | --- | --- |\n");
  for (guint i = 0; i < report->shown->len; i++) {
    const FindingDifference *each = g_ptr_array_index(report->shown, i);
    if (each->kind == DIFFERENCE_STILL && !still)
      continue;
    g_auto(Row) row = row_of(each);
    g_autofree char *note = report_mark_cut(row.note);
    const char *const cells[] = {row.kind,   row.severity, row.id,  row.package,
                                 row.before, row.after,    row.fix, note};
    report_mark_row(out, cells, G_N_ELEMENTS(cells));
  }
}

static void
mark_packages(GString *out, const Comparison *comparison)
{
  g_string_append(out, "\n### Packages\n\n| Change | Package | Type | Before | After |\n"
                       "| --- | --- | --- | --- | --- |\n");
  for (guint i = 0; i < comparison->packages->len; i++) {
    const PackageDifference *each = g_ptr_array_index(comparison->packages, i);
    g_autofree char *before = versions_of(each->before), *after = versions_of(each->after);
    const char *const cells[] = {difference_names[each->kind], each->name, each->type, before,
                                 after};
    report_mark_row(out, cells, G_N_ELEMENTS(cells));
  }
}

char *
comparison_to_markdown(const ComparisonReport *report, bool still)
{
  GString *out = g_string_new("## ");
  report_mark_plain(out, report->before->target);
  g_string_append(out, " and ");
  report_mark_plain(out, report->after->target);
  g_string_append(out, "\n\n");
  g_autoptr(GString) counts = g_string_new(NULL);
  append_counts(counts, report, 0);
  g_auto(GStrv) lines = g_strsplit(counts->str, "\n", -1);
  for (char **line = lines; **line != '\0'; line++)
    g_string_append_printf(out, "- %s\n", *line);
  report_mark_list(out, "Not known before", report->before->gaps);
  report_mark_list(out, "Not known after", report->after->gaps);
  if (report->shown->len > 0)
    mark_findings(out, report, still);
  if (report->comparison->packages->len > 0)
    mark_packages(out, report->comparison);
  report_mark_list(out, "Notes", report->after->notes);
  return g_string_free(out, FALSE);
}

/* --- JSON --- */

static json_t *
side_to_json(const Report *report)
{
  json_t *object = json_object();
  json_set_string(object, "target", report->target);
  json_set_string(object, "digest", report->digest);
  report_set_system(object, report->inventory);
  json_object_set_new(object, "packages", json_integer(report->packages));
  json_object_set_new(object, "incomplete", json_from_texts(report->gaps));
  json_object_set_new(object, "notes", json_from_texts(report->notes));
  return object;
}

static json_t *
counts_to_json(const unsigned counts[DIFFERENCES])
{
  json_t *object = json_object();
  for (guint i = 0; i < DIFFERENCES; i++)
    json_object_set_new(object, difference_names[i], json_integer(counts[i]));
  return object;
}

static json_t *
package_to_json(const PackageDifference *difference)
{
  json_t *object = json_object();
  json_set_string(object, "change", difference_names[difference->kind]);
  json_set_string(object, "type", difference->type);
  json_set_string(object, "name", difference->name);
  json_set_string(object, "architecture", difference->architecture);
  json_object_set_new(object, "before", json_from_texts(difference->before));
  json_object_set_new(object, "after", json_from_texts(difference->after));
  json_set_string(object, "reason", difference->reason);
  return object;
}

static json_t *
finding_difference_to_json(const FindingDifference *difference)
{
  json_t *object = json_object();
  json_set_string(object, "change", difference_names[difference->kind]);
  json_set_string(object, "reason", difference->reason);
  json_set_string(object, "versions_before", difference->versions_before);
  json_set_string(object, "versions_after", difference->versions_after);
  if (difference->before != NULL)
    json_object_set_new(object, "before", finding_to_json(difference->before));
  if (difference->after != NULL)
    json_object_set_new(object, "after", finding_to_json(difference->after));
  return object;
}

json_t *
comparison_to_json(const ComparisonReport *report)
{
  unsigned of_packages[DIFFERENCES], of_findings[DIFFERENCES];
  count(report, of_packages, of_findings);
  json_t *object = json_object(), *packages = json_array(), *findings = json_array();
  json_object_set_new(object, "schema_version", json_integer(1));
  json_set_string(object, "advisories", report->after->database);
  json_object_set_new(object, "before", side_to_json(report->before));
  json_object_set_new(object, "after", side_to_json(report->after));
  json_object_set_new(object, "summary",
                      json_pack("{s:o, s:o}", "packages", counts_to_json(of_packages), "findings",
                                counts_to_json(of_findings)));
  json_object_set_new(object, "ignored", json_integer(report->comparison->suppressed));
  for (guint i = 0; i < report->comparison->packages->len; i++)
    json_array_append_new(packages,
                          package_to_json(g_ptr_array_index(report->comparison->packages, i)));
  for (guint i = 0; i < report->shown->len; i++)
    json_array_append_new(findings,
                          finding_difference_to_json(g_ptr_array_index(report->shown, i)));
  json_object_set_new(object, "packages", packages);
  json_object_set_new(object, "findings", findings);
  return object;
}
