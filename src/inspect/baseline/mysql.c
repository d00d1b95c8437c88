/* Option files of MySQL and MariaDB. "-" and "_" are the same in names; a "#" after a blank begins
 * a comment; of the groups those count that a server reads. */
#include <string.h>

#include "inspect/baseline/baseline.h"
#include "inspect/baseline/facts.h"

#define KEYS "bind-address skip-grant-tables skip-networking local-infile secure-file-priv user"

static bool
is_of_server(const char *group)
{
  return config_is_one_of(group, "mysqld server mariadb mariadbd galera") ||
         g_str_has_prefix(group, "mysqld-") || g_str_has_prefix(group, "mariadb-") ||
         g_str_has_prefix(group, "mariadbd-");
}

/* "loose-" before a name: what does not know it goes on. One without a value may have a comment
 * after it. (transfer full) */
static char *
name_of(const char *text)
{
  g_autofree char *name = g_strndup(text, strcspn(text, " \t#"));
  g_strdelimit(name, "_", '-');
  return g_strdup(name + (g_str_has_prefix(name, "loose-") ? strlen("loose-") : 0));
}

static void
take_option(Facts *facts, const ConfigSettings *setting)
{
  g_autofree char *name = name_of(setting->name), *value = config_settings_value(setting);
  if (config_is_one_of(name, KEYS))
    facts_add(facts, name, value);
}

static bool
take_include(Facts *facts, const char *line)
{
  bool folder = g_str_has_prefix(line, "!includedir");
  if (!folder && !g_str_has_prefix(line, "!include"))
    return false;
  g_auto(GStrv) words = config_words(line + strlen(folder ? "!includedir" : "!include"), true);
  if (words[0] != NULL)
    facts_add(facts, folder ? "includedir" : "include", words[0]);
  return true;
}

static void
read_mysql(Slice bytes, const char *location, LayerInventory *into)
{
  static const SettingForm form = {.separators = "=", .comments = "#;", .hash = true};
  Facts facts = {.into = into, .path = location, .service = "mysql"};
  g_auto(ConfigSettings) settings = {.form = NULL};
  bool counts = false;
  config_settings_init(&settings, bytes, &form);
  facts_add(&facts, "file", "");
  while (config_settings_next(&settings, &facts)) {
    const char *line = settings.line, *end = *line == '[' ? strchr(line, ']') : NULL;
    g_autofree char *group = end == NULL ? NULL : g_strndup(line + 1, (size_t)(end - line) - 1);
    if (group != NULL)
      counts = is_of_server(g_strstrip(group));
    else if (!take_include(&facts, line) && counts)
      take_option(&facts, &settings);
  }
}

/* Debian's /etc/mysql/my.cnf is a link to one of the last two. */
static const char *const mysql_places[] = {"etc/my.cnf",
                                           "etc/mysql/my.cnf",
                                           "etc/mysql/conf.d/",
                                           "etc/my.cnf.d/",
                                           "etc/mysql/mysql.conf.d/",
                                           "etc/mysql/mariadb.conf.d/",
                                           "etc/alternatives/my.cnf",
                                           "etc/mysql/mariadb.cnf",
                                           "etc/mysql/mysql.cnf",
                                           NULL};

const Detector mysql_detector = {
    .name = "mysql",
    .version = 1,
    .places = mysql_places,
    .alike = true,
    .observes = true,
    .most = FACT_FILE_BYTES_MAX,
    .read = read_mysql,
};
