/* The operator's configuration: the schema, the defaults, and how the one overlays the other. */
#include "base/config.h"

#include <fcntl.h>
#include <gio/gio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/yaml.h"

#define KIB ((uint64_t)1024)
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)

/* Every limit once: X(member, type, parser, default, least, most). Zero below `least` means "none"
 * where a limit allows it. */
#define LIMITS(X)                                                                                  \
  X(manifest_bytes, uint64_t, size_parse, 4 * MIB, 1, 64 * MIB)                                    \
  X(blob_bytes, uint64_t, size_parse, 0, 0, INT64_MAX)                                             \
  X(chunk_bytes, uint64_t, size_parse, 0, 0, INT64_MAX)                                            \
  X(concurrent_uploads, uint32_t, count_parse, 1000, 1, 1000000)                                   \
  X(upload_expiry, uint32_t, duration_parse, 86400, 1, 365 * 86400)                                \
  X(connections, uint32_t, count_parse, 4096, 1, 1000000)                                          \
  X(connections_per_peer, uint32_t, count_parse, 0, 0, 1000000)                                    \
  X(uploads_per_peer, uint32_t, count_parse, 0, 0, 1000000)                                        \
  X(least_bytes_per_second, uint64_t, size_parse, KIB, 0, GIB)                                     \
  X(slow_seconds, uint32_t, duration_parse, 30, 1, 3600)                                           \
  X(head_seconds, uint32_t, duration_parse, 30, 1, 3600)                                           \
  X(idle_seconds, uint32_t, duration_parse, 60, 1, 86400)                                          \
  X(stop_deadline, uint32_t, duration_parse, 30, 0, 3600)                                          \
  X(layer_unpacked_bytes, uint64_t, size_parse, 10 * GIB, 1, INT64_MAX)                            \
  X(layer_ratio, uint32_t, count_parse, 1000, 2, 100000)                                           \
  X(layer_entries, uint32_t, count_parse, 2000000, 1, UINT32_MAX)                                  \
  X(path_bytes, uint32_t, count_parse, 4096, 1, 65536)                                             \
  X(path_depth, uint32_t, count_parse, 128, 1, 4096)                                               \
  X(file_bytes, uint64_t, size_parse, 256 * MIB, 1, 4 * GIB)                                       \
  X(layer_seconds, uint32_t, duration_parse, 300, 1, 86400)                                        \
  X(worker_memory_bytes, uint64_t, size_parse, 2 * GIB, 64 * MIB, INT64_MAX)                       \
  X(workers, uint32_t, count_parse, 0, 0, 1024)

/* What the YAML holds: everything optional, sizes and times still as their text. */
typedef struct {
#define MEMBER(name, type, parser, fallback, least, most) char *name;
  LIMITS(MEMBER)
#undef MEMBER
} RawLimits;

typedef struct {
  const char *address;
  bool *plain_http;
} RawListen;

typedef struct {
  const char *name, *type, *url, *path, *suite, *keyring, *sources, *ecosystem;
  bool *disabled;
} RawFeed;

typedef struct {
  char *data, *log_level, *log_format, *policy, *ca_file, *feed_interval;
  RawListen *listen;
  unsigned listen_count;
  ConfigTls *tls;
  RawLimits *limits;
  RawFeed *feeds;
  unsigned feeds_count;
  char **cors_origins, **trusted_proxies;
  unsigned cors_origins_count, trusted_proxies_count;
  bool *allow_uncaged, *durable;
} RawConfig;

#define OPTIONAL_TEXT(structure, member)                                                           \
  CYAML_FIELD_STRING_PTR(#member, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, structure, member, 1,  \
                         CYAML_UNLIMITED)
static const cyaml_schema_field_t limits_fields[] = {
#define FIELD(name, type, parser, fallback, least, most) OPTIONAL_TEXT(RawLimits, name),
    LIMITS(FIELD)
#undef FIELD
        CYAML_FIELD_END};

static const cyaml_schema_field_t tls_fields[] = {
    CYAML_FIELD_STRING_PTR("certificate", CYAML_FLAG_POINTER, ConfigTls, certificate, 1,
                           CYAML_UNLIMITED),
    CYAML_FIELD_STRING_PTR("key", CYAML_FLAG_POINTER, ConfigTls, key, 1, CYAML_UNLIMITED),
    CYAML_FIELD_END};

static const cyaml_schema_field_t listen_fields[] = {
    CYAML_FIELD_STRING_PTR("address", CYAML_FLAG_POINTER, RawListen, address, 1, CYAML_UNLIMITED),
    YAML_OPTIONAL_BOOLEAN(RawListen, plain_http), CYAML_FIELD_END};

static const cyaml_schema_value_t listen_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, RawListen, listen_fields)};

static const cyaml_schema_field_t feed_fields[] = {
    CYAML_FIELD_STRING_PTR("name", CYAML_FLAG_POINTER, RawFeed, name, 1, 128),
    CYAML_FIELD_STRING_PTR("type", CYAML_FLAG_POINTER, RawFeed, type, 1, 64),
    OPTIONAL_TEXT(RawFeed, url),
    OPTIONAL_TEXT(RawFeed, path),
    OPTIONAL_TEXT(RawFeed, suite),
    OPTIONAL_TEXT(RawFeed, keyring),
    OPTIONAL_TEXT(RawFeed, sources),
    OPTIONAL_TEXT(RawFeed, ecosystem),
    YAML_OPTIONAL_BOOLEAN(RawFeed, disabled),
    CYAML_FIELD_END};

static const cyaml_schema_value_t feed_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, RawFeed, feed_fields)};

static const cyaml_schema_value_t text_entry = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char *, 1, CYAML_UNLIMITED)};

static const cyaml_schema_field_t config_fields[] = {
    OPTIONAL_TEXT(RawConfig, data),
    OPTIONAL_TEXT(RawConfig, log_level),
    OPTIONAL_TEXT(RawConfig, log_format),
    OPTIONAL_TEXT(RawConfig, policy),
    OPTIONAL_TEXT(RawConfig, ca_file),
    OPTIONAL_TEXT(RawConfig, feed_interval),
    CYAML_FIELD_SEQUENCE("listen", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, RawConfig, listen,
                         &listen_entry, 0, 64),
    CYAML_FIELD_MAPPING_PTR("tls", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, RawConfig, tls,
                            tls_fields),
    CYAML_FIELD_MAPPING_PTR("limits", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, RawConfig, limits,
                            limits_fields),
    CYAML_FIELD_SEQUENCE("feeds", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, RawConfig, feeds,
                         &feed_entry, 0, 1000),
    CYAML_FIELD_SEQUENCE("cors_origins", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, RawConfig,
                         cors_origins, &text_entry, 0, 100),
    CYAML_FIELD_SEQUENCE("trusted_proxies", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, RawConfig,
                         trusted_proxies, &text_entry, 0, 100),
    YAML_OPTIONAL_BOOLEAN(RawConfig, allow_uncaged),
    YAML_OPTIONAL_BOOLEAN(RawConfig, durable),
    CYAML_FIELD_END};

static const cyaml_schema_value_t config_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, RawConfig, config_fields)};

static const char *const feed_types[] = {"debian-tracker", "debian-repo", "alpine-secdb", "osv",
                                         "updateinfo",     "kev",         "epss",         NULL};

#define OSV "https://osv-vulnerabilities.storage.googleapis.com/"

/* The public sources, as their publishers name them. */
static const RawFeed default_feeds[] = {
    {.name = "debian",
     .type = "debian-tracker",
     .url = "https://security-tracker.debian.org/tracker/data/json"},
    {.name = "alpine", .type = "alpine-secdb", .url = "https://secdb.alpinelinux.org/"},
    {.name = "wolfi", .type = "alpine-secdb", .url = "https://packages.wolfi.dev/os/security.json"},
    {.name = "chainguard",
     .type = "alpine-secdb",
     .url = "https://packages.cgr.dev/chainguard/security.json"},
    {.name = "ubuntu", .type = "osv", .url = OSV "Ubuntu/all.zip"},
    {.name = "redhat", .type = "osv", .url = OSV "Red%20Hat/all.zip"},
    {.name = "almalinux", .type = "osv", .url = OSV "AlmaLinux/all.zip"},
    {.name = "rocky", .type = "osv", .url = OSV "Rocky%20Linux/all.zip"},
    {.name = "suse", .type = "osv", .url = OSV "SUSE/all.zip"},
    {.name = "opensuse", .type = "osv", .url = OSV "openSUSE/all.zip"},
    {.name = "kev",
     .type = "kev",
     .url = "https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json"},
    {.name = "epss",
     .type = "epss",
     .url = "https://epss.empiricalsecurity.com/epss_scores-current.csv.gz"},
};

static bool
count_parse(const char *text, const char *key, uint64_t *value, GError **error)
{
  return slice_to_uint64(slice_from_string(text), value) ||
         error_set(error, ASSAY_ERROR_INVALID, "%s: \"%s\" is not a whole number", key, text);
}

typedef bool (*ValueParser)(const char *text, const char *key, uint64_t *value, GError **error);

static bool
read_bounded(const char *text, const char *key, ValueParser parse, uint64_t least, uint64_t most,
             uint64_t *value, GError **error)
{
  if (text == NULL)
    return true;
  if (!parse(text, key, value, error))
    return false;
  if (*value < least || *value > most)
    return error_set(error, ASSAY_ERROR_INVALID,
                     "%s: %s is out of range (%" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT ")", key,
                     text, least, most);
  return true;
}

ConfigLimits
config_default_limits(void)
{
  return (ConfigLimits){
#define VALUE(name, type, parser, fallback, least, most) .name = (fallback),
      LIMITS(VALUE)
#undef VALUE
  };
}

static bool
read_limits(ConfigLimits *limits, const RawLimits *raw, GError **error)
{
  *limits = config_default_limits();
  if (raw == NULL)
    return true;
  uint64_t value;
#define READ(name, type, parser, fallback, least, most)                                            \
  value = limits->name;                                                                            \
  if (!read_bounded(raw->name, "limits." #name, parser, least, most, &value, error))               \
    return false;                                                                                  \
  limits->name = (type)value;
  LIMITS(READ)
#undef READ
  return true;
}

static bool
is_one_of(const char *text, const char *const *words)
{
  return text == NULL || g_strv_contains(words, text);
}

static bool
read_feeds(Config *config, const RawFeed *raw, unsigned count, GError **error)
{
  g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);
  config->feeds = g_new0(ConfigFeed, count);
  config->feeds_count = count;
  for (unsigned i = 0; i < count; i++) {
    if (!is_one_of(raw[i].type, feed_types))
      return error_set(error, ASSAY_ERROR_INVALID,
                       "feeds[%u].type: \"%s\" is none of " CONFIG_FEED_TYPES, i, raw[i].type);
    if ((raw[i].url == NULL) == (raw[i].path == NULL))
      return error_set(error, ASSAY_ERROR_INVALID,
                       "feeds[%u] (%s): needs one of `url` and `path`, and only one", i,
                       raw[i].name);
    config->feeds[i] = (ConfigFeed){
        .name = g_strdup(raw[i].name),
        .type = g_strdup(raw[i].type),
        .url = g_strdup(raw[i].url),
        .path = g_strdup(raw[i].path),
        .suite = g_strdup(raw[i].suite),
        .keyring = g_strdup(raw[i].keyring),
        .sources = g_strdup(raw[i].sources),
        .ecosystem = g_strdup(raw[i].ecosystem),
        .disabled = raw[i].disabled != NULL && *raw[i].disabled,
    };
    if (!g_hash_table_add(names, config->feeds[i].name))
      return error_set(error, ASSAY_ERROR_INVALID, "feeds[%u].name: \"%s\" is there twice", i,
                       raw[i].name);
  }
  return true;
}

static void
read_listen(Config *config, const RawListen *raw, unsigned count)
{
  static const RawListen loopback = {.address = "127.0.0.1:5000"};
  if (count == 0) {
    raw = &loopback;
    count = 1;
  }
  config->listen = g_new0(ConfigListen, count);
  config->listen_count = count;
  for (unsigned i = 0; i < count; i++) {
    config->listen[i].address = g_strdup(raw[i].address);
    config->listen[i].plain_http = raw[i].plain_http != NULL && *raw[i].plain_http;
  }
}

/* (transfer full) */
static GStrv
copy_texts(char *const *texts, unsigned count)
{
  GStrv copy = g_new0(char *, count + 1);
  for (unsigned i = 0; i < count; i++)
    copy[i] = g_strdup(texts[i]);
  return copy;
}

/* "https://ui.example.com:8443", as browsers write it in Origin: no path, no slash at its end. */
static bool
is_origin(const char *text)
{
  const char *host = strstr(text, "://");
  return strcmp(text, "*") == 0 ||
         (host != NULL && host > text && host[3] != '\0' && strpbrk(host + 3, "/?# *") == NULL);
}

static bool
check_web(const Config *config, GError **error)
{
  for (unsigned i = 0; config->cors_origins[i] != NULL; i++)
    if (!is_origin(config->cors_origins[i]))
      return error_set(error, ASSAY_ERROR_INVALID,
                       "cors_origins[%u]: \"%s\" is none: write SCHEME://HOST[:PORT] without a "
                       "path, or \"*\"",
                       i, config->cors_origins[i]);
  for (unsigned i = 0; config->trusted_proxies[i] != NULL; i++) {
    g_autoptr(GInetAddressMask) mask =
        g_inet_address_mask_new_from_string(config->trusted_proxies[i], NULL);
    if (mask == NULL)
      return error_set(error, ASSAY_ERROR_INVALID,
                       "trusted_proxies[%u]: \"%s\" is neither an address nor a block of them "
                       "(10.0.0.0/8)",
                       i, config->trusted_proxies[i]);
  }
  return true;
}

static bool
read_config(Config *config, const RawConfig *raw, bool own_feeds, GError **error)
{
  static const char *const levels[] = {"debug", "info", "warning", "error", NULL};
  static const char *const formats[] = {"auto", "text", "json", NULL};
  uint64_t interval = 6 * 3600;

  if (!is_one_of(raw->log_level, levels))
    return error_set(error, ASSAY_ERROR_INVALID,
                     "log_level: \"%s\" is none of debug, info, warning, error", raw->log_level);
  if (!is_one_of(raw->log_format, formats))
    return error_set(error, ASSAY_ERROR_INVALID, "log_format: \"%s\" is none of auto, text, json",
                     raw->log_format);
  if (!read_bounded(raw->feed_interval, "feed_interval", duration_parse, 0, UINT32_MAX, &interval,
                    error))
    return false;

  config->data = g_strdup(raw->data);
  config->log_level = g_strdup(raw->log_level != NULL ? raw->log_level : "info");
  config->log_format = g_strdup(raw->log_format != NULL ? raw->log_format : "auto");
  config->policy = g_strdup(raw->policy);
  config->ca_file = g_strdup(raw->ca_file);
  config->feed_interval = (uint32_t)interval;
  config->allow_uncaged = raw->allow_uncaged != NULL && *raw->allow_uncaged;
  config->durable = raw->durable == NULL || *raw->durable;
  if (raw->tls != NULL) {
    config->tls.certificate = g_strdup(raw->tls->certificate);
    config->tls.key = g_strdup(raw->tls->key);
  }
  read_listen(config, raw->listen, raw->listen_count);
  config->cors_origins = copy_texts(raw->cors_origins, raw->cors_origins_count);
  config->trusted_proxies = copy_texts(raw->trusted_proxies, raw->trusted_proxies_count);
  return check_web(config, error) && read_limits(&config->limits, raw->limits, error) &&
         (own_feeds ? read_feeds(config, raw->feeds, raw->feeds_count, error)
                    : read_feeds(config, default_feeds, G_N_ELEMENTS(default_feeds), error));
}

/* Messages about values begin with the key ("limits.workers: ...", "feeds[0] (debian): ..."). */
static void
prefix_place(GError **error, Slice text, const char *name)
{
  if (error == NULL || *error == NULL)
    return;
  g_autofree char *key = g_strndup((*error)->message, strcspn((*error)->message, ": "));
  g_prefix_error(error, "%s:%u: ", name, yaml_line_of(text, key));
}

Config *
config_parse(Slice text, const char *name, GError **error)
{
  static const RawConfig nothing;
  void *raw = NULL;
  if (!yaml_data_load(text, name, &config_schema, &raw, error))
    return NULL;

  g_autoptr(Config) config = g_new0(Config, 1);
  /* libcyaml does not tell `feeds: []`, which is a choice, from no feeds. */
  bool own_feeds = yaml_line_of(text, "feeds") > 0;
  bool read = read_config(config, raw != NULL ? raw : &nothing, own_feeds, error);
  yaml_data_free(&config_schema, raw);
  if (read)
    return g_steal_pointer(&config);
  prefix_place(error, text, name);
  return NULL;
}

Config *
config_load(const char *path, GError **error)
{
  g_autoptr(GBytes) bytes = NULL;
  if (path != NULL && (bytes = file_read(AT_FDCWD, path, YAML_TEXT_MAX, error)) == NULL)
    return NULL;
  return config_parse(slice_from_bytes(bytes), path, error);
}

void
config_free(Config *config)
{
  if (config == NULL)
    return;
  for (unsigned i = 0; i < config->listen_count; i++)
    g_free(config->listen[i].address);
  for (unsigned i = 0; i < config->feeds_count; i++) {
    g_free(config->feeds[i].name);
    g_free(config->feeds[i].type);
    g_free(config->feeds[i].url);
    g_free(config->feeds[i].path);
    g_free(config->feeds[i].suite);
    g_free(config->feeds[i].keyring);
    g_free(config->feeds[i].sources);
    g_free(config->feeds[i].ecosystem);
  }
  g_strfreev(config->cors_origins);
  g_strfreev(config->trusted_proxies);
  g_free(config->listen);
  g_free(config->feeds);
  g_free(config->data);
  g_free(config->log_level);
  g_free(config->log_format);
  g_free(config->policy);
  g_free(config->ca_file);
  g_free(config->tls.certificate);
  g_free(config->tls.key);
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
