/* What the operator decides: one YAML file, read by tables (settings.h), every value with a default
 * that works. `docs/configuration.md` describes each key; the names here and there are the same.
 * Each room owns the rows of its own keys, as a table beside the structure that they fill
 * (registry.h, inspection.h, http_settings.h, ...); config.c puts the tables together. A new key is
 * a member there and a row: nothing else reads, checks or frees it.
 *
 * A Config is read once and is immutable after, so threads may share it. Sizes are bytes, times are
 * seconds, counts are counts. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "access/access_settings.h"
#include "access/audit/audit.h"
#include "access/endpoint/endpoint_settings.h"
#include "access/keys/sealed.h"
#include "admission/admission_settings.h"
#include "advisory/advisory_settings.h"
#include "base/log.h"
#include "base/slice.h"
#include "inspect/inspection.h"
#include "inspect/malware/malware_settings.h"
#include "pipeline/pipeline.h"
#include "pipeline/signing_jobs.h"
#include "registry/registry.h"
#include "server/harbor/harbor_settings.h"
#include "server/http/http_settings.h"

typedef struct {
  RegistryLimits registry;
  uint64_t chunk_bytes; /* largest body of one PATCH; 0: no limit */
  HttpLimits http;
  uint32_t stop_deadline; /* seconds that a graceful stop waits for requests in flight; 30 */
  InspectionLimits inspection;
  PipelineLimits pipeline;
} ConfigLimits;

typedef struct {
  char *data;           /* folder; NULL: $XDG_DATA_HOME/assay, or /var/lib/assay for root */
  LogLevel log_level;   /* info */
  LogFormat log_format; /* auto */
  HttpSettings http;
  EndpointSettings *endpoints; /* named ways in, beside http.listen */
  unsigned endpoints_count;
  char *policy;        /* policy file; NULL: the built-in default policy */
  char *java_archives; /* a table of inspect/java_table.h; NULL: none */
  AccessSettings access;
  SecretsSettings secrets;
  AdmissionSettings admission;
  AuditSettings audit;
  AdvisorySettings advisories;
  HarborSettings harbor;
  SigningSettings signing;
  MalwareSettings malware;
  ConfigLimits limits;
  RegistrySettings registry;
  uint64_t scrub_bytes_per_second; /* at which stored blobs are read again; 0: never; 10 MiB */
  bool allow_uncaged; /* run workers although the kernel lacks Landlock or seccomp; false */
  bool durable;       /* fsync before an answer; true. false is for benchmarks only */
} Config;

/* The tables, for tests of the documentation. */
extern const Section config_section;

/* Reads @path, or gives the defaults when @path is NULL. All that is wrong in it is one
 * ASSAY_ERROR_INVALID, a line each, with file, line, column and key. (transfer full) */
Config *config_load(const char *path, GError **error);
#define CONFIG_SYSTEM_FILE "/etc/assay/assay.yaml"
/* What every subcommand reads: @path (of --config), or else $ASSAY_CONFIG, or else
 * CONFIG_SYSTEM_FILE when it is there, or else the defaults. ASSAY_ERROR_DENIED: there is a file,
 * and we may not read it. (transfer full) */
Config *config_open(const char *path, GError **error);
/* The same for `assay check`: what is wrong goes to *complaints (or NULL), and the rest can be
 * looked at. (transfer full) */
Config *config_open_valid(const char *path, char **complaints, GError **error);
/* The same of a text; @name is the file's in messages. (transfer full) */
Config *config_parse(Slice text, const char *name, GError **error);
void config_free(Config *config);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Config, config_free)

/* Replaces the addresses to listen on; plain HTTP stays loopback's alone. NULL-terminated, copied.
 */
void config_set_listen(Config *config, const char *const *addresses);

/* The data folder that holds when neither --data nor the config names one: $ASSAY_DATA, or else
 * /var/lib/assay for root and $XDG_DATA_HOME/assay for others. (transfer full) */
char *config_default_data_folder(void);
