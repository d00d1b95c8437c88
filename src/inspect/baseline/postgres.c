/* postgresql.conf and pg_hba.conf. */
#include <string.h>

#include "inspect/baseline/baseline.h"
#include "inspect/baseline/facts.h"

#define KEYS "listen_addresses password_encryption"

static const char *
name_of(const char *path)
{
  const char *slash = strrchr(path, '/');
  return slash == NULL ? path : slash + 1;
}

/* Up to the method: the options after it may hold passwords. */
static void
cut_options(char **words)
{
  static const char *const methods =
      "trust reject md5 password scram-sha-256 gss sspi ident peer pam ldap radius cert bsd oauth";
  for (guint i = 0; words[i] != NULL; i++) {
    bool option = i > 2 && strchr(words[i], '=') != NULL;
    guint keep = option ? i : i + 1;
    if (!option && (i <= 2 || !config_is_one_of(words[i], methods)))
      continue;
    for (guint j = keep; words[j] != NULL; j++)
      g_clear_pointer(&words[j], g_free);
    return;
  }
}

/* "TYPE DATABASE USER ADDRESS METHOD", as words. */
static void
read_hba(Facts *facts, Slice bytes)
{
  g_auto(ConfigLines) lines = {.line = NULL};
  config_lines_init(&lines, bytes, true);
  for (const char *line; (line = config_lines_next(&lines)) != NULL;) {
    facts->line = lines.number;
    g_auto(GStrv) words = config_words(line, true);
    cut_options(words);
    g_autofree char *rule = g_strjoinv(" ", words);
    if (*rule != '\0')
      facts_add(facts, "hba", rule);
  }
}

/* "NAME = 'value' # comment"; the "=" may be missing. */
static void
read_settings(Facts *facts, Slice bytes)
{
  static const SettingForm form = {.separators = " \t=#", .comments = "#", .hash = true};
  g_auto(ConfigSettings) settings = {.form = NULL};
  config_settings_init(&settings, bytes, &form);
  while (config_settings_next(&settings, facts))
    if (settings.words[0] != NULL && config_is_one_of(settings.name, KEYS))
      facts_add(facts, settings.name, settings.words[0]);
}

static void
read_postgres(Slice bytes, const char *location, LayerInventory *into)
{
  Facts facts = {.into = into, .path = location, .service = "postgres"};
  if (strcmp(name_of(location), "pg_hba.conf") == 0)
    read_hba(&facts, bytes);
  else
    read_settings(&facts, bytes);
}

static bool
is_meant(const char *path)
{
  return !config_is_example(path) && !g_str_has_prefix(path, "usr/share/");
}

static const char *const postgres_places[] = {"*/pg_hba.conf", "*/postgresql.conf",
                                              "*/postgresql.auto.conf", NULL};

const Detector postgres_detector = {
    .name = "postgres",
    .version = 2,
    .places = postgres_places,
    .wants_path = is_meant,
    .observes = true,
    .most = FACT_FILE_BYTES_MAX,
    .read = read_postgres,
};
