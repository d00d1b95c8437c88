/* redis.conf, and that of its heir Valkey. No password leaves this file. */
#include <string.h>

#include "inspect/baseline/baseline.h"
#include "inspect/baseline/facts.h"
#include "inspect/baseline/weak_passwords.h"

/* "user default on nopass ~* +@all": whether whoever comes has rights without a password. */
static bool
is_open_user(char **words)
{
  bool on = false, no_password = false;
  if (words[1] == NULL || strcmp(words[1], "default") != 0)
    return false;
  for (char **word = words + 2; *word != NULL; word++) {
    on = strcmp(*word, "on") == 0 || (on && strcmp(*word, "off") != 0);
    no_password |= strcmp(*word, "nopass") == 0;
  }
  return on && no_password;
}

static void
take_words(Facts *facts, char **words)
{
  const char *key = words[0], *value = words[1] == NULL ? "" : words[1];
  g_autofree char *all = words[1] == NULL ? g_strdup("") : g_strjoinv(" ", words + 1);
  if (config_is_one_of(key, "bind protected-mode port include"))
    facts_add(facts, key, all);
  else if (g_ascii_strcasecmp(key, "requirepass") == 0)
    facts_add(facts, "password",
              *value == '\0'              ? "none"
              : password_is_common(value) ? "weak"
                                          : "set");
  else if (g_ascii_strcasecmp(key, "user") == 0 && words[1] != NULL &&
           strcmp(words[1], "default") == 0)
    facts_add(facts, "password", is_open_user(words) ? "none" : "set");
}

static void
read_redis(Slice bytes, const char *location, LayerInventory *into)
{
  Facts facts = {.into = into, .path = location, .service = "redis"};
  g_auto(ConfigLines) lines = {.line = NULL};
  config_lines_init(&lines, bytes, false);
  facts_add(&facts, "file", "");
  for (const char *line; (line = config_lines_next(&lines)) != NULL;) {
    facts.line = lines.number;
    g_auto(GStrv) words = config_words(line, true);
    if (words[0] != NULL)
      take_words(&facts, words);
  }
}

static bool
is_meant(const char *path)
{
  return !config_is_example(path);
}

static const char *const redis_places[] = {"*/redis.conf", "*/valkey.conf", NULL};

const Detector redis_detector = {
    .name = "redis",
    .version = 1,
    .places = redis_places,
    .wants_path = is_meant,
    .observes = true,
    .most = FACT_FILE_BYTES_MAX,
    .read = read_redis,
};
