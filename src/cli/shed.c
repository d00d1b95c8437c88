/* `assay shed`: what an image could do without, and which layer brings what, without a server. */
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "cli/command.h"
#include "cli/report_options.h"
#include "cli/scan_setup.h"
#include "cli/terminal_progress.h"
#include "report/shed_report.h"

static char *format_option, *output_option;

static const GOptionEntry options[] = {FORMAT_OPTION("table"),
                                       {"output", 'o', 0, G_OPTION_ARG_FILENAME, &output_option,
                                        "Write it here instead of to standard output (-)", "FILE"},
                                       SCAN_OPTIONS,
                                       {NULL}};

static int
write_report(const ShedReport *report, bool json)
{
  bool to_file = output_option != NULL && strcmp(output_option, "-") != 0;
  const ReportStyle style = {.width = to_file ? 0 : terminal_width(),
                             .colour = !to_file && terminal_wants_colour()};
  g_autofree char *text = NULL;
  if (json) {
    g_autoptr(json_t) object = shed_report_to_json(report);
    text = json_to_pretty_text(object);
  } else {
    text = shed_report_to_text(report, &style);
  }
  terminal_progress_end();
  return report_text_write(text, output_option);
}

static int
report_image(const ScanSetup *setup, const ImageSource *source, const ImageInventory *inventory,
             AdvisoryDatabase *database, bool json, GError **error)
{
  g_autoptr(MatchResult) matched =
      database == NULL ? match_observed(inventory) : match_image(database, inventory, error);
  if (matched == NULL)
    return EXIT_ERROR;
  g_autofree char *repository = scan_setup_repository(NULL, image_source_target(source));
  const VexImage image = scan_setup_image(source, inventory);
  g_autoptr(GPtrArray) ignored = NULL;
  g_autoptr(GPtrArray) findings = scan_setup_suppress(setup, repository, &image, matched, &ignored);
  Report report = source_options_report(source, inventory);
  report.findings = findings;
  report.gaps = matched->gaps;
  report.notes = matched->notes;
  report.database = database == NULL ? NULL : advisory_database_generation(database);
  g_autoptr(Shed) shed = shed_of_image(inventory, image_source_config(source));
  const ShedReport document = {&report, shed, database != NULL};
  return write_report(&document, json);
}

/* Of a folder only what detectors want is read, and an SBOM has no files. */
static bool
has_layers(const char *target, GError **error)
{
  if (g_str_has_prefix(target, "rootfs:") || g_str_has_prefix(target, "sbom:"))
    return error_set(error, ASSAY_ERROR_INVALID,
                     "%s: it has no layers whose files could be weighed: name an image, in a "
                     "registry, a layout or an archive",
                     target);
  return true;
}

static int
run(char **arguments)
{
  g_autoptr(GError) error = NULL;
  g_auto(ScanSetup) setup = {0};
  bool json;
  if (!command_wants_json(format_option, "table", &json))
    return EXIT_ERROR;
  if (!scan_setup_read(&setup, &error))
    return command_fail(error);
  g_autoptr(ImageSource) source = scan_setup_source(&setup, arguments[0], &error);
  g_autoptr(AdvisoryDatabase) database =
      source == NULL || !has_layers(image_source_target(source), &error)
          ? NULL
          : scan_setup_database(&setup, true, &error);
  g_autoptr(ImageInventory) inventory =
      error != NULL ? NULL : scan_setup_layers(&setup, source, &error);
  if (inventory != NULL)
    image_inventory_drop_development(inventory); /* as `assay scan` does */
  int code = inventory == NULL ? EXIT_ERROR
                               : report_image(&setup, source, inventory, database, json, &error);
  terminal_progress_end();
  return error != NULL ? command_fail(error) : code;
}

const Command shed_command = {
    .name = "shed",
    .summary = "Show what an image could do without, and what each layer brings",
    .arguments = "TARGET",
    .help =
        "TARGET is an image as `assay scan` takes it. Told are the bytes and the findings of each "
        "layer,\n"
        "with the command of the history that made it, and what could go: files that a later\n"
        "layer removes or replaces and that ship all the same, caches of package managers,\n"
        "temporary files, documentation without licences, locales that the image does not set,\n"
        "build tools; and package managers, shells, tools such as curl, and setuid files, which "
        "may\n"
        "be of use to an attacker alone. Sizes are those of unpacked files.\n\n"
        "Where there are no advisories yet, none are fetched: vulnerabilities are not counted.\n\n"
        "Examples:\n"
        "  assay shed docker://docker.io/library/python:3.12\n"
        "  assay shed registry.example.org/team/app:1\n"
        "  assay shed 127.0.0.1:5000/team/app:v1  # of the server on this machine\n"
        "  assay shed --format json docker-archive:app.tar | jq '.sheds'",
    .options = options,
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run,
};
