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
  } cases[] = {
      {"unknown key", "dataa: /x\n", "dataa"},
      {"wrong type", "listen: 5\n", "listen"},
      {"not a size", "limits: {manifest_bytes: lots}\n", "limits.manifest_bytes"},
      {"out of range", "limits: {manifest_bytes: 0}\n", "out of range"},
      {"unknown feed type", "feeds: [{name: a, type: b, url: c}]\n", "feeds[0].type"},
      {"feed without a source", "feeds: [{name: a, type: osv}]\n", "url"},
      {"feed twice", "feeds: [{name: a, type: osv, url: x}, {name: a, type: osv, url: y}]\n",
       "twice"},
      {"bad level", "log_level: loud\n", "log_level"},
      {"half a TLS", "tls: {certificate: x}\n", "key"},
      {"broken YAML", "a: [b\n", "YAML"},
      {"alias", "data: &a x\npolicy: *a\n", "alias"},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GError) error = NULL;
    g_assert_null(load_text(cases[i].text, &error));
    g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_INVALID);
    g_test_message("%s: %s", cases[i].name, error->message);
    g_assert_nonnull(strcasestr(error->message, cases[i].says));
    g_assert_nonnull(strstr(error->message, ".yaml"));
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/config/defaults", test_defaults);
  g_test_add_func("/config/values", test_values);
  g_test_add_func("/config/refused", test_refused);
  return g_test_run();
}
