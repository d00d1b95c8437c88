/* Programs and runtimes that are known from their own bytes. */
#include <string.h>

#include "inspect/programs/version_scan.h"
#include "inspect/programs/version_strings.h"

/* --- what is found, as text: a line "name version" for each, sorted, once --- */

static char *
packages_text(const LayerInventory *inventory)
{
  g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < inventory->packages->len; i++) {
    const Package *package = inventory->packages->pdata[i];
    g_ptr_array_add(lines, g_strconcat(package->name, " ", package->version, "\n", NULL));
  }
  g_ptr_array_sort(lines, text_compare);
  GString *text = g_string_new(NULL);
  for (guint i = 0; i < lines->len; i++)
    if (i == 0 || strcmp(lines->pdata[i], lines->pdata[i - 1]) != 0)
      g_string_append(text, lines->pdata[i]);
  return g_string_free(text, FALSE);
}

/* As the worker gives a file, in pieces of @step bytes. */
static void
give(const char *path, Slice bytes, size_t step, LayerInventory *into)
{
  const Detector *detector = &version_strings_detector;
  FileView file = {path, bytes.size, 0755, slice_sub(bytes, 0, DETECTOR_HEAD_BYTES)};
  if (!detector->wants_path(path))
    return;
  void *state = NULL;
  for (size_t at = 0; at < bytes.size; at += step)
    detector->piece(&state, &file, at, slice_sub(bytes, at, step), into);
  detector->piece(&state, &file, bytes.size, SLICE_EMPTY, into);
  g_assert_null(state);
}

/* --- cases --- */

#define BYTES(text) text, sizeof(text) - 1
static const struct {
  const char *name, *path, *bytes;
  size_t size;
  const char *found;
} programs[] = {
    {"a program", "usr/sbin/nginx", BYTES("\0nginx version: nginx/1.27.3\n\0"), "nginx 1.27.3\n"},
    {"in the root", "nginx", BYTES("\0nginx version: nginx/1.27.3\n\0"), "nginx 1.27.3\n"},
    {"a text that mentions one", "etc/init.d/nginx", BYTES("nginx version: nginx/1.27.3\n"), ""},
    {"another name", "usr/sbin/nginx.conf", BYTES("\0nginx version: nginx/1.27.3\n\0"), ""},
    {"OpenSSL inside nginx is not its version", "usr/sbin/nginx",
     BYTES("\0OpenSSL 3.0.9 30 May 2023\0"), ""},
    {"a text that says OpenSSL", "usr/share/openssl", BYTES("OpenSSL 1.1.1\n"), ""},
    {"OpenSSL", "bin/openssl", BYTES("\0OpenSSL 1.1.1w  11 Sep 2023\0"), "openssl 1.1.1w\n"},
    {"AWS-LC is no OpenSSL", "bin/openssl", BYTES("\0OpenSSL 1.1.1 (compatible; AWS-LC 1.61.2)\0"),
     "aws-lc 1.61.2\n"},
    {"AWS-LC of an unheard-of form", "bin/openssl", BYTES("\0OpenSSL 1.1.1 (compatible; AWS)\0"),
     ""},
    {"a library of OpenSSL", "usr/lib/libcrypto.so.1.0.2k",
     BYTES("\0OpenSSL 1.0.2k-fips  26 Jan 2017\0"), "openssl 1.0.2k\n"},
    {"an applet of busybox", "bin/gzip",
     BYTES("BusyBox v1.36.1 (2023)\0not in gzip format\0001.0\0"), ""},
    {"gzip", "bin/gzip", BYTES("%s: %s: not in gzip format\n\0001.13\0"), "gzip 1.13\n"},
    {"no gzip", "bin/gzip", BYTES("something\0001.13\0"), ""},
    {"busybox", "bin/busybox", BYTES("\0BusyBox v1.36.1\0"), "busybox 1.36.1\n"},
    {"python by its own name", "usr/bin/python3.12", BYTES("\0003.11.2\0\0003.12.7\0"),
     "python 3.12.7\n"},
    {"python of another name", "usr/bin/python3.1", BYTES("\0003.12.7\0"), ""},
    {"a candidate of python", "usr/lib/libpython3.13.so.1.0", BYTES("\0003.13.0rc2\0"),
     "python 3.13.0rc2\n"},
    {"the stub of python", "usr/lib/libpython3.so", BYTES("\0003.13.0\0"), ""},
    {"a script of that name", "usr/local/bin/bun", BYTES("#!/bin/sh\n# Bun v1.0.0\n"), ""},
    {"elixir is a script", "usr/local/bin/elixir", BYTES("#!/bin/sh\nELIXIR_VERSION=1.17.3\n"),
     "elixir 1.17.3\n"},
    {"go mentions itself as a word", "srv/traefik", BYTES("\0go1.24.11\0"), ""},
    {"traefik after what is no text", "srv/traefik", BYTES("\0\xff\xfe\x01\x90z3.5.0\0\0"),
     "traefik 3.5.0\n"},
    {"what build information says better", "srv/traefik",
     BYTES("\0003.5.0\0\xff Go buildinf:\x08\2"), ""},
    {"Go's folder", "usr/local/go/VERSION", BYTES("go1.23.4\ntime 2024-11-27T20:27:30Z\n"),
     "go 1.23.4\n"},
    {"another VERSION", "srv/VERSION", BYTES("1.23.4\n"), ""},
    {"a VERSION of golf", "srv/VERSION", BYTES("go1.2x\n"), ""},
    {"node", "opt/node", BYTES("\0v6.0.0\0node.js/v22.11.0\0"), "node 22.11.0\n"},
    {"old node", "opt/node", BYTES("\0v4.9.1\0"), "node 4.9.1\n"},
    {"redis of a build machine", "bin/redis-server", BYTES("\0007.4.1ip-10-0-0-7-1727882113000\0"),
     "redis 7.4.1\n"},
    {"mysql and cluster", "bin/mysqld", BYTES("\0cluster-gpl\0005.7.33-ndb-7.5.21\0"),
     "mysql-cluster 7.5.21\nmysql-server 5.7.33\n"},
    {"percona is not mysql as well", "bin/mysql",
     BYTES("\0/a/percona-server-8.0.36-28/mysql-8.0.36/b.c\0"), "percona-server 8.0.36\n"},
    {"mariadb under mysql's name", "bin/mysql", BYTES("\00010.11.6-MariaDB\0"),
     "mariadb 10.11.6\n"},
    {"a JDK of Azul", "usr/lib/jvm/zulu21/bin/java",
     BYTES("\0openjdk\0java\0000.0\00021.0.5+11-LTS\0"), "zulu 21.0.5+11-LTS\n"},
    {"Java 8", "jre/bin/java", BYTES("\0java\0001.8\0001.8.0_352-b08\0openjdk\0"),
     "openjdk 1.8.0_352-b08\n"},
    {"Oracle's Java", "jre/bin/java", BYTES("\0java\0001.8\0001.8.0_451-b10\0"),
     "jre 1.8.0_451-b10\n"},
    {"IBM's tools", "jdk/bin/jdb",
     BYTES("\0java\0./lib/tools.jar\0001.8\0001.8.0-foreman_2022_01_20_09_33-b00\0"),
     "java_sdk 1.8.0-foreman_2022_01_20_09_33-b00\n"},
    {"Heimdal", "lib/libkrb5.so.26.0.0", BYTES("\0$Version: Heimdal 7.8.0 (2022) $\0"),
     "heimdal-krb5 7.8.0\n"},
    {"openresty has nginx in it", "bin/nginx", BYTES("\0nginx version: openresty/1.21.4.1\n\0"),
     "nginx 1.21.4\n"},
    {"Firefox", "opt/firefox/application.ini",
     BYTES("[App]\nVendor=Mozilla\nName=Firefox\nRemotingName=firefox\nVersion=133.0.3\n"),
     "firefox 133.0.3\n"},
    {"Thunderbird", "opt/firefox/application.ini", BYTES("[App]\nName=Thunderbird\nVersion=128\n"),
     ""},
    {"the name of a beat", "opt/metricbeat", BYTES("createplugin8.19.0global"),
     "metricbeat 8.19.0\n"},
    {"HAProxy of a distribution", "sbin/haproxy",
     BYTES("\0 version 2.6.12-1+deb12u4, released 2026/10/17\0"), "haproxy 2.6.12\n"},
    {"a library to link with", "lib/libpython3.12.a", BYTES("\0003.12.10\0"), ""},
    {"Bootstrap with a mistake", "srv/bootstrap.js",
     BYTES("/*!\n  * Bootstrap [object Object] v4.6.1 (https://"), "bootstrap 4.6.1\n"},
    {"a library for browsers", "srv/www/js/jquery.js",
     BYTES("/*!\n * jQuery JavaScript Library v1.12.4\n * http://jquery.com/\n"),
     "jquery 1.12.4\n"},
    {"a plugin of it", "srv/www/js/plugin.js", BYTES("/*! Requires jQuery v1.12.4 */"), ""},
    {"what npm installed", "srv/node_modules/jquery/dist/jquery.js", BYTES("/*! jQuery v3.7.1 */"),
     ""},
    {"several in one file", "srv/www/all.min.js",
     BYTES(
         "/*! jQuery v3.7.1 | (c) */!function(){}();\n/*!\n  * Bootstrap v4.0.0-beta.2 (https://"),
     "bootstrap 4.0.0-beta.2\njquery 3.7.1\n"},
    {"lodash", "srv/www/lodash.min.js",
     BYTES("/**\n * @license\n * Lodash lodash.com/license | Underscore.js 1.8.3\n */"), ""},
    {"too long a number", "bin/bash", BYTES("\0@(#)Bash version 5.2.999999(1) release GNU\0"), ""},
    {"empty", "bin/bash", BYTES(""), ""},
};

static void
test_programs(void)
{
  for (size_t i = 0; i < G_N_ELEMENTS(programs); i++) {
    for (size_t step = 1; step < 1000; step += 499) {
      g_autoptr(LayerInventory) inventory = layer_inventory_new();
      give(programs[i].path, slice_new(programs[i].bytes, programs[i].size), step, inventory);
      g_autofree char *found = packages_text(inventory);
      g_test_message("case %s, pieces of %zu", programs[i].name, step);
      g_assert_cmpstr(found, ==, programs[i].found);
    }
  }
}

/* A version that lies across the ends of pieces and of the buffer is found, once, and whole. */
static void
test_large_files(void)
{
  static const char mark[] = "\0OpenSSL 3.0.15 3 Sep 2024\0";
  for (size_t at = 64000; at < 67000; at += 13) {
    g_autofree char *bytes = g_malloc0(140000);
    memset(bytes, 0x90, 140000);
    memcpy(bytes + at, mark, sizeof mark);
    memcpy(bytes + 139000, "\0OpenSSL 1.0.1a 3 Sep 2012", 27);
    g_autoptr(LayerInventory) inventory = layer_inventory_new();
    give("bin/openssl", slice_new(bytes, 140000), 16384, inventory);
    g_autofree char *found = packages_text(inventory);
    g_assert_cmpstr(found, ==, "openssl 3.0.15\n");
    g_assert_cmpuint(inventory->packages->len, ==, 1);
  }
}

/* Of a library for browsers only the comment at the top is looked at. */
static void
test_heads(void)
{
  static const char mark[] = "/*! jQuery v3.7.1 */";
  g_autofree char *bytes = g_malloc0(20000);
  memset(bytes, ' ', 20000);
  memcpy(bytes + 4000, mark, strlen(mark));
  memcpy(bytes + 8000, "/*! Bootstrap v4.0.0 */", 23);
  g_autoptr(LayerInventory) inventory = layer_inventory_new();
  give("srv/a.js", slice_new(bytes, 20000), 16384, inventory);
  g_autofree char *found = packages_text(inventory);
  g_assert_cmpstr(found, ==, "jquery 3.7.1\n");
}

/* Bytes that begin a pattern everywhere. */
static void
test_hostile_files(void)
{
  static const struct {
    const char *path, *unit;
    size_t size;
  } cases[] = {{"bin/envoy", "\0001.30.1", 7},
               {"bin/helm", "v1.1.1-rc.1", 11},
               {"bin/java", "\0001.", 3},
               {"bin/python3.1", "\0003.1.1-", 7},
               {"bin/nginx", "?nginx version: ", 16},
               {"bin/grafana", "HEAD\0", 5}};
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    while (bytes->len < 4u * 1024 * 1024)
      g_byte_array_append(bytes, (const guint8 *)cases[i].unit, (guint)cases[i].size);
    g_autoptr(LayerInventory) inventory = layer_inventory_new();
    gint64 start = g_get_monotonic_time();
    give(cases[i].path, slice_new(bytes->data, bytes->len), 16384, inventory);
    gint64 spent = g_get_monotonic_time() - start;
    g_test_message("%s: %" G_GINT64_FORMAT " ms", cases[i].path, spent / 1000);
    g_assert_cmpint(spent, <, 60 * G_USEC_PER_SEC);
  }
}

/* --- the shared fixtures: exactly these --- */

static void
give_folder(const char *root, const char *inside, LayerInventory *into)
{
  g_autofree char *path = g_build_filename(root, inside, NULL);
  g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
  const char *name;
  while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
    g_autofree char *below = g_build_filename(inside, name, NULL);
    g_autofree char *file = g_build_filename(root, below, NULL);
    g_autofree char *text = NULL;
    gsize size;
    if (g_file_test(file, G_FILE_TEST_IS_DIR))
      give_folder(root, below, into);
    else if (g_file_get_contents(file, &text, &size, NULL))
      give(below, slice_new(text, size), 64, into);
  }
}

static char *
fixtures(const char *name)
{
  const char *shared = g_getenv("ASSAY_SHARED");
  return g_build_filename(shared != NULL ? shared : "../shared", "fixtures", name, NULL);
}

/* Lines of expected.tsv: the folder, the package, the version. */
static void
test_shared_programs(void)
{
  g_autofree char *folder = fixtures("");
  g_autofree char *list = fixtures("binary-versions/expected.tsv");
  g_autofree char *text = NULL;
  if (!g_file_get_contents(list, &text, NULL, NULL)) {
    g_test_skip("the fixtures are not here");
    return;
  }
  g_autoptr(GHashTable) expected =
      g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_ptr_array_unref);
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  unsigned wrong = 0, folders = 0;
  for (size_t i = 1; lines[i] != NULL && *lines[i] != '\0'; i++) {
    g_auto(GStrv) fields = g_strsplit(lines[i], "\t", -1);
    GString *want = g_string_new(NULL);
    g_string_printf(want, "%s %s\n", fields[1], fields[2]);
    for (size_t k = i + 1; lines[k] != NULL && g_str_has_prefix(lines[k], fields[0]); k++, i++) {
      g_auto(GStrv) more = g_strsplit(lines[k], "\t", -1);
      g_string_append_printf(want, "%s %s\n", more[1], more[2]);
    }
    g_autoptr(LayerInventory) inventory = layer_inventory_new();
    give_folder(folder, fields[0], inventory);
    g_autofree char *found = packages_text(inventory);
    if (strcmp(found, want->str) != 0)
      g_test_message("%s: %s in the place of %s", fields[0], found, want->str);
    wrong += strcmp(found, want->str) != 0;
    folders++;
    g_string_free(want, TRUE);
  }
  g_autoptr(LayerInventory) negative = layer_inventory_new();
  give_folder(folder, "binary-versions/negative", negative);
  g_assert_cmpuint(negative->packages->len, ==, 0);
  g_assert_cmpuint(folders, >, 100);
  g_assert_cmpuint(wrong, ==, 0);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/runtimes/programs", test_programs);
  g_test_add_func("/runtimes/large-files", test_large_files);
  g_test_add_func("/runtimes/heads", test_heads);
  g_test_add_func("/runtimes/hostile-files", test_hostile_files);
  g_test_add_func("/runtimes/shared-programs", test_shared_programs);
  return g_test_run();
}
