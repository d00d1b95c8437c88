/* The configuration: defaults that work, values that overlay them, and errors that name file and
 * key. */
#include <glib/gstdio.h>
#include <string.h>

#include "base/error.h"
#include "server/config.h"

static Config *
load_text(const char *text, GError **error)
{
  g_autofree char *path = NULL;
  int fd = g_file_open_tmp("assay-config-XXXXXX.yaml", &path, NULL);
  g_assert_cmpint(fd, >=, 0);
  g_close(fd, NULL);
  g_assert_true(g_file_set_contents(path, text, -1, NULL));
  Config *config = config_load(path, error);
  g_unlink(path);
  return config;
}

static void
test_defaults(void)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(Config) config = config_load(NULL, &error);
  g_assert_no_error(error);
  g_assert_cmpuint(config->http.listen_count, ==, 1);
  g_assert_cmpstr(config->http.listen[0].address, ==, "127.0.0.1:5000");
  g_assert_false(config->http.listen[0].plain_http);
  g_assert_cmpuint(config->limits.registry.manifest_bytes, ==, 4 * 1024 * 1024);
  g_assert_cmpuint(config->advisories.feeds_count, >, 5);
  g_assert_true(config->durable);
  g_assert_false(config->allow_uncaged);

  g_autoptr(Config) empty = load_text("# nothing but a comment\n", &error);
  g_assert_no_error(error);
  g_assert_cmpuint(empty->advisories.feeds_count, ==, config->advisories.feeds_count);
}

/* A list without feeds is a choice, of a site that imports all that it knows. */
static void
test_no_feeds(void)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(Config) config = load_text("feeds: []\n", &error);
  g_assert_no_error(error);
  g_assert_cmpuint(config->advisories.feeds_count, ==, 0);
}

/* Who takes what another one has built asks the public feeds no more. */
static void
test_advisories_of_a_registry(void)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(Config) word = load_text("advisory_registry: r.example.com/a/b:v1\n", &error);
  g_assert_no_error(error);
  g_assert_cmpstr(word->advisories.advisory_registry.reference, ==, "r.example.com/a/b:v1");
  g_assert_cmpuint(word->advisories.feeds_count, ==, 0);
  g_autoptr(Config) mapping =
      load_text("advisory_registry: {reference: 'r:5000/a', insecure: true}\n"
                "feeds: [{name: a, type: kev, url: 'http://h/'}]\n",
                &error);
  g_assert_no_error(error);
  g_assert_true(mapping->advisories.advisory_registry.insecure);
  g_assert_cmpuint(mapping->advisories.feeds_count, ==, 1);
}

static void
test_values(void)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(Config) config = load_text("data: /srv/assay\n"
                                       "listen:\n"
                                       "  - address: 0.0.0.0:80\n"
                                       "    plain_http: true\n"
                                       "  - address: '[::1]:5000'\n"
                                       "limits:\n"
                                       "  manifest_bytes: 1MiB\n"
                                       "  upload_expiry: 2h\n"
                                       "  workers: 3\n"
                                       "feeds:\n"
                                       "  - {name: local, type: osv, path: /srv/osv}\n"
                                       "feed_interval: 0\n"
                                       "durable: false\n",
                                       &error);
  g_assert_no_error(error);
  g_assert_cmpstr(config->data, ==, "/srv/assay");
  g_assert_cmpuint(config->http.listen_count, ==, 2);
  g_assert_true(config->http.listen[0].plain_http);
  g_assert_cmpstr(config->http.listen[1].address, ==, "[::1]:5000");
  g_assert_cmpuint(config->limits.registry.manifest_bytes, ==, 1024 * 1024);
  g_assert_cmpuint(config->limits.registry.upload_expiry, ==, 7200);
  g_assert_cmpuint(config->limits.pipeline.workers, ==, 3);
  g_assert_cmpuint(config->limits.http.connections, ==, 4096);
  g_assert_cmpuint(config->advisories.feeds_count, ==, 1);
  g_assert_cmpstr(config->advisories.feeds[0].path, ==, "/srv/osv");
  g_assert_cmpuint(config->advisories.feed_interval, ==, 0);
  g_assert_false(config->durable);
}

static void
test_refused(void)
{
  static const struct {
    const char *name, *text, *says;
  } cases[] = {
      {"unknown key", "data: /x\nlisen: 1\n",
       ":2:1: unknown key \"lisen\"; did you mean \"listen\"?"},
      {"unknown limit", "limits:\n  workers: 1\n  worker: 2\n",
       ":3:3: limits: unknown key \"worker\"; did you mean \"workers\"?"},
      {"key of another place", "workers: 1\n",
       "unknown key \"workers\"; it belongs below \"limits\""},
      {"wrong type", "feeds: 5\n", ":1:8: feeds: must be a list, is a word"},
      {"no addresses", "listen:\n", ":1:8: listen: must be a list of at least one entry"},
      {"no address", "listen: []\n",
       "listen: must have at least 1 entry; without the key it is the default"},
      {"not a boolean", "data: /x\ndurable: perhaps\n", ":2:10: durable: must be true or false"},
      {"not a size", "\nlimits: {manifest_bytes: lots}\n", ":2:26: limits.manifest_bytes: must be"},
      {"not a time", "limits:\n  upload_expiry: soon\n", ":2:18: limits.upload_expiry: must be"},
      {"negative", "limits:\n  workers: -1\n", ":2:12: limits.workers: must be a whole number"},
      {"out of range", "limits: {manifest_bytes: 0}\n",
       "limits.manifest_bytes: must be between 1 and 64MiB, is 0"},
      {"no reference", "advisory_registry: r.example.com/A\n", ":1:20: advisory_registry: "},
      {"unknown feed type", "feeds:\n- name: a\n  type: b\n  url: c\n",
       ":3:9: feed \"a\": type: must be debian-tracker, debian-repo, "},
      {"feed without a source", "\n\nfeeds:\n  - {name: a, type: osv}\n",
       ":4:5: feed \"a\": url: a feed needs one of"},
      {"feed of two sources", "feeds:\n  - {name: a, type: osv, url: b, path: c}\n",
       ":2:40: feed \"a\": path: a feed needs one of"},
      {"feed without a type", "feeds:\n  - {name: a, url: osv}\n",
       ":2:5: feed \"a\": the key \"type\" is missing"},
      {"feed twice", "feeds:\n- {name: a, type: osv, url: x}\n- {name: a, type: osv, url: y}\n",
       ":3:10: feed \"a\": name: another feed has it, in line 2"},
      {"bad level", "# first\nlog_level: loud\n",
       ":2:12: log_level: must be debug, info, warning or error, is \"loud\""},
      {"bad format", "log_format: xml\n", ":1:13: log_format: must be auto, text or json"},
      {"bad interval", "feed_interval: 6 hours\n", ":1:16: feed_interval: must be a time"},
      {"half a TLS", "tls: {certificate: x}\n", ":1:6: tls: the key \"key\" is missing"},
      {"no TLS", "tls:\n", ":1:5: tls: must be a mapping; without the key its defaults hold"},
      {"listen without an address", "listen:\n  - plain_http: true\n",
       ":2:5: listen[0]: the key \"address\" is missing"},
      {"broken YAML", "a: [b\n", ":2:1: broken YAML"},
      {"key twice", "data: x\ndata: y\n", ":2:1: data: is there twice, first in line 1"},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GError) error = NULL;
    g_test_message("%s", cases[i].name);
    g_autoptr(Config) config = load_text(cases[i].text, &error);
    g_assert_null(config);
    g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_INVALID);
    g_test_message("%s", error->message);
    g_assert_nonnull(strstr(error->message, cases[i].says));
    g_assert_nonnull(strstr(error->message, ".yaml:"));
    g_assert_null(strchr(error->message, '\n'));
  }
}

/* --- the documentation says what the tables say --- */

/* "limits.workers" -> its default in the documentation: rows that begin with a key in backticks,
 * below a heading whose last word in backticks is the section's. */
static GHashTable *
read_documented(const char *path)
{
  g_autofree char *text = NULL;
  g_autoptr(GError) error = NULL;
  g_file_get_contents(path, &text, NULL, &error);
  g_assert_no_error(error);
  GHashTable *found = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  g_autofree char *section = g_strdup("");
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  for (char **line = lines; *line != NULL; line++) {
    g_auto(GStrv) cells = g_strsplit(*line, "|", 4);
    if (g_str_has_prefix(*line, "#")) {
      g_auto(GStrv) words = g_strsplit(*line, "`", 3);
      g_free(section);
      section = g_strdup(g_strv_length(words) == 3 ? words[1] : "");
    }
    if (!g_str_has_prefix(*line, "| `") || g_strv_length(cells) < 3)
      continue;
    g_strstrip(g_strdelimit(cells[1], "`", ' '));
    char *key = g_strconcat(section, *section == '\0' ? "" : ".", cells[1], NULL);
    if (!g_hash_table_insert(found, key, g_strdup(g_strstrip(cells[2]))))
      g_error("%s: `%s` is there twice", path, key);
  }
  return found;
}

static void
check_documented(GHashTable *documented, const Section *section, const char *path)
{
  for (size_t i = 0; i < section->count; i++) {
    const Setting *setting = &section->settings[i];
    if (setting->part) {
      check_documented(documented, setting->section, path);
      continue;
    }
    g_autofree char *key = g_strconcat(path, *path == '\0' ? "" : ".", setting->key, NULL);
    if (setting->section != NULL) {
      check_documented(documented, setting->section, key);
      continue;
    }
    const char *cell = g_hash_table_lookup(documented, key);
    const char *wanted = setting->required           ? "required"
                         : setting->fallback != NULL ? setting->fallback
                                                     : "";
    if (cell == NULL)
      g_error("docs/configuration.md: no row for `%s` (default \"%s\")", key, wanted);
    if (strcmp(cell, wanted) != 0)
      g_error("docs/configuration.md: `%s`: the default is \"%s\", not \"%s\"", key, wanted, cell);
    g_hash_table_remove(documented, key);
  }
}

static void
test_documentation(void)
{
  const char *path = g_getenv("CONFIGURATION_MD");
  g_assert_nonnull(path);
  g_autoptr(GHashTable) documented = read_documented(path);
  g_assert_cmpuint(g_hash_table_size(documented), >, 20);
  check_documented(documented, &config_section, "");
  GHashTableIter iter;
  void *key;
  g_hash_table_iter_init(&iter, documented);
  if (g_hash_table_iter_next(&iter, &key, NULL))
    g_error("docs/configuration.md: `%s` is no key", (const char *)key);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/config/defaults", test_defaults);
  g_test_add_func("/config/no-feeds", test_no_feeds);
  g_test_add_func("/config/advisories-of-a-registry", test_advisories_of_a_registry);
  g_test_add_func("/config/values", test_values);
  g_test_add_func("/config/refused", test_refused);
  g_test_add_func("/config/documentation", test_documentation);
  return g_test_run();
}
