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

/* "loose-" before a name: what does not know it goes on. (transfer full) */
static char *
name_of(const char *text, size_t size)
{
  g_autofree char *name = g_strstrip(g_ascii_strdown(text, (gssize)size));
  g_strdelimit(name, "_", '-');
  return g_strdup(name + (g_str_has_prefix(name, "loose-") ? strlen("loose-") : 0));
}

/* (transfer full) */
static char *
value_of(const char *text)
{
  char *value = g_strstrip(g_strdup(text));
  size_t size = strlen(value);
  bool quoted = size >= 2 && (*value == '"' || *value == '\'');
  char *end = quoted ? strchr(value + 1, *value) : NULL;
  for (char *at = value; end == NULL && (at = strchr(at, '#')) != NULL; at++)
    if (at == value || g_ascii_isspace(at[-1])) {
      *at = '\0';
      break;
    }
  if (end != NULL) {
    *end = '\0';
    memmove(value, value + 1, (size_t)(end - value));
  }
  return g_strchomp(value);
}

static void
take_option(Facts *facts, const char *line)
{
  const char *equals = strchr(line, '=');
  size_t size = equals == NULL ? strcspn(line, " \t#") : (size_t)(equals - line);
  g_autofree char *name = name_of(line, size);
  g_autofree char *value = value_of(equals == NULL ? "" : equals + 1);
  if (config_is_one_of(name, KEYS))
    facts_add(facts, name, value);
}

static bool
take_include(Facts *facts, const char *line)
{
  bool folder = g_str_has_prefix(line, "!includedir");
  if (!folder && !g_str_has_prefix(line, "!include"))
    return false;
  g_autofree char *value = value_of(line + strlen(folder ? "!includedir" : "!include"));
  if (*value != '\0')
    facts_add(facts, folder ? "includedir" : "include", value);
  return true;
}

static void
read_mysql(Slice bytes, const char *location, LayerInventory *into)
{
  Facts facts = {.into = into, .path = location, .service = "mysql"};
  g_auto(ConfigLines) lines = {.line = NULL};
  bool counts = false;
  config_lines_init(&lines, bytes, false);
  facts_add(&facts, "file", "");
  for (const char *line; (line = config_lines_next(&lines)) != NULL;) {
    facts.line = lines.number;
    if (*line == '#' || *line == ';' || take_include(&facts, line))
      continue;
    const char *end = *line == '[' ? strchr(line, ']') : NULL;
    g_autofree char *group = end == NULL ? NULL : g_strndup(line + 1, (size_t)(end - line) - 1);
    if (group != NULL)
      counts = is_of_server(g_strstrip(group));
    else if (counts)
      take_option(&facts, line);
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
