/* The configuration: defaults that work, values that overlay them, and errors that name file and
 * key. */
#include <glib/gstdio.h>
#include <string.h>

#include "base/config.h"
#include "base/error.h"

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
  g_assert_cmpuint(config->listen_count, ==, 1);
  g_assert_cmpstr(config->listen[0].address, ==, "127.0.0.1:5000");
  g_assert_false(config->listen[0].plain_http);
  g_assert_cmpuint(config->limits.manifest_bytes, ==, 4 * 1024 * 1024);
  g_assert_cmpuint(config->feeds_count, >, 5);
  g_assert_true(config->durable);
  g_assert_false(config->allow_uncaged);

  g_autoptr(Config) empty = load_text("# nothing but a comment\n", &error);
  g_assert_no_error(error);
  g_assert_cmpuint(empty->feeds_count, ==, config->feeds_count);
}

/* A list without feeds is a choice, of a site that imports all that it knows. */
static void
test_no_feeds(void)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(Config) config = load_text("feeds: []\n", &error);
  g_assert_no_error(error);
  g_assert_cmpuint(config->feeds_count, ==, 0);
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
  g_assert_cmpuint(config->listen_count, ==, 2);
  g_assert_true(config->listen[0].plain_http);
  g_assert_cmpstr(config->listen[1].address, ==, "[::1]:5000");
  g_assert_cmpuint(config->limits.manifest_bytes, ==, 1024 * 1024);
  g_assert_cmpuint(config->limits.upload_expiry, ==, 7200);
  g_assert_cmpuint(config->limits.workers, ==, 3);
  g_assert_cmpuint(config->limits.connections, ==, 4096);
  g_assert_cmpuint(config->feeds_count, ==, 1);
  g_assert_cmpstr(config->feeds[0].path, ==, "/srv/osv");
  g_assert_cmpuint(config->feed_interval, ==, 0);
  g_assert_false(config->durable);
}

static void
test_refused(void)
{
  static const struct {
    const char *name, *text, *says;
    unsigned line;
  } cases[] = {
      {"unknown key", "data: /x\ndataa: /x\n", "dataa", 2},
      {"unknown key in limits", "limits:\n  workers: 1\n  worker: 2\n", "worker", 3},
      {"wrong type", "listen: 5\n", "listen", 1},
      {"not a boolean", "data: /x\ndurable: perhaps\n", "durable", 2},
      {"not a size", "\nlimits: {manifest_bytes: lots}\n", "limits.manifest_bytes", 2},
      {"not a time", "limits:\n  workers: 2\n  upload_expiry: soon\n", "limits.upload_expiry", 3},
      {"negative", "limits:\n  workers: -1\n", "limits.workers", 2},
      {"too large", "limits:\n  workers: 18446744073709551616\n", "limits.workers", 2},
      {"overflows", "limits: {blob_bytes: 99999999999TiB}\n", "limits.blob_bytes", 1},
      {"out of range", "limits: {manifest_bytes: 0}\n", "out of range", 1},
      {"unknown feed type", "feeds:\n- name: a\n  type: b\n  url: c\n", "feeds[0].type", 3},
      {"feed without a source", "\n\nfeeds:\n  - {name: a, type: osv}\n", "url", 4},
      {"feed without a type", "feeds:\n  - {name: a, url: osv}\n", "type", 2},
      {"feed twice", "feeds:\n- {name: a, type: osv, url: x}\n- {name: a, type: osv, url: y}\n",
       "twice", 3},
      {"bad level", "# first\nlog_level: loud\n", "log_level", 2},
      {"bad format", "log_format: xml\n", "log_format", 1},
      {"bad interval", "feed_interval: 6 hours\n", "feed_interval", 1},
      {"half a TLS", "tls: {certificate: x}\n", "key", 1},
      {"listen without an address", "listen:\n  - plain_http: true\n", "address", 2},
      {"broken YAML", "a: [b\n", "YAML", 0},
      {"alias", "data: &a x\npolicy: *a\n", "alias", 0},
      {"key twice", "data: x\ndata: y\n", "data", 0},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GError) error = NULL;
    g_autofree char *line = g_strdup_printf("line: %u", cases[i].line);
    g_autofree char *place = g_strdup_printf(".yaml:%u: ", cases[i].line);
    g_test_message("%s", cases[i].name);
    g_autoptr(Config) config = load_text(cases[i].text, &error);
    g_assert_null(config);
    g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_INVALID);
    g_test_message("%s", error->message);
    g_assert_nonnull(strcasestr(error->message, cases[i].says));
    g_assert_nonnull(strstr(error->message, ".yaml"));
    g_assert_null(strstr(error->message, "field: Missing")); /* once is enough */
    if (cases[i].line > 0)
      g_assert_true(strstr(error->message, line) != NULL || strstr(error->message, place) != NULL);
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/config/defaults", test_defaults);
  g_test_add_func("/config/no-feeds", test_no_feeds);
  g_test_add_func("/config/values", test_values);
  g_test_add_func("/config/refused", test_refused);
  return g_test_run();
}
