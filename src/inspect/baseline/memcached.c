/* The options of memcached: Debian's file has one a line, Red Hat's OPTIONS="...". */
#include <string.h>

#include "inspect/baseline/baseline.h"
#include "inspect/baseline/facts.h"

/* "-l 127.0.0.1", "-l127.0.0.1", "--listen=127.0.0.1". */
static void
take_options(Facts *facts, char **words)
{
  static const struct {
    const char *flag, *name, *key;
  } options[] = {{"-l", "--listen", "listen"}, {"-U", "--udp-port", "udp-port"}};
  for (char **word = words; *word != NULL; word++)
    for (size_t i = 0; i < G_N_ELEMENTS(options); i++) {
      g_autofree char *prefix = g_strconcat(options[i].name, "=", NULL);
      if (strcmp(*word, options[i].flag) == 0 && word[1] != NULL)
        facts_add(facts, options[i].key, word[1]);
      else if (g_str_has_prefix(*word, prefix))
        facts_add(facts, options[i].key, *word + strlen(prefix));
      else if (g_str_has_prefix(*word, options[i].flag) && (*word)[2] != '\0')
        facts_add(facts, options[i].key, *word + 2);
    }
}

static void
read_memcached(Slice bytes, const char *location, LayerInventory *into)
{
  Facts facts = {.into = into, .path = location, .service = "memcached"};
  g_auto(ConfigLines) lines = {.line = NULL};
  config_lines_init(&lines, bytes, false);
  facts_add(&facts, "file", "");
  for (const char *line; (line = config_lines_next(&lines)) != NULL;) {
    facts.line = lines.number;
    g_auto(GStrv) words = config_words(line, true);
    if (words[0] != NULL && g_str_has_prefix(words[0], "OPTIONS=")) {
      g_auto(GStrv) inner = config_words(words[0] + strlen("OPTIONS="), false);
      take_options(&facts, inner);
    } else {
      take_options(&facts, words);
    }
  }
}

static const char *const memcached_places[] = {"etc/memcached.conf", "etc/sysconfig/memcached",
                                               NULL};

const Detector memcached_detector = {
    .name = "memcached",
    .version = 1,
    .places = memcached_places,
    .alike = true,
    .observes = true,
    .most = FACT_FILE_BYTES_MAX,
    .read = read_memcached,
};
