/* The options and the inputs of a look-up without a server; see the header. */
#include "cli/scan_setup.h"

#include <string.h>

#include "cli/scan_database.h"
#include "cli/scan_ignore.h"
#include "cli/scan_layers.h"
#include "cli/scan_malware.h"
#include "cli/scan_vex.h"
#include "cli/terminal_progress.h"
#include "inspect/secrets/gitleaks.h"
#include "oci/reference.h"

char *scan_option_database, *scan_option_data, *scan_option_config;
char **scan_option_ignore, **scan_option_vex;
gboolean scan_option_offline, scan_option_no_cache, scan_option_quiet;
char *scan_option_secret_config;
gboolean scan_option_secret_comments;

static bool
use_rules(Config *config, GError **error)
{
  const SecretsSettings *secrets = &config->secrets;
  const char *path =
      scan_option_secret_config != NULL ? scan_option_secret_config : secrets->config;
  bool comments = scan_option_secret_comments || secrets->allow_comments;
  return gitleaks_load(path, comments, error) &&
         scan_malware_begin(config, source_option_uncaged, error);
}

bool
scan_setup_read(ScanSetup *setup, GError **error)
{
  setup->config = config_open(scan_option_config, error);
  if (setup->config == NULL)
    return false;
  setup->ignore_files = scan_ignore_load(scan_option_ignore, error);
  if (setup->ignore_files == NULL)
    return false;
  setup->vex = vex_set_load(scan_option_vex, NULL, error);
  if (setup->vex == NULL)
    g_prefix_error(error, "--vex: ");
  setup->progress = scan_option_quiet ? NULL : terminal_progress();
  return setup->vex != NULL && use_rules(setup->config, error);
}

void
scan_setup_clear(ScanSetup *setup)
{
  g_clear_pointer(&setup->config, config_free);
  g_clear_pointer(&setup->ignore_files, g_ptr_array_unref);
  g_clear_pointer(&setup->vex, vex_set_unref);
}

AdvisoryDatabase *
scan_setup_database(const ScanSetup *setup, bool optional, GError **error)
{
  const ScanDatabaseOptions which = {.file = scan_option_database,
                                     .data = scan_option_data,
                                     .config = scan_option_config,
                                     .offline = scan_option_offline,
                                     .optional = optional,
                                     .quiet = scan_option_quiet};
  return scan_database_open(setup->config, &which, error);
}

ImageSource *
scan_setup_source(const ScanSetup *setup, const char *target, GError **error)
{
  return source_options_open(target, setup->config, setup->progress, error);
}

ImageInventory *
scan_setup_layers(const ScanSetup *setup, ImageSource *source, GError **error)
{
  const ScanLayersOptions layers = {.no_cache = scan_option_no_cache,
                                    .limits = &setup->config->limits.inspection,
                                    .progress = setup->progress};
  return scan_layers(source, &layers, error);
}

char *
scan_setup_repository(const char *given, const char *target)
{
  if (given != NULL)
    return g_strdup(given);
  const char *rest = g_str_has_prefix(target, "docker://") ? target + strlen("docker://") : NULL;
  g_autoptr(Reference) reference = rest == NULL ? NULL : reference_parse(rest, NULL);
  return g_strdup(reference != NULL ? reference->repository : "");
}

VexImage
scan_setup_image(const ImageSource *source, const ImageInventory *inventory)
{
  const Digest *digest = image_source_manifest_digest(source);
  return (VexImage){.target = image_source_target(source),
                    .digest = digest != NULL ? digest->text : NULL,
                    .os = inventory->os,
                    .inventory = inventory};
}

GPtrArray *
scan_setup_suppress(const ScanSetup *setup, const char *repository, const VexImage *image,
                    const MatchResult *matched, GPtrArray **ignored)
{
  GPtrArray *findings = g_ptr_array_new();
  g_ptr_array_extend(findings, matched->findings, NULL, NULL);
  *ignored = scan_ignore_take(setup->ignore_files, repository, findings, matched->notes);
  scan_vex_take(setup->vex, image, findings, *ignored, matched->notes);
  return findings;
}
