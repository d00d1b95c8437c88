/* What commands that read from registries have in common: where an image comes from, and how a
 * registry is asked. */
#pragma once

#include "cli/command.h"
#include "remote/client.h"
#include "report/report.h"
#include "source/source.h"

/* Read by source_options_open() and source_options_remote(). */
extern char *source_option_platform, *source_option_authfile, *source_option_credentials,
    *source_option_certificates;
extern gboolean source_option_insecure, source_option_uncaged;
/* How a registry is asked. */
#define REGISTRY_OPTIONS                                                                           \
  {"insecure",                                                                                     \
   0,                                                                                              \
   0,                                                                                              \
   G_OPTION_ARG_NONE,                                                                              \
   &source_option_insecure,                                                                        \
   "Accept plain HTTP and bad certificates of a registry",                                         \
   NULL},                                                                                          \
      {"authfile",                                                                                 \
       0,                                                                                          \
       0,                                                                                          \
       G_OPTION_ARG_FILENAME,                                                                      \
       &source_option_authfile,                                                                    \
       "Who we are to a registry, as written by podman login",                                     \
       "FILE"},                                                                                    \
      {"creds",                                                                                    \
       0,                                                                                          \
       0,                                                                                          \
       G_OPTION_ARG_STRING,                                                                        \
       &source_option_credentials,                                                                 \
       "Who we are to a registry; others on this machine can read it",                             \
       "USER:PASSWORD"},                                                                           \
  {                                                                                                \
    "cert-dir", 0, 0, G_OPTION_ARG_FILENAME, &source_option_certificates,                          \
        "Certificates for the registry: *.crt it may have, *.cert and *.key of our own", "FOLDER"  \
  }
/* Of a command that reads layers, and of one that shows how far it is. */
#define CACHE_OPTION(target)                                                                       \
  {                                                                                                \
    "no-cache", 0, 0, G_OPTION_ARG_NONE, &(target), "Read layers seen before again", NULL          \
  }
#define QUIET_OPTION(target)                                                                       \
  {                                                                                                \
    "quiet", 'q', 0, G_OPTION_ARG_NONE, &(target), "The result and errors, nothing else", NULL     \
  }
#define SOURCE_OPTIONS                                                                             \
  {"platform",                                                                                     \
   0,                                                                                              \
   0,                                                                                              \
   G_OPTION_ARG_STRING,                                                                            \
   &source_option_platform,                                                                        \
   "Which image of an index (default: this machine's)",                                            \
   "OS/ARCHITECTURE"},                                                                             \
      REGISTRY_OPTIONS,                                                                            \
  {                                                                                                \
    "allow-uncaged", 0, 0, G_OPTION_ARG_NONE, &source_option_uncaged,                              \
        "Continue where the kernel lacks Landlock or seccomp", NULL                                \
  }

/* (transfer full) */
ImageSource *source_options_open(const char *target, const Config *config, const Progress *progress,
                                 GError **error);

/* A client of the repository that @reference names, for pulling, and with @push for both.
 * (transfer full) */
Remote *source_options_remote(const char *reference, const Config *config, bool push,
                              GError **error);

/* When what is scanned was made, in seconds since 1970, for reports that say so: SOURCE_DATE_EPOCH
 * of the environment, else the image's own word, or 1970 where it has none; now of a folder. */
int64_t source_options_created(const ImageSource *source);

/* What a report says of @source and its @inventory, without findings; it borrows both. */
Report source_options_report(const ImageSource *source, const ImageInventory *inventory);
