/* The operator's configuration: its tables, and where its file is. */
#include "base/config.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/settings.h"
#include "base/yaml.h"

#define KIB ((uint64_t)1024)
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)
#define DAY ((uint64_t)86400)

#define COUNT(member) SETTING(ConfigLimits, member), .kind = &setting_count
#define BYTES(member) SETTING(ConfigLimits, member), .kind = &setting_size
#define TIME(member)  SETTING(ConfigLimits, member), .kind = &setting_duration
static const Setting limits_settings[] = {
    {BYTES(manifest_bytes), .fallback = "4MiB", .least = 1, .most = 64 * MIB},
    {BYTES(blob_bytes), .fallback = "0", .most = INT64_MAX},
    {BYTES(chunk_bytes), .fallback = "0", .most = INT64_MAX},
    {COUNT(concurrent_uploads), .fallback = "1000", .least = 1, .most = 1000000},
    {TIME(upload_expiry), .fallback = "24h", .least = 1, .most = 365 * DAY},
    {COUNT(connections), .fallback = "4096", .least = 1, .most = 1000000},
    {COUNT(connections_per_peer), .fallback = "0", .most = 1000000},
    {COUNT(uploads_per_peer), .fallback = "0", .most = 1000000},
    {BYTES(least_bytes_per_second), .fallback = "1KiB", .most = GIB},
    {TIME(slow_seconds), .fallback = "30s", .least = 1, .most = 3600},
    {TIME(head_seconds), .fallback = "30s", .least = 1, .most = 3600},
    {TIME(idle_seconds), .fallback = "60s", .least = 1, .most = DAY},
    {TIME(stop_deadline), .fallback = "30s", .most = 3600},
    {BYTES(layer_unpacked_bytes), .fallback = "10GiB", .least = 1, .most = INT64_MAX},
    {COUNT(layer_ratio), .fallback = "1000", .least = 2, .most = 100000},
    {COUNT(layer_entries), .fallback = "2000000", .least = 1, .most = UINT32_MAX},
    {COUNT(path_bytes), .fallback = "4096", .least = 1, .most = 65536},
    {COUNT(path_depth), .fallback = "128", .least = 1, .most = 4096},
    {BYTES(file_bytes), .fallback = "256MiB", .least = 1, .most = 4 * GIB},
    {TIME(layer_seconds), .fallback = "5m", .least = 1, .most = DAY},
    {BYTES(worker_memory_bytes), .fallback = "2GiB", .least = 64 * MIB, .most = INT64_MAX},
    {COUNT(workers), .fallback = "0", .most = 1024},
};
static const Section limits_section = {limits_settings, G_N_ELEMENTS(limits_settings),
                                       sizeof(ConfigLimits)};

static const Setting listen_settings[] = {
    {SETTING(ConfigListen, address), .kind = &setting_text, .required = true},
    {SETTING(ConfigListen, plain_http), .kind = &setting_boolean, .fallback = "false"},
};
static const Section listen_section = {listen_settings, G_N_ELEMENTS(listen_settings),
                                       sizeof(ConfigListen)};

static const Setting tls_settings[] = {
    {SETTING(ConfigTls, certificate), .kind = &setting_text, .required = true},
    {SETTING(ConfigTls, key), .kind = &setting_text, .required = true},
};
static const Section tls_section = {tls_settings, G_N_ELEMENTS(tls_settings), sizeof(ConfigTls)};

static const Setting registry_settings[] = {
    {SETTING(ConfigRegistry, sparse_indexes), .kind = &setting_boolean, .fallback = "false"},
};
static const Section registry_section = {registry_settings, G_N_ELEMENTS(registry_settings),
                                         sizeof(ConfigRegistry)};

static const char *const feed_types[] = {"debian-tracker", "debian-repo", "alpine-secdb", "osv",
                                         "updateinfo",     "kev",         "epss",         NULL};

static const Setting feed_settings[] = {
    {SETTING(ConfigFeed, name), .kind = &setting_text, .required = true},
    {SETTING(ConfigFeed, type), .kind = &setting_word, .words = feed_types, .required = true},
    {SETTING(ConfigFeed, url), .kind = &setting_text},
    {SETTING(ConfigFeed, path), .kind = &setting_text},
    {SETTING(ConfigFeed, suite), .kind = &setting_text},
    {SETTING(ConfigFeed, keyring), .kind = &setting_text},
    {SETTING(ConfigFeed, sources), .kind = &setting_text},
    {SETTING(ConfigFeed, ecosystem), .kind = &setting_text},
    {SETTING(ConfigFeed, disabled), .kind = &setting_boolean, .fallback = "false"},
};

static void
check_feed(void *values, const SettingsPlace *place)
{
  const ConfigFeed *feed = values;
  if ((feed->url == NULL) == (feed->path == NULL))
    settings_complain(place, feed->url != NULL ? "path" : "url",
                      "a feed needs one of `url` and `path`, and only one");
}

static const Section feed_section = {.settings = feed_settings,
                                     .count = G_N_ELEMENTS(feed_settings),
                                     .size = sizeof(ConfigFeed),
                                     .noun = "feed",
                                     .named_by = "name",
                                     .check = check_feed};

/* "https://ui.example.com:8443", as browsers write it in Origin: no path, no slash at its end. */
static bool
read_origin(const Setting *setting, const char *text, void *value, GError **error)
{
  const char *host = strstr(text, "://");
  if (strcmp(text, "*") != 0 &&
      (host == NULL || host == text || host[3] == '\0' || strpbrk(host + 3, "/?# *") != NULL))
    return error_set(error, ASSAY_ERROR_INVALID,
                     "must be SCHEME://HOST[:PORT] without a path, or \"*\"");
  return setting_texts_read(setting, text, value, error);
}

static bool
read_addresses(const Setting *setting, const char *text, void *value, GError **error)
{
  g_autoptr(GInetAddressMask) mask = g_inet_address_mask_new_from_string(text, NULL);
  if (mask == NULL)
    return error_set(error, ASSAY_ERROR_INVALID,
                     "must be an address or a block of them (10.0.0.0/8)");
  return setting_texts_read(setting, text, value, error);
}

#define OSV "https://osv-vulnerabilities.storage.googleapis.com/"

/* The public sources, as their publishers name them. */
#define PUBLIC_FEEDS                                                                               \
  "- name: debian\n"                                                                               \
  "  type: debian-tracker\n"                                                                       \
  "  url: https://security-tracker.debian.org/tracker/data/json\n"                                 \
  "- {name: alpine, type: alpine-secdb, url: 'https://secdb.alpinelinux.org/'}\n"                  \
  "- {name: wolfi, type: alpine-secdb, url: 'https://packages.wolfi.dev/os/security.json'}\n"      \
  "- name: chainguard\n"                                                                           \
  "  type: alpine-secdb\n"                                                                         \
  "  url: https://packages.cgr.dev/chainguard/security.json\n"                                     \
  "- {name: ubuntu, type: osv, url: '" OSV "Ubuntu/all.zip'}\n"                                    \
  "- {name: redhat, type: osv, url: '" OSV "Red%20Hat/all.zip'}\n"                                 \
  "- {name: almalinux, type: osv, url: '" OSV "AlmaLinux/all.zip'}\n"                              \
  "- {name: rocky, type: osv, url: '" OSV "Rocky%20Linux/all.zip'}\n"                              \
  "- {name: suse, type: osv, url: '" OSV "SUSE/all.zip'}\n"                                        \
  "- {name: opensuse, type: osv, url: '" OSV "openSUSE/all.zip'}\n"                                \
  "- {name: azurelinux, type: osv, url: '" OSV "Azure%20Linux/all.zip'}\n"                         \
  "- {name: photon, type: osv, url: '" OSV "Photon%20OS/all.zip'}\n"                               \
  "- {name: openeuler, type: osv, url: '" OSV "openEuler/all.zip'}\n"                              \
  "- name: kev\n"                                                                                  \
  "  type: kev\n"                                                                                  \
  "  url: "                                                                                        \
  "https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json\n"          \
  "- name: epss\n"                                                                                 \
  "  type: epss\n"                                                                                 \
  "  url: https://epss.empiricalsecurity.com/epss_scores-current.csv.gz\n"

static const SettingKind origins_kind = {
    .begin = setting_texts_begin, .read = read_origin, .clear = setting_texts_clear, .many = true};
static const SettingKind addresses_kind = {.begin = setting_texts_begin,
                                           .read = read_addresses,
                                           .clear = setting_texts_clear,
                                           .many = true};

static const char *const log_levels[] = {"debug", "info", "warning", "error", NULL};
static const char *const log_formats[] = {"auto", "text", "json", NULL};

static const Setting config_settings[] = {
    {SETTING(Config, data), .kind = &setting_text},
    {SETTING(Config, log_level), .kind = &setting_word, .words = log_levels, .fallback = "info"},
    {SETTING(Config, log_format), .kind = &setting_word, .words = log_formats, .fallback = "auto"},
    {SETTING_LIST(Config, listen), .section = &listen_section, .least = 1, .most = 64,
     .fallback = "[{address: '127.0.0.1:5000'}]"},
    {SETTING(Config, tls), .section = &tls_section},
    {SETTING(Config, policy), .kind = &setting_text},
    {SETTING(Config, ca_file), .kind = &setting_text},
    {SETTING_LIST(Config, feeds), .section = &feed_section, .most = 1000, .fallback = PUBLIC_FEEDS},
    {SETTING(Config, feed_interval), .kind = &setting_duration, .fallback = "6h"},
    {SETTING(Config, limits), .section = &limits_section},
    {SETTING(Config, registry), .section = &registry_section},
    {SETTING(Config, scrub_bytes_per_second), .kind = &setting_size, .fallback = "10MiB"},
    {SETTING(Config, cors_origins), .kind = &origins_kind, .most = 100},
    {SETTING(Config, trusted_proxies), .kind = &addresses_kind, .most = 100},
    {SETTING(Config, allow_uncaged), .kind = &setting_boolean, .fallback = "false"},
    {SETTING(Config, durable), .kind = &setting_boolean, .fallback = "true"},
};

const Section config_section = {config_settings, G_N_ELEMENTS(config_settings), sizeof(Config)};

ConfigLimits
config_default_limits(void)
{
  ConfigLimits limits;
  settings_defaults(&limits_section, &limits);
  return limits;
}

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
  for (unsigned i = 0; i < config->listen_count; i++)
    g_free(config->listen[i].address);
  g_free(config->listen);
  unsigned count = 0;
  while (addresses[count] != NULL)
    count++;
  config->listen = g_new0(ConfigListen, count);
  config->listen_count = count;
  for (unsigned i = 0; i < count; i++)
    config->listen[i].address = g_strdup(addresses[i]);
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
