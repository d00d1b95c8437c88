/* What an operator says of an endpoint: rows of the configuration, and of a JSON object. */
#include "access/endpoint/endpoint_settings.h"

#include <string.h>

#include "access/rights/verb.h"
#include "base/address.h"
#include "base/error.h"
#include "base/json.h"
#include "base/json_table.h"

const char *const forwarded_by_names[] = {"x-forwarded-for", "forwarded", NULL};
const char *const client_certificate_names[] = {"none", "optional", "required", NULL};

/* --- kinds of values --- */

static bool
has_only(const char *text, const char *others)
{
  for (; *text != '\0'; text++)
    if (!g_ascii_isdigit(*text) && !g_ascii_islower(*text) && strchr(others, *text) == NULL)
      return false;
  return true;
}

static bool
read_name(const Setting *setting, const char *text, void *value, GError **error)
{
  if (!has_only(text, "-") || *text == '-' || strlen(text) > ENDPOINT_NAME_MAX)
    return error_set(error, ASSAY_ERROR_INVALID,
                     "must be of small letters, digits and -, at most %u", ENDPOINT_NAME_MAX);
  if (strcmp(text, ENDPOINT_DEFAULT) == 0)
    return error_set(error, ASSAY_ERROR_INVALID, "is the name of the addresses of `listen`");
  *(char **)value = g_strdup(text);
  return true;
}

static bool
read_block(const Setting *setting, const char *text, void *value, GError **error)
{
  AddressBlock block;
  return address_block_parse(text, &block, error) &&
         setting_texts_read(setting, text, value, error);
}

static bool
read_listen(const Setting *setting, const char *text, void *value, GError **error)
{
  const char *colon = strrchr(text, ':');
  uint64_t port;
  if (colon == NULL || !slice_to_uint64(slice_from_string(colon + 1), &port) || port > UINT16_MAX)
    return error_set(error, ASSAY_ERROR_INVALID,
                     "must be HOST:PORT, for example 10.0.1.5:443 or [::]:443");
  return setting_texts_read(setting, text, value, error);
}

/* Names are compared as they are here: TLS names have no case. */
static bool
read_server_name(const Setting *setting, const char *text, void *value, GError **error)
{
  g_autofree char *lower = g_ascii_strdown(text, -1);
  if (!has_only(lower, "-._") || *lower == '.' || strlen(lower) > 253)
    return error_set(error, ASSAY_ERROR_INVALID,
                     "must be the name of a host (registry.example.com)");
  return setting_texts_read(setting, lower, value, error);
}

static bool
read_pattern(const Setting *setting, const char *text, void *value, GError **error)
{
  if (!has_only(text, "-._/*") || *text == '/' || strlen(text) > 255)
    return error_set(error, ASSAY_ERROR_INVALID,
                     "must be the name of a repository, in which * stands for any characters");
  return setting_texts_read(setting, text, value, error);
}

static bool
read_verb(const Setting *setting, const char *text, void *value, GError **error)
{
  Verb verb;
  if (strcmp(text, "all") != 0 && !verb_find(text, &verb))
    return error_set(error, ASSAY_ERROR_INVALID,
                     "must be a verb (pull, push, delete, list, ...) or all");
  return setting_texts_read(setting, text, value, error);
}

#define TEXTS_KIND(function)                                                                       \
  {                                                                                                \
    .begin = setting_texts_begin, .read = (function), .clear = setting_texts_clear, .many = true   \
  }
static void
clear_name(void *value)
{
  g_clear_pointer((char **)value, g_free);
}
static const SettingKind name_kind = {.read = read_name, .clear = clear_name};
static const SettingKind blocks_kind = TEXTS_KIND(read_block);
static const SettingKind listen_kind = TEXTS_KIND(read_listen);
static const SettingKind server_names_kind = TEXTS_KIND(read_server_name);
static const SettingKind patterns_kind = TEXTS_KIND(read_pattern);
static const SettingKind verbs_kind = TEXTS_KIND(read_verb);

/* --- the tables --- */

static void
check_endpoint(void *values, const SettingsPlace *place)
{
  const EndpointSettings *endpoint = values;
  if ((endpoint->certificate == NULL) != (endpoint->key == NULL))
    settings_complain(place, endpoint->certificate == NULL ? "key" : "certificate",
                      "`certificate` and `key` belong together: give both");
  if (endpoint->plain_http && endpoint->certificate != NULL)
    settings_complain(place, "plain_http", "an endpoint with a certificate speaks TLS");
  if (endpoint->plain_http && *endpoint->server_names != NULL)
    settings_complain(place, "server_names", "only TLS clients ask by name");
}

static const Setting limits_settings[] = {
    {SETTING(EndpointLimits, requests_per_minute), .kind = &setting_count, .fallback = "0",
     .most = 100000000},
    {SETTING(EndpointLimits, bytes_per_minute), .kind = &setting_size, .fallback = "0",
     .most = 1024 * 1024 * GIB},
};
static const Section limits_section = {limits_settings, G_N_ELEMENTS(limits_settings),
                                       sizeof(EndpointLimits)};

#define BLOCKS(member) SETTING(EndpointSettings, member), .kind = &blocks_kind, .most = 1000
static const Setting settings[] = {
    {SETTING(EndpointSettings, name), .kind = &name_kind, .required = true},
    {SETTING(EndpointSettings, listen), .kind = &listen_kind, .required = true, .least = 1,
     .most = 64},
    {SETTING(EndpointSettings, server_names), .kind = &server_names_kind, .most = 100},
    {SETTING(EndpointSettings, certificate), .kind = &setting_text},
    {SETTING(EndpointSettings, key), .kind = &setting_text},
    {SETTING(EndpointSettings, plain_http), .kind = &setting_boolean, .fallback = "false"},
    {BLOCKS(allow)},
    {BLOCKS(deny)},
    {BLOCKS(proxy_protocol)},
    {BLOCKS(trusted_proxies)},
    {SETTING(EndpointSettings, forwarded_by), .kind = &setting_choice, .words = forwarded_by_names,
     .fallback = "x-forwarded-for"},
    {SETTING(EndpointSettings, client_certificate), .kind = &setting_choice,
     .words = client_certificate_names, .fallback = "none"},
    {SETTING(EndpointSettings, repositories), .kind = &patterns_kind, .fallback = "'*'",
     .most = 1000},
    {SETTING(EndpointSettings, verbs), .kind = &verbs_kind, .fallback = "all", .most = 32},
    {SETTING(EndpointSettings, limits), .section = &limits_section},
};
const Section endpoint_settings_section = {.settings = settings,
                                           .count = G_N_ELEMENTS(settings),
                                           .size = sizeof(EndpointSettings),
                                           .noun = "endpoint",
                                           .named_by = "name",
                                           .check = check_endpoint};

static const JsonMember limits_members[] = {
    {JSON_MEMBER(EndpointLimits, requests_per_minute), .kind = &json_number},
    {JSON_MEMBER(EndpointLimits, bytes_per_minute), .kind = &json_number},
};
static const JsonTable limits_table = JSON_TABLE(EndpointLimits, limits_members);

static const JsonMember members[] = {
    {JSON_MEMBER(EndpointSettings, name), .kind = &json_text, .required = true},
    {JSON_MEMBER(EndpointSettings, listen), .kind = &json_texts, .required = true},
    {JSON_MEMBER(EndpointSettings, server_names), .kind = &json_texts, .required = true},
    {JSON_MEMBER(EndpointSettings, certificate), .kind = &json_text},
    {JSON_MEMBER(EndpointSettings, key), .kind = &json_text},
    {JSON_MEMBER(EndpointSettings, plain_http), .kind = &json_flag},
    {JSON_MEMBER(EndpointSettings, allow), .kind = &json_texts, .required = true},
    {JSON_MEMBER(EndpointSettings, deny), .kind = &json_texts, .required = true},
    {JSON_MEMBER(EndpointSettings, proxy_protocol), .kind = &json_texts, .required = true},
    {JSON_MEMBER(EndpointSettings, trusted_proxies), .kind = &json_texts, .required = true},
    {JSON_MEMBER(EndpointSettings, forwarded_by), .kind = &json_word, .words = forwarded_by_names},
    {JSON_MEMBER(EndpointSettings, client_certificate), .kind = &json_word,
     .words = client_certificate_names},
    {JSON_MEMBER(EndpointSettings, repositories), .kind = &json_texts, .required = true},
    {JSON_MEMBER(EndpointSettings, verbs), .kind = &json_texts, .required = true},
    {JSON_MEMBER(EndpointSettings, limits), .kind = &json_part, .table = &limits_table,
     .required = true},
};
const JsonTable endpoint_settings_table = JSON_TABLE(EndpointSettings, members);

/* JSON is YAML. */
EndpointSettings *
endpoint_settings_parse(const json_t *object, GError **error)
{
  if (!json_is_object(object)) {
    error_set(error, ASSAY_ERROR_INVALID, "an endpoint is a JSON object");
    return NULL;
  }
  g_autofree char *text = json_to_text(object);
  g_autoptr(EndpointSettings) read = g_new0(EndpointSettings, 1);
  return settings_read(&endpoint_settings_section, slice_from_string(text), "endpoint", read, error)
             ? g_steal_pointer(&read)
             : NULL;
}

json_t *
endpoint_settings_to_json(const EndpointSettings *endpoint)
{
  return json_table_write(&endpoint_settings_table, endpoint);
}

EndpointSettings *
endpoint_settings_copy(const EndpointSettings *endpoint)
{
  g_autoptr(json_t) object = endpoint_settings_to_json(endpoint);
  EndpointSettings *copy = endpoint_settings_parse(object, NULL);
  g_assert(copy != NULL);
  return copy;
}

void
endpoint_settings_free(EndpointSettings *endpoint)
{
  if (endpoint == NULL)
    return;
  settings_clear(&endpoint_settings_section, endpoint);
  g_free(endpoint);
}
