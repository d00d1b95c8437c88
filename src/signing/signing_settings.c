/* The keys of `signing`, and what they allow; see the header. */
#include "signing/signing_settings.h"

#include <string.h>

#include "base/error.h"

static const Setting settings_rows[] = {
    {SETTING(SigningSettings, host), .kind = &setting_text},
    {SETTING(SigningSettings, names), .kind = &setting_texts, .most = 100},
    {SETTING(SigningSettings, folders), .kind = &setting_texts, .fallback = "[/etc/assay/keys]",
     .most = 100},
    {SETTING(SigningSettings, modules), .kind = &setting_texts, .most = 100},
    {SETTING(SigningSettings, endpoints), .kind = &setting_texts, .most = 100},
    {SETTING(SigningSettings, credentials), .kind = &setting_texts, .most = 20},
    {SETTING(SigningSettings, timestamp_url), .kind = &setting_text},
    {SETTING(SigningSettings, timestamp_ca_file), .kind = &setting_text},
    {SETTING(SigningSettings, timestamp_roots), .kind = &setting_text},
    {SETTING(SigningSettings, timestamp_required), .kind = &setting_boolean, .fallback = "true"},
};
const Section signing_settings_section = {settings_rows, G_N_ELEMENTS(settings_rows),
                                          sizeof(SigningSettings)};

const char **
signing_settings_hosts(const SigningSettings *settings)
{
  if (settings->host == NULL)
    return NULL;
  GPtrArray *hosts = g_ptr_array_new();
  g_ptr_array_add(hosts, settings->host);
  for (size_t i = 0; settings->names != NULL && settings->names[i] != NULL; i++)
    g_ptr_array_add(hosts, settings->names[i]);
  g_ptr_array_add(hosts, NULL);
  return (const char **)g_ptr_array_free(hosts, FALSE);
}

bool
signing_settings_authority(const SigningSettings *settings, TimestampAuthority **authority,
                           GError **error)
{
  *authority = NULL;
  if (settings->timestamp_url == NULL)
    return true;
  *authority =
      timestamp_authority_new(settings->timestamp_url, settings->timestamp_ca_file,
                              settings->timestamp_roots, settings->timestamp_required, error);
  return *authority != NULL;
}

/* By its name alone: what links in the operator's folders lead to is the operator's. */
static bool
is_below(const char *path, const char *folder)
{
  size_t length = strlen(folder);
  while (length > 0 && folder[length - 1] == '/')
    length--;
  return path[0] == '/' && strncmp(path, folder, length) == 0 && path[length] == '/' &&
         strstr(path, "/../") == NULL && !g_str_has_suffix(path, "/..");
}

static bool
allow_file(const SigningSettings *settings, const char *path, GError **error)
{
  for (size_t i = 0; settings->folders != NULL && settings->folders[i] != NULL; i++)
    if (is_below(path, settings->folders[i]))
      return true;
  return error_set(error, ASSAY_ERROR_DENIED,
                   "the file %s is in none of the folders of `signing.folders`; only the operator, "
                   "on the server's own machine, may name others",
                   path);
}

/* What does not say whose secret is shown to whom. */
static const char *const harmless[] = {"version", "mount", "profile", "role",
                                       "client",  "login", NULL};

static bool
allow_listed(char **list, const char *setting, const char *named, GError **error)
{
  if (list != NULL && g_strv_contains((const char *const *)list, named))
    return true;
  return error_set(
      error, ASSAY_ERROR_DENIED,
      "%s is none of `signing.%s`; only the operator, on the server's own machine, may "
      "name others",
      named, setting);
}

static const char *
path_of_source(const char *source)
{
  const char *path = g_str_has_prefix(source, "file:") ? source + strlen("file:") : source;
  return g_str_has_prefix(path, "///") ? path + 2 : path;
}

/* What stands behind the "?" of a URI: "NAME=VALUE". */
static bool
allow_question(const SigningSettings *settings, const char *part, GError **error)
{
  const char *sign = strchr(part, '=');
  g_autofree char *name = g_strndup(part, sign == NULL ? strlen(part) : (gsize)(sign - part));
  g_autofree char *value = sign == NULL ? NULL : g_uri_unescape_string(sign + 1, NULL);
  if (value == NULL)
    return error_set(error, ASSAY_ERROR_INVALID, "\"%s\" in the key's URI has no value", name);
  if (strcmp(name, "module-path") == 0)
    return allow_listed(settings->modules, "modules", value, error);
  if (strcmp(name, "endpoint") == 0)
    return allow_listed(settings->endpoints, "endpoints", value, error);
  if (strcmp(name, "pin-source") == 0)
    return allow_file(settings, path_of_source(value), error);
  if (strcmp(name, "credentials") == 0)
    return allow_listed(settings->credentials, "credentials", value, error);
  return g_strv_contains(harmless, name) ||
         error_set(error, ASSAY_ERROR_DENIED, "\"%s\" in a key's URI is for the operator alone",
                   name);
}

static bool
allow_uri(const SigningSettings *settings, const char *uri, GError **error)
{
  size_t scheme = strcspn(uri, ":/");
  bool is_file = uri[scheme] != ':' || (scheme == strlen("file") && g_str_has_prefix(uri, "file:"));
  if (is_file)
    return allow_file(settings, uri[scheme] != ':' ? uri : uri + scheme + 1, error);
  const char *question = strchr(uri, '?');
  g_auto(GStrv) parts = g_strsplit(question == NULL ? "" : question + 1, "&", -1);
  for (size_t i = 0; parts[i] != NULL; i++)
    if (!allow_question(settings, parts[i], error))
      return false;
  return true;
}

bool
signing_settings_allow(const SigningSettings *settings, const SigningKey *key, GError **error)
{
  const char *const files[] = {key->password_file, key->pin_file, key->token_file, key->ca_file};
  for (size_t i = 0; i < G_N_ELEMENTS(files); i++)
    if (files[i] != NULL && !allow_file(settings, files[i], error))
      return false;
  return allow_uri(settings, key->uri, error);
}
