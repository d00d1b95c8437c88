/* The configuration of Apache's httpd: directives, one a line, in blocks "<Directory /srv>". */
#include <string.h>

#include "inspect/baseline/baseline.h"
#include "inspect/baseline/facts.h"

#define KEYS                                                                                       \
  "listen servertokens traceenable options sslprotocol user serverroot include includeoptional"
#define BLOCKS_MAX 32u

typedef struct {
  Facts facts;
  GPtrArray *blocks; /* char *: those that are open, outermost first */
  char *scope;       /* of these */
} Apache;

static void
join_blocks(Apache *apache)
{
  GString *scope = g_string_new(NULL);
  for (guint i = 0; i < apache->blocks->len; i++)
    g_string_append_printf(scope, "%s<%s>", i > 0 ? " " : "",
                           (const char *)g_ptr_array_index(apache->blocks, i));
  g_free(apache->scope);
  apache->scope = g_string_free(scope, FALSE);
  apache->facts.scope = *apache->scope == '\0' ? NULL : apache->scope;
}

/* "<Directory /srv>" or "</Directory>". */
static void
take_block(Apache *apache, const char *line)
{
  const char *end = strrchr(line, '>');
  if (line[1] == '/') {
    if (apache->blocks->len > 0)
      g_ptr_array_set_size(apache->blocks, (int)apache->blocks->len - 1);
  } else if (end != NULL && apache->blocks->len < BLOCKS_MAX) {
    g_autofree char *inner = g_strndup(line + 1, (size_t)(end - line) - 1);
    g_auto(GStrv) words = config_words(inner, false);
    g_ptr_array_add(apache->blocks, g_strjoinv(" ", words));
  }
  join_blocks(apache);
}

static void
take_directive(Apache *apache, const ConfigSettings *setting)
{
  g_autofree char *value = config_settings_value(setting);
  if (config_is_one_of(setting->name, KEYS))
    facts_add(&apache->facts, setting->name, value);
}

static void
read_apache(Slice bytes, const char *location, LayerInventory *into)
{
  static const SettingForm form = {.separators = " \t", .comments = "#", .joined = true};
  Apache apache = {.facts = {.into = into, .path = location, .service = "apache"},
                   .blocks = g_ptr_array_new_with_free_func(g_free)};
  g_auto(ConfigSettings) settings = {.form = NULL};
  config_settings_init(&settings, bytes, &form);
  facts_add(&apache.facts, "file", "");
  while (config_settings_next(&settings, &apache.facts))
    if (*settings.line == '<')
      take_block(&apache, settings.line);
    else
      take_directive(&apache, &settings);
  g_ptr_array_unref(apache.blocks);
  g_free(apache.scope);
}

static bool
is_meant(const char *name)
{
  return g_str_has_suffix(name, ".conf") || g_str_has_suffix(name, ".load");
}

/* What is enabled is a link to what is available. */
static const char *const apache_places[] = {"etc/apache2/apache2.conf",
                                            "etc/apache2/httpd.conf",
                                            "etc/apache2/ports.conf",
                                            "etc/apache2/mods-enabled/",
                                            "etc/apache2/conf-enabled/",
                                            "etc/apache2/sites-enabled/",
                                            "etc/apache2/conf.d/",
                                            "etc/apache2/vhosts.d/",
                                            "etc/apache2/mods-available/",
                                            "etc/apache2/conf-available/",
                                            "etc/apache2/sites-available/",
                                            "etc/httpd/conf/httpd.conf",
                                            "etc/httpd/conf.d/",
                                            "etc/httpd/conf.modules.d/",
                                            "usr/local/apache2/conf/httpd.conf",
                                            "usr/local/apache2/conf/extra/",
                                            NULL};

const Detector apache_detector = {
    .name = "apache",
    .version = 1,
    .places = apache_places,
    .alike = true,
    .wants_name = is_meant,
    .observes = true,
    .most = FACT_FILE_BYTES_MAX,
    .read = read_apache,
};
