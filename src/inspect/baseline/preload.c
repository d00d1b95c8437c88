/* ld.so.preload: libraries that every program loads, set-id ones too. Names are parted by blanks or
 * colons; the loader knows comments. */
#include <string.h>

#include "inspect/baseline/baseline.h"
#include "inspect/baseline/facts.h"

static void
read_preload(Slice bytes, const char *location, LayerInventory *into)
{
  Facts facts = {.into = into, .path = location, .service = "preload"};
  g_auto(ConfigLines) lines = {.line = NULL};
  config_lines_init(&lines, bytes, false);
  for (const char *line; (line = config_lines_next(&lines)) != NULL;) {
    facts.line = lines.number;
    g_autofree char *names = g_strndup(line, strcspn(line, "#"));
    g_auto(GStrv) words = g_strsplit_set(names, " \t:", -1);
    for (char **word = words; *word != NULL; word++)
      if (**word != '\0')
        facts_add(&facts, "library", *word);
  }
}

static const char *const preload_places[] = {"etc/ld.so.preload", NULL};

const Detector preload_detector = {
    .name = "preload",
    .version = 1,
    .places = preload_places,
    .observes = true,
    .most = FACT_FILE_BYTES_MAX,
    .read = read_preload,
};
