/* How a file is searched for secrets: in pieces of any size, bounded, by what kind of file it is,
 * and with nothing of a value told. */
#include <string.h>

#include "detected.h"
#include "inspect/secrets/mask.h"
#include "inspect/secrets/scan.h"
#include "inspect/secrets/secrets.h"
#include "secret-cases.h"

#define SEED      7u
#define WINDOW    ((gsize)256 * 1024)
#define BIG_FILE  (WINDOW * 5 / 2)
#define KEY_BYTES 3000u

static void
add_found(const FoundSecret *secret, void *data)
{
  g_string_append_printf(data, "%s:%u:%zu ", secret->rule->id, secret->line, secret->secret.size);
}

/* In pieces of @first bytes, then of @next. */
static char *
scan_in_pieces(Slice text, gsize first, gsize next)
{
  GString *found = g_string_new(NULL);
  SecretScan *scan = secret_scan_new(secret_engine_default(), SECRET_CONTEXT_OWN, add_found, found);
  gsize size = first;
  for (gsize at = 0; at < text.size; at += size, size = at == first ? next : size)
    secret_scan_add(scan, slice_sub(text, at, at == 0 ? first : next));
  g_assert_true(secret_scan_finish(scan));
  return g_string_free(found, FALSE);
}

static char *
key_in_pem(GRand *random)
{
  g_autofree char *base64 = secret_case_key(random, KEY_BYTES, FALSE);
  GString *text = g_string_new(NULL);
  g_string_printf(text, "-----%s PRIVATE KEY-----\n", "BEGIN");
  for (gsize at = 0; at < strlen(base64); at += 64)
    g_string_append_printf(text, "%.64s\n", base64 + at);
  g_string_append(text, "-----END PRIVATE KEY-----\n");
  return g_string_free(text, FALSE);
}

static void
test_pieces(void)
{
  g_autoptr(GRand) random = g_rand_new_with_seed(SEED);
  g_autofree char *aws = secret_case_text(random, "id = AKIA<u16>\n\n", 0);
  g_autofree char *stripe = secret_case_text(random, "charge with sk_live_<A30>.\n", 0);
  g_autofree char *text = g_strconcat(aws, stripe, aws, NULL);
  Slice whole = slice_from_string(text);
  g_autofree char *expected = scan_in_pieces(whole, whole.size, 1);
  g_assert_cmpstr(expected, ==, "aws-access-key-id:1:20 stripe-secret-key:3:38 ");
  for (gsize cut = 1; cut < whole.size; cut++) {
    g_autofree char *found = scan_in_pieces(whole, cut, whole.size);
    g_assert_cmpstr(found, ==, expected);
  }
  g_autofree char *by_bytes = scan_in_pieces(whole, 1, 1);
  g_assert_cmpstr(by_bytes, ==, expected);
}

/* Lines of a hundred bytes, and in the place of bytes from @at on a secret. */
static char *
big_file(const char *secret, gsize at)
{
  char *text = g_malloc(BIG_FILE + 1);
  memset(text, '.', BIG_FILE);
  text[BIG_FILE] = '\0';
  for (gsize i = 99; i < BIG_FILE; i += 100)
    text[i] = '\n';
  memcpy(text + at, secret, strlen(secret));
  return text;
}

/* Where one window ends and the next begins, which the test does not need to know. */
static void
test_windows(void)
{
  g_autoptr(GRand) random = g_rand_new_with_seed(SEED);
  g_autofree char *token = secret_case_text(random, " ghp_<A36> ", 0);
  g_autofree char *key = key_in_pem(random);
  for (gsize at = WINDOW - 40000; at < WINDOW + 1000; at += 611) {
    g_autofree char *with_token = big_file(token, at);
    unsigned line = 1;
    for (gsize i = 0; i < at; i++)
      line += with_token[i] == '\n';
    g_autofree char *expected = g_strdup_printf("github-pat:%u:40 ", line);
    g_autofree char *found = scan_in_pieces(slice_new(with_token, BIG_FILE), 512, 16384);
    g_assert_cmpstr(found, ==, expected);
    if (at % 2 != 0)
      continue;
    g_autofree char *with_key = big_file(key, at);
    g_autofree char *found_key = scan_in_pieces(slice_new(with_key, BIG_FILE), 512, 16384);
    g_assert_true(g_str_has_prefix(found_key, "private-key:"));
    g_assert_null(strstr(strchr(found_key, ' '), "private"));
  }
}

/* --- bounds --- */

static void
count_found(const FoundSecret *secret, void *data)
{
  ++*(unsigned *)data;
}

static unsigned
count(const char *text, bool whole)
{
  unsigned found = 0;
  SecretScan *scan =
      secret_scan_new(secret_engine_default(), SECRET_CONTEXT_OWN, count_found, &found);
  secret_scan_add(scan, slice_from_string(text));
  g_assert_cmpint(secret_scan_finish(scan), ==, whole);
  return found;
}

static void
test_many(void)
{
  g_autoptr(GRand) random = g_rand_new_with_seed(SEED);
  g_autoptr(GString) text = g_string_new(NULL);
  for (unsigned i = 0; i < SECRETS_FILE_MAX + 1; i++) {
    g_autofree char *each = secret_case_text(random, "ghp_<A36>\n", 0);
    g_string_append(text, each);
    if (i == SECRETS_FILE_MAX - 1)
      g_assert_cmpuint(count(text->str, true), ==, SECRETS_FILE_MAX);
  }
  g_assert_cmpuint(count(text->str, false), ==, SECRETS_FILE_MAX);
}

/* A trigger in each few bytes: the search gives up, says so, and ends. */
static void
test_hostile(void)
{
  g_autoptr(GString) text = g_string_new(NULL);
  while (text->len < 4u * 1024 * 1024)
    g_string_append(text, "password='aaaaaaaa'\n");
  g_assert_cmpuint(count(text->str, false), ==, 0);
  g_string_truncate(text, 0);
  while (text->len < 1024u * 1024)
    g_string_append_printf(text, "-----%s PRIVATE KEY-----\n", "BEGIN");
  g_assert_cmpuint(count(text->str, false), ==, 0);
}

/* --- by kind of file --- */

static char *
detected(const char *path, const char *text, gsize size)
{
  g_autoptr(LayerInventory) inventory = layer_inventory_new();
  detect(&secrets_detector, path, slice_new(text, size), inventory);
  GString *lines = g_string_new(NULL);
  for (guint i = 0; i < inventory->observations->len; i++) {
    const Observation *each = g_ptr_array_index(inventory->observations, i);
    g_assert_cmpint(each->kind, ==, OBSERVED_SECRET);
    g_assert_cmpstr(each->path, ==, path);
    g_string_append_printf(lines, "%s:%u:%s ", each->rule, each->line, each->shown);
  }
  return g_string_free(lines, FALSE);
}

static void
test_kinds_of_files(void)
{
  static const struct {
    const char *path;
    bool generic, known;
  } cases[] = {
      {"app/config/settings.py", true, true},
      {"srv/www/wp-config.php", true, true},
      {"usr/share/nginx/html/index.php", true, true},
      {"usr/src/app/.env", true, true},
      {"etc/redis/redis.conf", true, true},
      {"app/README.md", false, true},
      {"app/static/main.min.js", false, true},
      {"app/static/main.js.map", false, true},
      {"app/node_modules/pkg/index.js", false, true},
      {"usr/lib/python3/dist-packages/boto/config.py", false, true},
      {"app/tests/test_login.py", false, true},
      {"usr/share/doc/tool/README.gz.txt", false, false},
      {"app/node_modules/pkg/test/fixture.js", false, false},
      {"usr/lib/python3.11/test/keys.pem", false, false},
      {"usr/lib/python3/dist-packages/a.egg-info/PKG-INFO", false, false},
      {"app/vendor/lib/docs/api.html", false, false},
      {"usr/share/locale/de/LC_MESSAGES/a.po", false, false},
  };
  g_autoptr(GRand) random = g_rand_new_with_seed(SEED);
  g_autofree char *generic = secret_case_text(random, "db_password = \"<A14>\"\n", 0);
  g_autofree char *known = secret_case_text(random, "AKIA<u16>\n", 0);
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *of_generic = detected(cases[i].path, generic, strlen(generic));
    g_autofree char *of_known = detected(cases[i].path, known, strlen(known));
    if ((*of_generic != '\0') != cases[i].generic || (*of_known != '\0') != cases[i].known)
      g_error("%s: %s %s", cases[i].path, of_generic, of_known);
  }
}

/* Small binary files are searched; programs, pictures and what is packed are not. */
static void
test_binary(void)
{
  static const struct {
    const char *head;
    gsize size;
    bool searched;
  } cases[] = {{"\0\0\1\2SQLite", 10, true}, {"\177ELF\2\1", 6, false}, {"\x89PNG\r\n", 6, false},
               {"\x1f\x8b\x08", 3, false},   {"PK\3\4", 4, false},      {"#!/bin/sh\n", 10, true}};
  g_autoptr(GRand) random = g_rand_new_with_seed(SEED);
  g_autofree char *known = secret_case_text(random, "\nAKIA<u16>\n", 0);
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GString) text = g_string_new_len(cases[i].head, (gssize)cases[i].size);
    g_string_append(text, known);
    g_autofree char *found = detected("app/data", text->str, text->len);
    g_assert_cmpint(*found != '\0', ==, cases[i].searched);
  }
}

/* What letters alone mark may be a text: it is searched, unless it has a NUL. */
static void
test_marks_of_letters(void)
{
  static const char *const marks[] = {"MZ",   "BZh",  "ID3",  "RIFF", "OTTO",      "GIF8", "wOFF",
                                      "wOF2", "%PDF", "0107", "OggS", "!<arch>\n", "TZif"};
  g_autoptr(GRand) random = g_rand_new_with_seed(SEED);
  g_autofree char *known = secret_case_text(random, "_KEY=1\nID=AKIA<u16>\n", 0);
  for (size_t i = 0; i < G_N_ELEMENTS(marks); i++) {
    g_autofree char *text = g_strconcat(marks[i], known, NULL);
    g_autofree char *found = detected("app/.env", text, strlen(text));
    g_autoptr(GString) binary = g_string_new(marks[i]);
    g_string_append_len(binary, "\0\1", 2);
    g_string_append(binary, known);
    g_autofree char *none = detected("app/.env", binary->str, binary->len);
    g_assert_true(g_str_has_prefix(found, "aws-access-key-id:"));
    g_assert_cmpstr(none, ==, "");
  }
}

/* Of any size, and wherever the text in it is. */
static void
test_large_binary(void)
{
  g_autoptr(GRand) random = g_rand_new_with_seed(SEED);
  g_autofree char *known = secret_case_text(random, "AKIA<u16>", 0);
  g_autofree char *text = g_malloc0(BIG_FILE);
  for (gsize i = 1; i < BIG_FILE; i += 3)
    text[i] = 'a';
  for (gsize at = 512; at < BIG_FILE - 100; at += WINDOW - 5) {
    memcpy(text + at, known, strlen(known));
    text[at + strlen(known)] = text[at - 1] = '\0';
    g_autofree char *found = detected("app/data.db", text, BIG_FILE);
    g_assert_true(g_str_has_prefix(found, "aws-access-key-id:0:"));
    memset(text + at, 0, strlen(known));
  }
}

static void
append_utf16(GString *into, const char *text, bool big)
{
  for (; *text != '\0'; text++) {
    const char pair[] = {big ? '\0' : *text, big ? *text : '\0'};
    g_string_append_len(into, pair, 2);
  }
}

static void
test_utf16(void)
{
  static const struct {
    const char *mark;
    bool big;
  } cases[] = {{"\xff\xfe", false}, {"\xfe\xff", true}, {"", false}, {"", true}};
  g_autoptr(GRand) random = g_rand_new_with_seed(SEED);
  g_autofree char *known =
      secret_case_text(random, "[Settings]\r\nDB_PASSWORD=<A14>\r\nid=AKIA<u16>\r\n", 0);
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GString) text = g_string_new(cases[i].mark);
    append_utf16(text, known, cases[i].big);
    g_autofree char *found = detected("app/settings.ini", text->str, text->len);
    g_assert_nonnull(strstr(found, "environment-secret:2:"));
    g_assert_nonnull(strstr(found, "aws-access-key-id:3:"));
  }
}

/* --- what is told --- */

static void
test_mask(void)
{
  g_autofree char *shown = secret_masked(SLICE_LITERAL("ghp_0123456789abcdef"), "ghp_");
  g_autofree char *quarter = secret_masked(SLICE_LITERAL("abcdefgh"), "abcd");
  g_autofree char *other = secret_masked(SLICE_LITERAL("hunter2"), "ghp_");
  g_autofree char *none = secret_masked(SLICE_LITERAL("hunter2"), NULL);
  g_assert_cmpstr(shown, ==, "ghp_****************(20)");
  g_assert_cmpstr(quarter, ==, "ab******(8)");
  g_assert_cmpstr(other, ==, "*******(7)");
  g_assert_cmpstr(none, ==, "*******(7)");
}

static void
test_same(void)
{
  g_assert_null(secret_same(SLICE_LITERAL("value")));
  secret_set_key("of one installation");
  g_autofree char *first = secret_same(SLICE_LITERAL("value"));
  g_autofree char *again = secret_same(SLICE_LITERAL("value"));
  g_autofree char *other = secret_same(SLICE_LITERAL("valuf"));
  g_autoptr(json_t) job = json_pack("{s:s}", "secret_key", "of another");
  secret_key_take(job);
  g_autofree char *elsewhere = secret_same(SLICE_LITERAL("value"));
  secret_set_key(NULL);
  g_assert_cmpstr(first, ==, again);
  g_assert_cmpstr(first, !=, other);
  g_assert_cmpstr(first, !=, elsewhere);
  g_assert_null(secret_same(SLICE_LITERAL("value")));
}

static void
test_text(void)
{
  g_autoptr(GRand) random = g_rand_new_with_seed(SEED);
  g_autofree char *text = secret_case_text(random, "A=1\nDB_PASSWORD=<A12>\n", 0);
  g_autoptr(LayerInventory) inventory = layer_inventory_new();
  secrets_scan_text(slice_from_string(text), "config:Env", 0, inventory);
  secrets_scan_text(slice_from_string(text), "Dockerfile", 10, inventory);
  g_assert_cmpuint(inventory->observations->len, ==, 2);
  const Observation *first = g_ptr_array_index(inventory->observations, 0);
  const Observation *second = g_ptr_array_index(inventory->observations, 1);
  g_assert_cmpstr(first->path, ==, "config:Env");
  g_assert_cmpuint(first->line, ==, 0);
  g_assert_cmpuint(second->line, ==, 11);
  g_assert_cmpstr(second->shown, ==, "************(12)");
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/secrets-scan/pieces", test_pieces);
  g_test_add_func("/secrets-scan/windows", test_windows);
  g_test_add_func("/secrets-scan/many", test_many);
  g_test_add_func("/secrets-scan/hostile", test_hostile);
  g_test_add_func("/secrets-scan/kinds-of-files", test_kinds_of_files);
  g_test_add_func("/secrets-scan/binary", test_binary);
  g_test_add_func("/secrets-scan/marks-of-letters", test_marks_of_letters);
  g_test_add_func("/secrets-scan/large-binary", test_large_binary);
  g_test_add_func("/secrets-scan/utf16", test_utf16);
  g_test_add_func("/secrets-scan/mask", test_mask);
  g_test_add_func("/secrets-scan/same", test_same);
  g_test_add_func("/secrets-scan/text", test_text);
  return g_test_run();
}
