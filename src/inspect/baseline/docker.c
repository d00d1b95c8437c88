/* How an image would steer the engine that runs it: scripts that use its socket, and the engine's
 * own daemon.json. */
#include <jansson.h>
#include <string.h>

#include "base/json.h"
#include "inspect/baseline/baseline.h"
#include "inspect/baseline/facts.h"

static void
read_script(Facts *facts, Slice bytes)
{
  g_auto(ConfigLines) lines = {.line = NULL};
  config_lines_init(&lines, bytes, false);
  for (const char *line; (line = config_lines_next(&lines)) != NULL;) {
    facts->line = lines.number;
    if (*line == '#' ||
        (strstr(line, "/var/run/docker.sock") == NULL && strstr(line, "/run/docker.sock") == NULL))
      continue;
    facts_add(facts, "socket", "/run/docker.sock"); /* what else is in the line may be secret */
    return;                                         /* once a file */
  }
}

/* Who may speak to the engine without showing a certificate is root of the host. */
static void
read_daemon(Facts *facts, Slice bytes)
{
  json_error_t error;
  json_t *daemon = json_loadb((const char *)bytes.data, bytes.size, JSON_REJECT_DUPLICATES, &error);
  const json_t *hosts = json_object_get(daemon, "hosts");
  bool verifies = json_is_true(json_object_get(daemon, "tlsverify"));
  for (size_t i = 0; i < json_array_size(hosts) && !verifies; i++) {
    const char *host = json_string_value(json_array_get(hosts, i));
    if (host != NULL && g_str_has_prefix(host, "tcp://") && !g_str_has_prefix(host, "tcp://127."))
      facts_add(facts, "open", host);
  }
  json_decref(daemon);
}

static void
read_docker(Slice bytes, const char *location, LayerInventory *into)
{
  Facts facts = {.into = into, .path = location, .service = "docker"};
  if (g_str_has_suffix(location, "daemon.json"))
    read_daemon(&facts, bytes);
  else
    read_script(&facts, bytes);
}

static bool
is_meant(const char *path)
{
  return !config_is_example(path) && (!g_str_has_suffix(path, "daemon.json") ||
                                      g_str_has_suffix(path, "etc/docker/daemon.json"));
}

static const char *const docker_places[] = {
    "*/daemon.json",  "*.sh",          "*/docker-compose.yml", "*/docker-compose.yaml",
    "*/compose.yaml", "*/compose.yml", "*/supervisord.conf",   NULL};

const Detector docker_detector = {
    .name = "docker",
    .version = 2,
    .places = docker_places,
    .wants_path = is_meant,
    .observes = true,
    .most = FACT_FILE_BYTES_MAX,
    .read = read_docker,
};
