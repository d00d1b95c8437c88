/* Checks of web servers and what runs in them. */
#include <string.h>

#include "inspect/baseline/addresses.h"
#include "inspect/baseline/checks-private.h"
#include "inspect/baseline/facts.h"

#define APACHE  "apache2 httpd apache2-bin apache"
#define OLD_TLS "SSLv2 SSLv3 TLSv1 TLSv1.0 TLSv1.1"

static const BaselineRoot apache_roots[] = {
    {"etc/apache2/apache2.conf", "etc/apache2"},
    {"etc/httpd/conf/httpd.conf", "etc/httpd"},
    {"usr/local/apache2/conf/httpd.conf", "usr/local/apache2"},
    {"etc/apache2/httpd.conf", "etc/apache2"},
};
static GArray *
read_apache(Baseline *baseline)
{
  return baseline_read_first(baseline, APACHE, apache_roots, G_N_ELEMENTS(apache_roots));
}

/* The server's first file; NULL: it has none. */
static const ServiceSetting *
first_file(GArray *settings)
{
  for (guint i = 0; settings != NULL && i < settings->len; i++) {
    const ServiceSetting *setting = &g_array_index(settings, ServiceSetting, i);
    if (setting_is(setting, "file"))
      return setting;
  }
  return NULL;
}

/* --- Apache --- */

/* Whether it counts without a condition, for the whole server. */
static bool
is_of_server(const ServiceSetting *setting)
{
  return setting->scope == NULL;
}

/* "80", "0.0.0.0:80", "[::]:80", "127.0.0.1:80": whether it is of all addresses. */
static bool
listens_everywhere(const char *value)
{
  g_autofree char *first = g_strndup(value, strcspn(value, " \t"));
  char *colon = strrchr(first, ':');
  if (g_str_has_prefix(first, "unix:"))
    return false;
  if (colon == NULL)
    return strspn(first, "0123456789") == strlen(first) || address_is_any(first);
  *colon = '\0';
  return address_is_any(first);
}

static void
check_apache_listen(Baseline *baseline, const BaselineCheck *check)
{
  g_autoptr(GArray) settings = read_apache(baseline);
  for (guint i = 0; settings != NULL && i < settings->len; i++) {
    const ServiceSetting *setting = &g_array_index(settings, ServiceSetting, i);
    if (setting_is(setting, "listen") && is_of_server(setting) &&
        listens_everywhere(setting_value(setting)))
      baseline_tell(baseline, check->rule, setting->of, SEVERITY_UNKNOWN, "Listen %s",
                    setting_value(setting));
  }
}

/* A setting of the whole server, of which the last counts; where there is none, its default, which
 * is weak. */
static void
check_apache_value(Baseline *baseline, const BaselineCheck *check)
{
  g_autoptr(GArray) settings = read_apache(baseline);
  const ServiceSetting *last = NULL, *file = first_file(settings);
  for (guint i = 0; settings != NULL && i < settings->len; i++) {
    const ServiceSetting *setting = &g_array_index(settings, ServiceSetting, i);
    if (setting_is(setting, check->key) && is_of_server(setting))
      last = setting;
  }
  if (last != NULL && config_is_one_of(setting_value(last), check->values))
    baseline_tell(baseline, check->rule, last->of, SEVERITY_UNKNOWN, "%s %s", check->key,
                  setting_value(last));
  else if (last == NULL && file != NULL)
    baseline_tell(baseline, check->rule, file->of, SEVERITY_UNKNOWN, "no %s, so the default",
                  check->key);
}

static void
check_apache_user(Baseline *baseline, const BaselineCheck *check)
{
  g_autoptr(GArray) settings = read_apache(baseline);
  for (guint i = 0; settings != NULL && i < settings->len; i++) {
    const ServiceSetting *setting = &g_array_index(settings, ServiceSetting, i);
    if (setting_is(setting, "user") && config_is_one_of(setting_value(setting), "root #0"))
      baseline_tell(baseline, check->rule, setting->of, SEVERITY_UNKNOWN, "User %s",
                    setting_value(setting));
  }
}

/* "Options Indexes", "Options +Indexes", "Options All"; of a block the last line counts. */
static bool
lists_folders(const char *value)
{
  g_auto(GStrv) words = g_strsplit_set(value, " \t", -1);
  bool lists = false;
  for (char **word = words; *word != NULL; word++) {
    if (config_is_one_of(*word, "indexes +indexes all +all"))
      lists = true;
    else if (config_is_one_of(*word, "-indexes none"))
      lists = false;
  }
  return lists;
}

/* Whether the line says anew what a block lists, not only what it does besides. */
static bool
sets_listing(const char *value)
{
  return strstr(value, "ndexes") != NULL || strpbrk(value, "+-") == NULL;
}

/* From the last line on: of each block the first that is met counts. */
static void
check_apache_listing(Baseline *baseline, const BaselineCheck *check)
{
  g_autoptr(GArray) settings = read_apache(baseline);
  g_autoptr(GHashTable) set = g_hash_table_new(g_str_hash, g_str_equal);
  for (guint i = settings == NULL ? 0 : settings->len; i > 0; i--) {
    const ServiceSetting *setting = &g_array_index(settings, ServiceSetting, i - 1);
    const char *scope = setting->scope == NULL ? "" : setting->scope;
    const char *value = setting_value(setting);
    if (!setting_is(setting, "options"))
      continue;
    if (lists_folders(value) && !g_hash_table_contains(set, scope))
      baseline_tell(baseline, check->rule, setting->of, SEVERITY_UNKNOWN, "Options %s%s%s", value,
                    *scope == '\0' ? "" : ", in ", scope);
    if (sets_listing(value))
      g_hash_table_add(set, (void *)(uintptr_t)scope);
  }
}

/* "all -SSLv3 +TLSv1": "all" is what OpenSSL still has, which is told by the names alone. */
static bool
has_old_tls(const char *value)
{
  g_auto(GStrv) words = g_strsplit_set(value, " \t", -1);
  for (char **word = words; *word != NULL; word++)
    if (**word != '-' && config_is_one_of(*word + (**word == '+'), OLD_TLS))
      return true;
  return false;
}

static void
check_apache_tls(Baseline *baseline, const BaselineCheck *check)
{
  g_autoptr(GArray) settings = read_apache(baseline);
  for (guint i = 0; settings != NULL && i < settings->len; i++) {
    const ServiceSetting *setting = &g_array_index(settings, ServiceSetting, i);
    if (setting_is(setting, check->key) && has_old_tls(setting_value(setting)))
      baseline_tell(baseline, check->rule, setting->of, SEVERITY_UNKNOWN, "%s",
                    setting_value(setting));
  }
}

static const BaselineCheck checks[] = {
    {"apache-listens-everywhere", check_apache_listen},
    {"apache-tells-version", check_apache_value, "servertokens", "full os"},
    {"apache-trace", check_apache_value, "traceenable", "on extended"},
    {"apache-runs-as-root", check_apache_user},
    {"apache-lists-folders", check_apache_listing},
    {"apache-old-tls", check_apache_tls, "sslprotocol"},
    {"tomcat-weak-user", baseline_check_fact, "tomcat.weak-user"},
    {"tomcat-user", baseline_check_fact, "tomcat.user"},
    {"php-shows-errors", baseline_check_fact, "php.display_errors", "on 1 yes true stdout"},
    {"php-includes-urls", baseline_check_fact, "php.allow_url_include", "on 1 yes true"},
    {"php-tells-version", baseline_check_fact, "php.expose_php", "on 1 yes true"},
};
const BaselineChecks web_checks = {checks, G_N_ELEMENTS(checks)};
