/* Checks of web servers and what runs in them. */
#include <string.h>

#include "inspect/baseline/addresses.h"
#include "inspect/baseline/checks-private.h"
#include "inspect/baseline/facts.h"

#define APACHE  "apache2 httpd apache2-bin apache"
#define NGINX   "nginx nginx-core nginx-full nginx-light nginx-extras openresty"
#define OLD_TLS "SSLv2 SSLv3 TLSv1 TLSv1.0 TLSv1.1"

typedef struct {
  const char *file, *root; /* the first that is there counts; relative includes begin in the root */
} Root;
static const Root apache_roots[] = {
    {"etc/apache2/apache2.conf", "etc/apache2"},
    {"etc/httpd/conf/httpd.conf", "etc/httpd"},
    {"usr/local/apache2/conf/httpd.conf", "usr/local/apache2"},
    {"etc/apache2/httpd.conf", "etc/apache2"},
};
static const Root nginx_roots[] = {
    {"etc/nginx/nginx.conf", "etc/nginx"},
    {"usr/local/nginx/conf/nginx.conf", "usr/local/nginx/conf"},
    {"usr/local/openresty/nginx/conf/nginx.conf", "usr/local/openresty/nginx/conf"},
};

/* (transfer full): ServiceSetting; NULL: the server is not installed, or has no configuration. */
static GArray *
read_server(Baseline *baseline, const char *names, const Root *roots, size_t count)
{
  if (!baseline_has(baseline, names))
    return NULL;
  for (size_t i = 0; i < count; i++) {
    const Includes includes = {
        .folder = roots[i].root, .include = "include", .optional = "includeoptional"};
    if (baseline_file(baseline, roots[i].file) != NULL)
      return baseline_read(baseline, roots[i].file, &includes);
  }
  return NULL;
}

static GArray *
read_apache(Baseline *baseline)
{
  return read_server(baseline, APACHE, apache_roots, G_N_ELEMENTS(apache_roots));
}

static GArray *
read_nginx(Baseline *baseline)
{
  return read_server(baseline, NGINX, nginx_roots, G_N_ELEMENTS(nginx_roots));
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

static bool
is_set_anew(const GArray *settings, guint index)
{
  const ServiceSetting *setting = &g_array_index(settings, ServiceSetting, index);
  for (guint i = index + 1; i < settings->len; i++) {
    const ServiceSetting *later = &g_array_index(settings, ServiceSetting, i);
    if (setting_is(later, "options") && g_strcmp0(later->scope, setting->scope) == 0 &&
        (strstr(setting_value(later), "ndexes") != NULL ||
         strpbrk(setting_value(later), "+-") == NULL))
      return true;
  }
  return false;
}

static void
check_apache_listing(Baseline *baseline, const BaselineCheck *check)
{
  g_autoptr(GArray) settings = read_apache(baseline);
  for (guint i = 0; settings != NULL && i < settings->len; i++) {
    const ServiceSetting *setting = &g_array_index(settings, ServiceSetting, i);
    if (setting_is(setting, "options") && lists_folders(setting_value(setting)) &&
        !is_set_anew(settings, i))
      baseline_tell(baseline, check->rule, setting->of, SEVERITY_UNKNOWN, "Options %s%s%s",
                    setting_value(setting), setting->scope == NULL ? "" : ", in ",
                    setting->scope == NULL ? "" : setting->scope);
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
tell_old_tls(Baseline *baseline, const BaselineCheck *check, const GArray *settings)
{
  for (guint i = 0; settings != NULL && i < settings->len; i++) {
    const ServiceSetting *setting = &g_array_index(settings, ServiceSetting, i);
    if (setting_is(setting, check->key) && has_old_tls(setting_value(setting)))
      baseline_tell(baseline, check->rule, setting->of, SEVERITY_UNKNOWN, "%s",
                    setting_value(setting));
  }
}

static void
check_apache_tls(Baseline *baseline, const BaselineCheck *check)
{
  g_autoptr(GArray) settings = read_apache(baseline);
  tell_old_tls(baseline, check, settings);
}

/* --- nginx --- */

static void
check_nginx_tls(Baseline *baseline, const BaselineCheck *check)
{
  g_autoptr(GArray) settings = read_nginx(baseline);
  tell_old_tls(baseline, check, settings);
}

static void
check_nginx_value(Baseline *baseline, const BaselineCheck *check)
{
  g_autoptr(GArray) settings = read_nginx(baseline);
  for (guint i = 0; settings != NULL && i < settings->len; i++) {
    const ServiceSetting *setting = &g_array_index(settings, ServiceSetting, i);
    g_auto(GStrv) words = g_strsplit(setting_value(setting), " ", 2);
    if (setting_is(setting, check->key) && words[0] != NULL &&
        config_is_one_of(words[0], check->values))
      baseline_tell(baseline, check->rule, setting->of, SEVERITY_UNKNOWN, "%s %s%s%s", check->key,
                    setting_value(setting), setting->scope == NULL ? "" : ", in ",
                    setting->scope == NULL ? "" : setting->scope);
  }
}

/* On by default: off for all servers, or told. */
static void
check_nginx_tokens(Baseline *baseline, const BaselineCheck *check)
{
  g_autoptr(GArray) settings = read_nginx(baseline);
  const ServiceSetting *file = first_file(settings);
  bool off = false;
  for (guint i = 0; settings != NULL && i < settings->len; i++) {
    const ServiceSetting *setting = &g_array_index(settings, ServiceSetting, i);
    off |= setting_is(setting, check->key) && strcmp(setting_value(setting), "off") == 0 &&
           g_strcmp0(setting->scope, "http") == 0;
  }
  check_nginx_value(baseline, check);
  for (guint i = 0; !off && settings != NULL && i < settings->len; i++)
    if (setting_is(&g_array_index(settings, ServiceSetting, i), check->key))
      return; /* told above, or off where it matters */
  if (!off && file != NULL)
    baseline_tell(baseline, check->rule, file->of, SEVERITY_UNKNOWN,
                  "no server_tokens, so the default: on");
}

static const BaselineCheck checks[] = {
    {"apache-listens-everywhere", check_apache_listen},
    {"apache-tells-version", check_apache_value, "servertokens", "full os"},
    {"apache-trace", check_apache_value, "traceenable", "on extended"},
    {"apache-runs-as-root", check_apache_user},
    {"apache-lists-folders", check_apache_listing},
    {"apache-old-tls", check_apache_tls, "sslprotocol"},
    {"nginx-lists-folders", check_nginx_value, "autoindex", "on"},
    {"nginx-tells-version", check_nginx_tokens, "server_tokens", "on build"},
    {"nginx-runs-as-root", check_nginx_value, "user", "root"},
    {"nginx-old-tls", check_nginx_tls, "ssl_protocols"},
    {"tomcat-weak-user", baseline_check_fact, "tomcat.weak-user"},
    {"tomcat-user", baseline_check_fact, "tomcat.user"},
    {"php-shows-errors", baseline_check_fact, "php.display_errors", "on 1 yes true stdout"},
    {"php-includes-urls", baseline_check_fact, "php.allow_url_include", "on 1 yes true"},
    {"php-tells-version", baseline_check_fact, "php.expose_php", "on 1 yes true"},
};
const BaselineChecks web_checks = {checks, G_N_ELEMENTS(checks)};
