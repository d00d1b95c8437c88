/* What commands have in common that look an image's findings up without a server: options, the
 * advisories, and what ignore files and VEX documents take out. */
#pragma once

#include "advisory/database/database.h"
#include "cli/command.h"
#include "cli/source_options.h"
#include "report/report.h"
#include "verdict/match.h"
#include "verdict/vex_set.h"

/* Read by scan_setup_read(), except for the last, which each command asks for itself. */
extern char *scan_option_database, *scan_option_data, *scan_option_config;
extern char **scan_option_ignore, **scan_option_vex;
extern gboolean scan_option_offline, scan_option_no_cache, scan_option_quiet;
/* Of `assay scan` alone; NULL and false: the configuration says. */
extern char *scan_option_secret_config;
extern gboolean scan_option_secret_comments;
#define SCAN_OPTIONS                                                                               \
  {"ignore-file",                                                                                  \
   0,                                                                                              \
   0,                                                                                              \
   G_OPTION_ARG_FILENAME_ARRAY,                                                                    \
   &scan_option_ignore,                                                                            \
   "Findings not to show; may be repeated (default: .assayignore.yaml, .trivyignore)",             \
   "FILE"},                                                                                        \
      {"vex",                                                                                      \
       0,                                                                                          \
       0,                                                                                          \
       G_OPTION_ARG_FILENAME_ARRAY,                                                                \
       &scan_option_vex,                                                                           \
       "What is not affected, or fixed: OpenVEX, CSAF, CycloneDX; may be repeated",                \
       "FILE|FOLDER"},                                                                             \
      {"db",                                                                                       \
       0,                                                                                          \
       0,                                                                                          \
       G_OPTION_ARG_FILENAME,                                                                      \
       &scan_option_database,                                                                      \
       "The advisory database (default: that of the data folder)",                                 \
       "FILE"},                                                                                    \
      {"offline",                                                                                  \
       0,                                                                                          \
       0,                                                                                          \
       G_OPTION_ARG_NONE,                                                                          \
       &scan_option_offline,                                                                       \
       "Fetch no advisories where there is no database yet",                                       \
       NULL},                                                                                      \
      {"data",                                                                                     \
       'd',                                                                                        \
       0,                                                                                          \
       G_OPTION_ARG_FILENAME,                                                                      \
       &scan_option_data,                                                                          \
       "The data folder (default: the configuration's)",                                           \
       "FOLDER"},                                                                                  \
      CONFIG_OPTION(scan_option_config), SOURCE_OPTIONS, CACHE_OPTION(scan_option_no_cache),       \
      QUIET_OPTION(scan_option_quiet)

typedef struct {
  Config *config;
  GPtrArray *ignore_files; /* IgnoreFile */
  VexSet *vex;
  const Progress *progress;
} ScanSetup;

/* What the command line says, in a @setup of zero bytes. The rules for secrets and malicious files
 * of the configuration and the options are those of the process from now on, so that two commands
 * do not contradict each other. */
bool scan_setup_read(ScanSetup *setup, GError **error);
void scan_setup_clear(ScanSetup *setup);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ScanSetup, scan_setup_clear)

/* Where advisories are looked up (scan_database.h). NULL without an error: @optional, and there is
 * none. (transfer full) */
AdvisoryDatabase *scan_setup_database(const ScanSetup *setup, bool optional, GError **error);
/* (transfer full) */
ImageSource *scan_setup_source(const ScanSetup *setup, const char *target, GError **error);
/* (transfer full) */
ImageInventory *scan_setup_layers(const ScanSetup *setup, ImageSource *source, GError **error);

/* Under which name the policies' namespaces see @target: @given (--repository) or, where that is
 * NULL, that of docker://, else "". (transfer full) */
char *scan_setup_repository(const char *given, const char *target);

/* How VEX documents name the image; it borrows both. */
VexImage scan_setup_image(const ImageSource *source, const ImageInventory *inventory);

/* What is left of @matched after ignore files, which see an image of @repository, and VEX:
 * Finding, borrowed. *@ignored: IgnoredFinding. Both (transfer full). What is hidden is noted in
 * @matched. */
GPtrArray *scan_setup_suppress(const ScanSetup *setup, const char *repository,
                               const VexImage *image, const MatchResult *matched,
                               GPtrArray **ignored);
