/* mongod.conf, elasticsearch.yml and opensearch.yml: YAML, whose keys may be nested or joined by
 * dots. Lines are not known. The MongoDB of old has lines "name = value". */
#include <string.h>

#include "inspect/baseline/baseline.h"
#include "inspect/baseline/facts.h"
#include "text/yaml_walk.h"

#define MONGO_KEYS  "net.bindip net.bindipall security.authorization bind_ip auth noauth"
#define SEARCH_KEYS "network.host http.host xpack.security.enabled plugins.security.disabled"

typedef struct {
  Facts facts;
  const char *keys;
} Walk;

static void
visit(const char *const *keys, unsigned depth, const char *value, void *data)
{
  Walk *walk = data;
  g_autoptr(GString) name = g_string_new(NULL);
  for (unsigned i = 0; i < depth && value != NULL; i++)
    if (strcmp(keys[i], YAML_WALK_ELEMENT) != 0)
      g_string_append_printf(name, "%s%s", name->len > 0 ? "." : "", keys[i]);
  g_autofree char *lower = g_ascii_strdown(name->str, -1);
  if (value != NULL && config_is_one_of(lower, walk->keys))
    facts_add(&walk->facts, lower, value);
}

/* "bind_ip = 0.0.0.0". */
static void
read_old(Walk *walk, Slice bytes)
{
  static const SettingForm form = {.separators = "=", .comments = "#", .hash = true};
  g_auto(ConfigSettings) settings = {.form = NULL};
  config_settings_init(&settings, bytes, &form);
  while (config_settings_next(&settings, &walk->facts))
    if (settings.words[0] != NULL && config_is_one_of(settings.name, walk->keys))
      facts_add(&walk->facts, settings.name, settings.words[0]);
}

static bool
has_yaml(Slice bytes)
{
  g_auto(ConfigLines) lines = {.line = NULL};
  config_lines_init(&lines, bytes, false);
  for (const char *line; (line = config_lines_next(&lines)) != NULL;)
    if (*line != '#')
      return line[strcspn(line, ":=")] == ':';
  return false;
}

static void
read_yaml_server(Slice bytes, const char *location, LayerInventory *into)
{
  bool mongo = strstr(location, "mongo") != NULL && g_str_has_suffix(location, ".conf");
  Walk walk = {{.into = into, .path = location, .service = mongo ? "mongod" : "elasticsearch"},
               mongo ? MONGO_KEYS : SEARCH_KEYS};
  g_autoptr(GError) error = NULL;
  facts_add(&walk.facts, "file", "");
  if (mongo && !has_yaml(bytes))
    read_old(&walk, bytes);
  else if (!yaml_walk(bytes, visit, &walk, &error))
    facts_add(&walk.facts, "broken", "");
}

static bool
is_meant(const char *path)
{
  return !config_is_example(path);
}

static const char *const yaml_server_places[] = {"*/mongod.conf", "*/mongodb.conf",
                                                 "*/elasticsearch.yml", "*/opensearch.yml", NULL};

const Detector yaml_servers_detector = {
    .name = "yaml-servers",
    .version = 1,
    .places = yaml_server_places,
    .wants_path = is_meant,
    .observes = true,
    .most = FACT_FILE_BYTES_MAX,
    .read = read_yaml_server,
};
