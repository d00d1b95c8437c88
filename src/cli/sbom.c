/* `assay sbom`: what is in an image, as a bill of materials, without a server and advisories. */
#include <stdio.h>
#include <string.h>

#include "artifact/attach.h"
#include "artifact/sbom.h"
#include "base/error.h"
#include "base/fd.h"
#include "cli/command.h"
#include "cli/report_options.h"
#include "cli/scan_layers.h"
#include "cli/source_options.h"
#include "cli/terminal_progress.h"

static char *format_option, *output_option, *config_option;
static gboolean attach_option, no_cache_option, quiet_option;

static const GOptionEntry options[] = {
    {"format", 'f', 0, G_OPTION_ARG_STRING, &format_option, "How to write it (default: cyclonedx)",
     "cyclonedx|spdx"},
    {"output", 'o', 0, G_OPTION_ARG_FILENAME, &output_option,
     "Write it here instead of to standard output (-)", "FILE"},
    {"attach", 0, 0, G_OPTION_ARG_NONE, &attach_option,
     "Push it to the image's repository, as a referrer of the image", NULL},
    CONFIG_OPTION(config_option),
    SOURCE_OPTIONS,
    CACHE_OPTION(no_cache_option),
    QUIET_OPTION(quiet_option),
    {NULL}};

/* Pushes the document beside the image that @source read from a registry. */
static int
attach(const ImageSource *source, const Report *document, const Config *config,
       const ReportOptions *how, const Progress *progress, GError **error)
{
  const Digest *subject = image_source_manifest_digest(source);
  const char *target = image_source_target(source);
  if (subject == NULL || !g_str_has_prefix(target, "docker://")) {
    error_set(error, ASSAY_ERROR_INVALID, "--attach: %s is no image in a registry (docker://...)",
              target);
    return EXIT_ERROR;
  }
  const ReportStyle style = {0};
  g_autofree char *text = how->writer->write(document, &style);
  Slice bytes = slice_from_string(text);
  g_autoptr(Remote) remote = source_options_remote(target, config, true, error);
  auto_fd int fd = remote == NULL ? -1 : memory_file_new("sbom", error);
  if (fd < 0 || !fd_write_all(fd, bytes, error))
    return EXIT_ERROR;
  Digest digest = {0};
  Artifact artifact;
  sbom_artifact_init(&artifact, how->writer->media_type, bytes, document->created);
  artifact.fd = fd;
  bool attached = artifact_attach(remote, &artifact, subject, &digest, progress, NULL, error);
  sbom_artifact_clear(&artifact);
  if (!attached)
    return EXIT_ERROR;
  terminal_progress_end();
  printf("%s\n", digest.text);
  return command_end_output(EXIT_FINE);
}

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
  if (attach_option)
    return attach(source, &document, config, how, progress, error);
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
  if (attach_option && output_option != NULL)
    return command_usage_error("give either --attach or --output");
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
        "With --attach it is pushed to the repository of an image in a registry, as a referrer of\n"
        "the image's manifest, which is that of the platform; its digest is printed. The same "
        "SBOM\n"
        "attached again changes nothing.\n\n"
        "Examples:\n"
        "  assay sbom docker://docker.io/library/debian:11\n"
        "  assay sbom --format spdx --output app.spdx.json oci-archive:app.tar\n"
        "  assay sbom --attach docker://registry.example.com/team/app:1.0",
    .options = options,
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run,
};
