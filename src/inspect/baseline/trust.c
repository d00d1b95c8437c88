/* hosts.equiv(5), .rhosts and their twins of ssh: which hosts may let in whom without a password.
 */
#include "inspect/baseline/baseline.h"
#include "inspect/baseline/facts.h"

static void
read_trust(Slice bytes, const char *location, LayerInventory *into)
{
  Facts facts = {.into = into, .path = location, .service = "trust"};
  g_auto(ConfigLines) lines = {.line = NULL};
  config_lines_init(&lines, bytes, false);
  for (const char *line; (line = config_lines_next(&lines)) != NULL;) {
    facts.line = lines.number;
    if (*line != '#' && *line != '-')
      facts_add(&facts, *line == '+' ? "all" : "host", line);
  }
}

static bool
is_meant(const char *path)
{
  return !config_is_example(path);
}

static const char *const trust_places[] = {"etc/hosts.equiv", "etc/ssh/shosts.equiv", "*/.rhosts",
                                           "*/.shosts", NULL};

const Detector trust_detector = {
    .name = "trust",
    .version = 1,
    .places = trust_places,
    .alike = true,
    .wants_path = is_meant,
    .observes = true,
    .most = FACT_FILE_BYTES_MAX,
    .read = read_trust,
};
