/* `assay diff`: two images beside each other, without a server. */
#include <string.h>

#include "base/json.h"
#include "cli/command.h"
#include "cli/report_options.h"
#include "cli/scan_malware.h"
#include "cli/scan_setup.h"
#include "cli/terminal_progress.h"
#include "report/compare_report.h"

static char *format_option, *output_option;
static int exit_code_option;
static gboolean allow_incomplete_option, all_option;

static const GOptionEntry options[] = {
    {"format", 'f', 0, G_OPTION_ARG_STRING, &format_option, "How to write it (default: table)",
     "table|json|markdown"},
    FINDING_OPTIONS,
    {"all", 'a', 0, G_OPTION_ARG_NONE, &all_option,
     "Also list the findings that are in both as they were", NULL},
    {"output", 'o', 0, G_OPTION_ARG_FILENAME, &output_option,
     "Write the report here instead of to standard output (-)", "FILE"},
    {"exit-code", 0, 0, G_OPTION_ARG_INT, &exit_code_option,
     "The exit code for new findings, or for what is not known (default 0)", "N"},
    {"allow-incomplete", 0, 0, G_OPTION_ARG_NONE, &allow_incomplete_option,
     "--exit-code asks for findings alone, whatever is not known of AFTER", NULL},
    MALWARE_OPTIONS,
    SCAN_OPTIONS,
    {NULL}};

/* One of both. */
typedef struct {
  ImageSource *source;
  ImageInventory *inventory;
  MatchResult *matched;
  GPtrArray *findings, *ignored;
  Report report;
} Side;

static void
side_clear(Side *side)
{
  g_clear_pointer(&side->findings, g_ptr_array_unref);
  g_clear_pointer(&side->ignored, g_ptr_array_unref);
  g_clear_pointer(&side->matched, match_result_free);
  g_clear_pointer(&side->inventory, image_inventory_free);
  g_clear_pointer(&side->source, image_source_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Side, side_clear)

static bool
side_fill(Side *side, const ScanSetup *setup, AdvisoryDatabase *database, GError **error)
{
  side->inventory = scan_setup_layers(setup, side->source, error);
  side->matched = side->inventory == NULL ? NULL : match_image(database, side->inventory, error);
  if (side->matched == NULL)
    return false;
  g_autofree char *repository = scan_setup_repository(NULL, image_source_target(side->source));
  const VexImage image = scan_setup_image(side->source, side->inventory);
  side->findings = scan_setup_suppress(setup, repository, &image, side->matched, &side->ignored);
  side->report = source_options_report(side->source, side->inventory);
  side->report.findings = side->findings;
  side->report.ignored = side->ignored;
  side->report.gaps = side->matched->gaps;
  side->report.notes = side->matched->notes;
  char *of_clamav = scan_malware_note();
  if (of_clamav != NULL)
    g_ptr_array_add(side->matched->notes, of_clamav);
  side->report.database = advisory_database_generation(database);
  return true;
}

static bool
is_wanted(const ReportOptions *how, const FindingDifference *difference)
{
  return (difference->after != NULL && report_options_want(how, difference->after)) ||
         (difference->before != NULL && report_options_want(how, difference->before));
}

/* Whether people who ask for @how see a finding that they did not see before. */
static bool
is_new(const ReportOptions *how, const FindingDifference *difference)
{
  return difference->after != NULL && report_options_want(how, difference->after) &&
         (difference->before == NULL || !report_options_want(how, difference->before));
}

/* FindingDifference, borrowed. *@fresh: one of them is new. (transfer full) */
static GPtrArray *
choose(const ReportOptions *how, const Comparison *comparison, bool *fresh)
{
  GPtrArray *shown = g_ptr_array_new();
  *fresh = false;
  for (guint i = 0; i < comparison->findings->len; i++) {
    FindingDifference *each = g_ptr_array_index(comparison->findings, i);
    if (is_wanted(how, each))
      g_ptr_array_add(shown, each);
    *fresh = *fresh || is_new(how, each);
  }
  return shown;
}

static int
write_report(const ComparisonReport *report)
{
  bool to_file = output_option != NULL && strcmp(output_option, "-") != 0;
  const ReportStyle style = {.width = to_file ? 0 : terminal_width(),
                             .colour = !to_file && terminal_wants_colour()};
  g_autofree char *text = NULL;
  if (g_strcmp0(format_option, "json") == 0) {
    g_autoptr(json_t) object = comparison_to_json(report);
    text = json_to_pretty_text(object);
  } else if (g_strcmp0(format_option, "markdown") == 0) {
    text = comparison_to_markdown(report, all_option);
  } else {
    text = comparison_to_text(report, &style, all_option);
  }
  terminal_progress_end();
  return report_text_write(text, output_option);
}

static int
compare(const ScanSetup *setup, char **targets, const ReportOptions *how, GError **error)
{
  g_auto(Side) before = {0}, after = {0};
  bool fresh;
  if ((before.source = scan_setup_source(setup, targets[0], error)) == NULL ||
      (after.source = scan_setup_source(setup, targets[1], error)) == NULL)
    return EXIT_ERROR;
  /* A target that is none is told before minutes of fetching. */
  g_autoptr(AdvisoryDatabase) database = scan_setup_database(setup, false, error);
  if (database == NULL || !side_fill(&before, setup, database, error) ||
      !side_fill(&after, setup, database, error))
    return EXIT_ERROR;
  const ComparedImage first = {&before.report, before.matched};
  const ComparedImage second = {&after.report, after.matched};
  g_autoptr(Comparison) comparison = compare_images(database, &first, &second);
  g_autoptr(GPtrArray) shown = choose(how, comparison, &fresh);
  const ComparisonReport report = {&before.report, &after.report, comparison, shown};
  int code = write_report(&report);
  bool incomplete = (after.matched->gaps->len > 0 || after.matched->end_of_life != NULL) &&
                    !allow_incomplete_option;
  return code == EXIT_FINE && (fresh || incomplete) ? exit_code_option : code;
}

static int
run(char **arguments)
{
  static const char *const formats[] = {"table", "json", "markdown", NULL};
  g_autoptr(GError) error = NULL;
  ReportOptions how = {0};
  if (format_option != NULL && !g_strv_contains(formats, format_option))
    return command_usage_error("--format must be table, json or markdown, is \"%s\"",
                               format_option);
  if (exit_code_option < 0 || exit_code_option > 255)
    return command_usage_error("--exit-code: %d is not between 0 and 255", exit_code_option);
  if (!report_options_read_severities(&how))
    return EXIT_ERROR;
  g_auto(ScanSetup) setup = {0};
  if (!scan_setup_read(&setup, &error))
    return command_fail(error);
  int code = compare(&setup, arguments, &how, &error);
  terminal_progress_end();
  return error != NULL ? command_fail(error) : code;
}

const Command diff_command = {
    .name = "diff",
    .summary = "Compare the packages and findings of two images, without a server",
    .arguments = "BEFORE AFTER",
    .help =
        "BEFORE and AFTER are what `assay scan` takes; both are matched by the same advisories.\n"
        "Told are packages that were added, removed or have other versions, and findings that are\n"
        "new, gone, still there, or have another severity or state.\n\n"
        "What is not known is not gone: what BEFORE has is `unknown` where AFTER has a package\n"
        "database that could not be read, no advisories for the package, or a version that does\n"
        "not tell whether they apply. A finding that an ignore file or a VEX document takes out "
        "of\n"
        "AFTER is counted, and neither gone nor shown.\n\n"
        "Exit codes: 0 done; N of --exit-code there are new findings of those that --severity and\n"
        "--ignore-unfixed show, or something of AFTER is not known (see `assay scan --help`; not\n"
        "with --allow-incomplete); 2 an error.\n\n"
        "Examples:\n"
        "  assay diff docker://docker.io/library/debian:11 docker://docker.io/library/debian:12\n"
        "  assay diff --severity critical,high --exit-code 3 registry.example.org/app:1 app.tar\n"
        "  assay diff --format markdown --output change.md oci:old oci:new",
    .options = options,
    .least_arguments = 2,
    .most_arguments = 2,
    .run = run,
};
