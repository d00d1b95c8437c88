/* php.ini, outside of sections for one host or folder. */
#include <string.h>

#include "inspect/baseline/baseline.h"
#include "inspect/baseline/facts.h"

static void
take_line(Facts *facts, const char *line)
{
  const char *equals = strchr(line, '=');
  if (equals == NULL)
    return;
  g_autofree char *key = g_strstrip(g_ascii_strdown(line, equals - line));
  g_autofree char *text = g_strdup(equals + 1);
  text[strcspn(text, ";")] = '\0';
  g_auto(GStrv) words = config_words(text, false);
  if (config_is_one_of(key, "expose_php display_errors allow_url_include"))
    facts_add(facts, key, words[0] == NULL ? "" : words[0]);
}

static void
read_php(Slice bytes, const char *location, LayerInventory *into)
{
  Facts facts = {.into = into, .path = location, .service = "php"};
  g_auto(ConfigLines) lines = {.line = NULL};
  bool counts = true;
  config_lines_init(&lines, bytes, false);
  for (const char *line; (line = config_lines_next(&lines)) != NULL;) {
    facts.line = lines.number;
    if (*line == '[')
      counts = g_ascii_strncasecmp(line, "[host=", 6) != 0 &&
               g_ascii_strncasecmp(line, "[path=", 6) != 0;
    else if (*line != ';' && counts)
      take_line(&facts, line);
  }
}

/* What a person types "php" for has nobody who reads its errors but that person. */
static bool
is_meant(const char *path)
{
  return !config_is_example(path) && strstr(path, "/cli/") == NULL;
}

static const char *const php_places[] = {"*/php.ini", NULL};

const Detector php_detector = {
    .name = "php",
    .version = 1,
    .places = php_places,
    .wants_path = is_meant,
    .observes = true,
    .most = FACT_FILE_BYTES_MAX,
    .read = read_php,
};
