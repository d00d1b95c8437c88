/* `assay sbom`: what is in an image, as a bill of materials, without a server and advisories. */
#include <string.h>

#include "cli/command.h"
#include "cli/report_options.h"
#include "cli/scan_layers.h"
#include "cli/source_options.h"
#include "cli/terminal_progress.h"

static char *format_option, *output_option, *config_option;
static gboolean no_cache_option, quiet_option;

static const GOptionEntry options[] = {
    {"format", 'f', 0, G_OPTION_ARG_STRING, &format_option, "How to write it (default: cyclonedx)",
     "cyclonedx|spdx"},
    {"output", 'o', 0, G_OPTION_ARG_FILENAME, &output_option,
     "Write it here instead of to standard output (-)", "FILE"},
    CONFIG_OPTION(config_option),
    SOURCE_OPTIONS,
    {"no-cache", 0, 0, G_OPTION_ARG_NONE, &no_cache_option, "Read layers seen before again", NULL},
    {"quiet", 'q', 0, G_OPTION_ARG_NONE, &quiet_option, "The result and errors, nothing else",
     NULL},
    {NULL}};

static int
list(const char *target, const Config *config, const ReportOptions *how, GError **error)
{
  const Progress *progress = quiet_option ? NULL : terminal_progress();
  const ScanLayersOptions layers = {.no_cache = no_cache_option, .progress = progress};
  g_autoptr(ImageSource) source = NULL;
  g_autoptr(ImageInventory) inventory = scan_layers_of(target, config, &layers, &source, error);
  if (inventory == NULL)
    return EXIT_ERROR;
  Report document = source_options_report(source, inventory);
  terminal_progress_end();
  return report_options_write(how, &document, output_option);
}

static int
run(char **arguments)
{
  g_autoptr(GError) error = NULL;
  const char *format = format_option != NULL ? format_option : "cyclonedx";
  ReportOptions how = {.writer = report_writer_find(format)};
  if (how.writer == NULL || !how.writer->of_inventory)
    return command_usage_error("--format must be one of cyclonedx (default) or spdx, is \"%s\"",
                               format);
  g_autoptr(Config) config = config_open(config_option, &error);
  if (config == NULL)
    return command_fail(error);
  int code = list(arguments[0], config, &how, &error);
  terminal_progress_end();
  return error != NULL ? command_fail(error) : code;
}

const Command sbom_command = {
    .name = "sbom",
    .summary = "List what is in an image as an SBOM, without a server",
    .arguments = "TARGET",
    .help =
        "TARGET is what `assay scan` takes: an image wherever it lies, a folder, a file system.\n"
        "The list is CycloneDX 1.6 or SPDX 2.3, as JSON, and the same for the same image. It has\n"
        "the packages with their package URLs, licences, layers and files, and no findings:\n"
        "`assay scan --format cyclonedx` adds them.\n\n"
        "Examples:\n"
        "  assay sbom docker://docker.io/library/debian:11\n"
        "  assay sbom --format spdx --output app.spdx.json oci-archive:app.tar",
    .options = options,
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run,
};
