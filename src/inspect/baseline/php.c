/* php.ini, outside of sections for one host or folder. */
#include <string.h>

#include "inspect/baseline/baseline.h"
#include "inspect/baseline/facts.h"

static void
read_php(Slice bytes, const char *location, LayerInventory *into)
{
  static const SettingForm form = {.separators = "=", .comments = ";", .cut = ';'};
  Facts facts = {.into = into, .path = location, .service = "php"};
  g_auto(ConfigSettings) settings = {.form = NULL};
  bool counts = true;
  config_settings_init(&settings, bytes, &form);
  while (config_settings_next(&settings, &facts)) {
    const char *first = settings.words[0];
    if (*settings.line == '[')
      counts =
          !g_str_has_prefix(settings.name, "[host") && !g_str_has_prefix(settings.name, "[path");
    else if (counts &&
             config_is_one_of(settings.name, "expose_php display_errors allow_url_include"))
      facts_add(&facts, settings.name, first == NULL ? "" : first);
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
