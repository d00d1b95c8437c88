/* The operator's configuration: its tables, and where its file is. */
#include "server/config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/yaml.h"

static const Setting limits_settings[] = {
    {SETTING_PART(ConfigLimits, registry), .section = &registry_limits_section},
    {SETTING(ConfigLimits, chunk_bytes), .kind = &setting_size, .fallback = "0", .most = INT64_MAX},
    {SETTING_PART(ConfigLimits, http), .section = &http_limits_section},
    {SETTING(ConfigLimits, stop_deadline), .kind = &setting_duration, .fallback = "30s",
     .most = 3600},
    {SETTING_PART(ConfigLimits, inspection), .section = &inspection_limits_section},
    {SETTING_PART(ConfigLimits, pipeline), .section = &pipeline_limits_section},
};
static const Section limits_section = {limits_settings, G_N_ELEMENTS(limits_settings),
                                       sizeof(ConfigLimits)};

static const Setting config_settings[] = {
    {SETTING(Config, data), .kind = &setting_text},
    {SETTING(Config, log_level), .kind = &setting_choice, .words = log_level_names,
     .fallback = "info"},
    {SETTING(Config, log_format), .kind = &setting_choice, .words = log_format_names,
     .fallback = "auto"},
    {SETTING_PART(Config, http), .section = &http_settings_section},
    {SETTING_LIST(Config, endpoints), .section = &endpoint_settings_section, .most = ENDPOINTS_MAX},
    {SETTING(Config, policy), .kind = &setting_text},
    {SETTING(Config, java_archives), .kind = &setting_text},
    {SETTING(Config, access), .section = &access_settings_section},
    {SETTING(Config, secrets), .section = &secrets_settings_section},
    {SETTING_PART(Config, advisories), .section = &advisory_settings_section},
    {SETTING(Config, admission), .section = &admission_settings_section},
    {SETTING(Config, audit), .section = &audit_settings_section},
    {SETTING(Config, harbor), .section = &harbor_settings_section},
    {SETTING(Config, signing), .section = &signing_settings_section},
    {SETTING(Config, malware), .section = &malware_settings_section},
    {SETTING(Config, limits), .section = &limits_section},
    {SETTING(Config, registry), .section = &registry_settings_section},
    {SETTING(Config, scrub_bytes_per_second), .kind = &setting_size, .fallback = "10MiB"},
    {SETTING(Config, allow_uncaged), .kind = &setting_boolean, .fallback = "false"},
    {SETTING(Config, durable), .kind = &setting_boolean, .fallback = "true"},
};

const Section config_section = {config_settings, G_N_ELEMENTS(config_settings), sizeof(Config)};

Config *
config_parse(Slice text, const char *name, GError **error)
{
  g_autoptr(Config) config = g_new0(Config, 1);
  return settings_read(&config_section, text, name, config, error) ? g_steal_pointer(&config)
                                                                   : NULL;
}

static Config *
load(const char *path, char **complaints, GError **error)
{
  g_autoptr(Config) config = g_new0(Config, 1);
  g_autoptr(GBytes) bytes = NULL;
  if (path != NULL && (bytes = file_read(AT_FDCWD, path, YAML_TEXT_MAX, error)) == NULL)
    return NULL;
  return settings_read_valid(&config_section, slice_from_bytes(bytes), path, config, complaints,
                             error)
             ? g_steal_pointer(&config)
             : NULL;
}

/* False: there is a file, and we may not read it. Without its word on feeds and folders we would do
 * something else than the server. */
static bool
choose_file(const char **path, GError **error)
{
  const char *named = g_getenv("ASSAY_CONFIG");
  if (*path == NULL && named != NULL && *named != '\0')
    *path = named;
  /* In a folder that we may not look into it may be there. */
  if (*path == NULL &&
      (access(CONFIG_SYSTEM_FILE, F_OK) == 0 || (errno != ENOENT && errno != ENOTDIR)))
    *path = CONFIG_SYSTEM_FILE;
  return *path == NULL || access(*path, R_OK) == 0 || errno != EACCES ||
         error_set(error, ASSAY_ERROR_DENIED,
                   "%s: permission denied; run this as the user who may read the configuration, or "
                   "name another file with --config (/dev/null: the defaults)",
                   *path);
}

Config *
config_load(const char *path, GError **error)
{
  g_autofree char *complaints = NULL;
  g_autoptr(Config) config = load(path, &complaints, error);
  if (complaints == NULL)
    return g_steal_pointer(&config);
  error_set(error, ASSAY_ERROR_INVALID, "%s", complaints);
  return NULL;
}

Config *
config_open(const char *path, GError **error)
{
  return choose_file(&path, error) ? config_load(path, error) : NULL;
}

Config *
config_open_valid(const char *path, char **complaints, GError **error)
{
  *complaints = NULL;
  return choose_file(&path, error) ? load(path, complaints, error) : NULL;
}

void
config_free(Config *config)
{
  if (config == NULL)
    return;
  settings_clear(&config_section, config);
  g_free(config);
}

void
config_set_listen(Config *config, const char *const *addresses)
{
  HttpSettings *http = &config->http;
  for (unsigned i = 0; i < http->listen_count; i++)
    g_free(http->listen[i].address);
  g_free(http->listen);
  unsigned count = 0;
  while (addresses[count] != NULL)
    count++;
  http->listen = g_new0(ListenSettings, count);
  http->listen_count = count;
  for (unsigned i = 0; i < count; i++)
    http->listen[i].address = g_strdup(addresses[i]);
}

char *
config_default_data_folder(void)
{
  const char *named = g_getenv("ASSAY_DATA");
  if (named != NULL && *named != '\0')
    return g_strdup(named);
  return geteuid() == 0 ? g_strdup("/var/lib/assay")
                        : g_build_filename(g_get_user_data_dir(), "assay", NULL);
}
