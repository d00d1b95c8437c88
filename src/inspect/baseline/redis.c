/* redis.conf, that of its heir Valkey, and the files of users. No password leaves this file. */
#include <string.h>

#include "archive/path.h"
#include "inspect/baseline/baseline.h"
#include "inspect/baseline/facts.h"
#include "inspect/baseline/weak_passwords.h"

/* What whoever comes is: "user default on nopass ~* +@all" has rights without a password. The rules
 * of a user count in their order, and begin with nothing. */
static const char *
state_of_user(char **rules)
{
  bool on = false, open = false, weak = false, may = false;
  for (; *rules != NULL; rules++) {
    const char *rule = *rules;
    if (config_is_one_of(rule, "on off"))
      on = g_ascii_strcasecmp(rule, "on") == 0;
    else if (config_is_one_of(rule, "nopass resetpass reset"))
      open = g_ascii_strcasecmp(rule, "nopass") == 0, weak = false;
    else if (*rule == '>' || *rule == '#')
      open = false, weak |= *rule == '>' && password_is_common(rule + 1);
    if (config_is_one_of(rule, "nocommands reset -@all"))
      may = false;
    else if (*rule == '+' || config_is_one_of(rule, "allcommands"))
      may = true;
    if (config_is_one_of(rule, "reset"))
      on = false;
  }
  return !on || !may ? "set" : open ? "none" : weak ? "weak" : "set";
}

static void
take_setting(Facts *facts, const ConfigSettings *setting)
{
  const char *name = setting->name, *first = setting->words[0];
  g_autofree char *value = config_settings_value(setting);
  if (config_is_one_of(name, "bind protected-mode port include aclfile"))
    facts_add(facts, name, value);
  else if (strcmp(name, "requirepass") == 0)
    facts_add(facts, "password",
              *value == '\0'              ? "none"
              : password_is_common(first) ? "weak"
                                          : "set");
  else if (strcmp(name, "user") == 0 && g_strcmp0(first, "default") == 0)
    facts_add(facts, "user", state_of_user(setting->words + 1));
}

static void
read_redis(Slice bytes, const char *location, LayerInventory *into)
{
  static const SettingForm form = {.separators = " \t", .comments = "#", .hash = true};
  Facts facts = {.into = into, .path = location, .service = "redis"};
  g_auto(ConfigSettings) settings = {.form = NULL};
  config_settings_init(&settings, bytes, &form);
  facts_add(&facts, "file", "");
  while (config_settings_next(&settings, &facts))
    take_setting(&facts, &settings);
}

/* What a server takes in may have any name, and is beside its own file or below. */
static bool
is_meant(const char *path)
{
  const char *name = path_last_name(path);
  return !config_is_example(path) &&
         (config_is_one_of(name, "redis.conf valkey.conf users.acl") ||
          strstr(path, "redis/") != NULL || strstr(path, "valkey/") != NULL);
}

static const char *const redis_places[] = {"*.conf", "*.acl", NULL};

const Detector redis_detector = {
    .name = "redis",
    .version = 2,
    .places = redis_places,
    .wants_path = is_meant,
    .observes = true,
    .most = FACT_FILE_BYTES_MAX,
    .read = read_redis,
};
