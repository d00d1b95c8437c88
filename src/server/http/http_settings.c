/* What the operator decides of the HTTP server: rows of the configuration. */
#include "server/http/http_settings.h"

#include <glib.h>
#include <string.h>

#include "base/address.h"
#include "base/error.h"

#define COUNT(member) SETTING(HttpLimits, member), .kind = &setting_count
#define TIME(member)  SETTING(HttpLimits, member), .kind = &setting_duration
static const Setting limits[] = {
    {COUNT(connections), .fallback = "4096", .least = 1, .most = 1000000},
    {COUNT(connections_per_peer), .fallback = "0", .most = 1000000},
    {SETTING(HttpLimits, least_bytes_per_second), .kind = &setting_size, .fallback = "1KiB",
     .most = GIB},
    {TIME(slow_seconds), .fallback = "30s", .least = 1, .most = 3600},
    {TIME(head_seconds), .fallback = "30s", .least = 1, .most = 3600},
    {TIME(idle_seconds), .fallback = "60s", .least = 1, .most = 86400},
};
const Section http_limits_section = {limits, G_N_ELEMENTS(limits), sizeof(HttpLimits)};

static const Setting listen_settings[] = {
    {SETTING(ListenSettings, address), .kind = &setting_text, .required = true},
    {SETTING(ListenSettings, plain_http), .kind = &setting_boolean, .fallback = "false"},
};
static const Section listen_section = {.settings = listen_settings,
                                       .count = G_N_ELEMENTS(listen_settings),
                                       .size = sizeof(ListenSettings),
                                       .word = "address"};

static const Setting tls_settings[] = {
    {SETTING(TlsSettings, certificate), .kind = &setting_text, .required = true},
    {SETTING(TlsSettings, key), .kind = &setting_text, .required = true},
};
static const Section tls_section = {tls_settings, G_N_ELEMENTS(tls_settings), sizeof(TlsSettings)};

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
  AddressBlock block;
  return address_block_parse(text, &block, error) &&
         setting_texts_read(setting, text, value, error);
}

static const SettingKind origins_kind = {
    .begin = setting_texts_begin, .read = read_origin, .clear = setting_texts_clear, .many = true};
static const SettingKind addresses_kind = {.begin = setting_texts_begin,
                                           .read = read_addresses,
                                           .clear = setting_texts_clear,
                                           .many = true};

static const Setting settings[] = {
    {SETTING_LIST(HttpSettings, listen), .section = &listen_section, .least = 1, .most = 64,
     .fallback = "127.0.0.1:5000"},
    {SETTING(HttpSettings, tls), .section = &tls_section},
    {SETTING(HttpSettings, cors_origins), .kind = &origins_kind, .most = 100},
    {SETTING(HttpSettings, trusted_proxies), .kind = &addresses_kind, .most = 100},
};
const Section http_settings_section = {settings, G_N_ELEMENTS(settings), sizeof(HttpSettings)};
