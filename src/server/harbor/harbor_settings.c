/* The keys of `harbor`, and which registries they list; see the header. */
#include "server/harbor/harbor_settings.h"

#include <string.h>

#include "base/error.h"
#include "server/http/origin.h"

/* --- URLs --- */

bool
harbor_registry_parse(const char *url, char **host, bool *plain)
{
  static const char secure[] = "https://", insecure[] = "http://";
  *plain = g_ascii_strncasecmp(url, insecure, strlen(insecure)) == 0;
  if (!*plain && g_ascii_strncasecmp(url, secure, strlen(secure)) != 0)
    return false;
  g_autofree char *rest = g_ascii_strdown(url + strlen(*plain ? insecure : secure), -1);
  size_t size = strlen(rest);
  if (size > 0 && rest[size - 1] == '/')
    rest[size - 1] = '\0';
  if (!host_is_plain(rest))
    return false;
  const char *usual = *plain ? ":80" : ":443";
  if (g_str_has_suffix(rest, usual))
    rest[strlen(rest) - strlen(usual)] = '\0';
  *host = g_steal_pointer(&rest);
  return true;
}

/* As it is listed: https where no scheme is said. */
static bool
parse_listed(const char *text, char **host, bool *plain)
{
  g_autofree char *url =
      strstr(text, "://") != NULL ? g_strdup(text) : g_strconcat("https://", text, NULL);
  return harbor_registry_parse(url, host, plain);
}

bool
harbor_registry_is_listed(const HarborSettings *settings, const char *url, char **host, bool *plain)
{
  g_autofree char *asked = NULL;
  if (!harbor_registry_parse(url, &asked, plain))
    return false;
  for (char **listed = settings->registries; *listed != NULL; listed++) {
    g_autofree char *other = NULL;
    bool other_plain;
    if (parse_listed(*listed, &other, &other_plain) && other_plain == *plain &&
        strcmp(other, asked) == 0) {
      *host = g_steal_pointer(&asked);
      return true;
    }
  }
  return false;
}

/* --- the table --- */

static bool
read_registry(const Setting *setting, const char *text, void *value, GError **error)
{
  g_autofree char *host = NULL;
  bool plain;
  if (!parse_listed(text, &host, &plain))
    return error_set(error, ASSAY_ERROR_INVALID,
                     "must be HOST, HOST:PORT, or http:// and one of them for plain HTTP");
  return setting_texts_read(setting, text, value, error);
}
static const SettingKind registries_kind = {.read = read_registry,
                                            .begin = setting_texts_begin,
                                            .clear = setting_texts_clear,
                                            .many = true};

static const char *const unknown_names[] = {
    [HARBOR_UNKNOWN_REPORTED] = "report", [HARBOR_UNKNOWN_FAILS] = "fail", NULL};

static const Setting settings[] = {
    {SETTING(HarborSettings, registries), .kind = &registries_kind, .most = HARBOR_REGISTRIES_MAX},
    {SETTING(HarborSettings, unknown), .kind = &setting_choice, .words = unknown_names,
     .fallback = "report"},
};
const Section harbor_settings_section = {settings, G_N_ELEMENTS(settings), sizeof(HarborSettings)};
