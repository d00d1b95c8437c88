/* `assay packages`: the packages of an image, without a server and without advisories. */
#include <string.h>

#include "base/json.h"
#include "cli/command.h"
#include "cli/report_options.h"
#include "cli/scan_layers.h"
#include "cli/source_options.h"
#include "cli/terminal_progress.h"
#include "report/packages.h"
#include "verdict/completeness.h"

static char *format_option, *output_option, *config_option, *type_option;
static char **name_options;
static gboolean no_cache_option, quiet_option;

static const GOptionEntry options[] = {
    FORMAT_OPTION("table"),
    {"type", 't', 0, G_OPTION_ARG_STRING, &type_option,
     "Only packages of these types: deb,rpm,apk,npm,pypi,maven,golang ...", "LIST"},
    {"name", 'n', 0, G_OPTION_ARG_STRING_ARRAY, &name_options,
     "Only packages of this name, which may have * and ?; may be repeated", "PATTERN"},
    {"output", 'o', 0, G_OPTION_ARG_FILENAME, &output_option,
     "Write the list here instead of to standard output (-)", "FILE"},
    CONFIG_OPTION(config_option),
    SOURCE_OPTIONS,
    CACHE_OPTION(no_cache_option),
    QUIET_OPTION(quiet_option),
    {NULL}};

/* What --type names. False: it is no list of types, and that was told. */
static bool
read_types(char ***types)
{
  *types = type_option == NULL ? NULL : g_strsplit(type_option, ",", -1);
  bool fine = *types == NULL || **types != NULL;
  for (char **type = *types; type != NULL && *type != NULL; type++) {
    g_strstrip(*type);
    fine = fine && **type != '\0' &&
           strspn(*type, "abcdefghijklmnopqrstuvwxyz0123456789.+-") == strlen(*type);
  }
  if (!fine)
    command_usage_error("--type must be types of packages, such as deb,npm, is \"%s\"",
                        type_option);
  return fine;
}

/* An empty list may be the answer, or a mistyped word. */
static void
tell_nothing(const ImageInventory *inventory)
{
  g_autofree char *types = report_package_types_in_words(inventory);
  if (!quiet_option)
    command_tell("no package matches --type and --name; there are packages of the types: %s",
                 types);
}

static int
list(const char *target, const Config *config, char **types, bool json, GError **error)
{
  const ScanLayersOptions layers = {.no_cache = no_cache_option,
                                    .progress = quiet_option ? NULL : terminal_progress()};
  g_autoptr(ImageSource) source = NULL;
  g_autoptr(ImageInventory) inventory = scan_layers_of(target, config, &layers, &source, error);
  if (inventory == NULL)
    return EXIT_ERROR;
  g_autoptr(GPtrArray) gaps = completeness_gaps(inventory, NULL);
  g_autoptr(GPtrArray) shown = report_packages_select(inventory, (const char *const *)types,
                                                      (const char *const *)name_options);
  Report document = source_options_report(source, inventory);
  g_autoptr(GPtrArray) notes = scan_layer_notes(inventory);
  document.gaps = gaps;
  document.layer_notes = notes;
  terminal_progress_end();
  if (shown->len == 0 && document.packages > 0)
    tell_nothing(inventory);
  if (json) {
    g_autoptr(json_t) object = report_packages_to_json(&document, shown);
    g_autofree char *text = json_to_pretty_text(object);
    return report_text_write(text, output_option);
  }
  bool to_file = output_option != NULL && strcmp(output_option, "-") != 0;
  g_autofree char *text = report_packages_to_text(&document, shown, to_file ? 0 : terminal_width());
  return report_text_write(text, output_option);
}

static int
run(char **arguments)
{
  g_autoptr(GError) error = NULL;
  g_auto(GStrv) types = NULL;
  bool json;
  if (!command_wants_json(format_option, "table", &json) || !read_types(&types))
    return EXIT_ERROR;
  g_autoptr(Config) config = config_open(config_option, &error);
  if (config == NULL)
    return command_fail(error);
  int code = list(arguments[0], config, types, json, &error);
  terminal_progress_end();
  return error != NULL ? command_fail(error) : code;
}

const Command packages_command = {
    .name = "packages",
    .summary = "List the packages of an image, without a server",
    .arguments = "TARGET",
    .help =
        "TARGET is what `assay scan` takes: an image wherever it lies, a folder, a file system, "
        "an\n"
        "SBOM. The list says of each package its type, version and licence, the files that show "
        "it,\n"
        "the distribution's package that owns them, and whether it is only declared: a lock file "
        "or\n"
        "a manifest names it, and nothing shows that it is installed. No advisories are needed.\n\n"
        "What of the image could not be read is told as `incomplete`.\n\n"
        "Examples:\n"
        "  assay packages docker://docker.io/library/debian:11\n"
        "  assay packages --type npm,pypi --name 'lodash*' oci-archive:app.tar\n"
        "  assay packages --format json rootfs:/",
    .options = options,
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run,
};
