/* Rules that a team brings as gitleaks has them: what they find, what their allowlists take out,
 * and what is told of a bad file. */
#include <string.h>

#include "inspect/secrets/brought.h"
#include "inspect/secrets/gitleaks.h"
#include "inspect/secrets/keywords.h"
#include "inspect/secrets/scan.h"
#include "secret-cases.h"

#define SEED  3u
#define TOKEN "corp_<a32>"

static void
bring(const char *toml)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(json_t) rules = gitleaks_read(slice_from_string(toml), &error);
  g_assert_no_error(error);
  g_assert_true(brought_rules_set(rules, &error));
}

static void
add_found(const FoundSecret *secret, void *data)
{
  g_string_append_printf(data, "%s:%u:%zu ", secret->rule->id, secret->line, secret->secret.size);
}

static char *
scan_some(const char *path, const char *text, bool whole)
{
  GString *found = g_string_new(NULL);
  SecretScan *scan = secret_scan_new(secret_engine_default(), SECRET_CONTEXT_OWN, add_found, found);
  secret_scan_set_path(scan, path);
  secret_scan_add(scan, slice_from_string(text));
  g_assert_cmpint(secret_scan_finish(scan), ==, whole);
  return g_string_free(found, FALSE);
}

static char *
scan(const char *path, const char *text)
{
  return scan_some(path, text, true);
}

static const char rule[] = "[[rules]]\nid = 'corp-token'\ndescription = 'Token of ours'\n"
                           "regex = '''\\b(corp_[a-z0-9]{32})\\b'''\nkeywords = ['CORP_']\n"
                           "entropy = 3.0\n";

/* In the text: a token of theirs, an AWS key of ours. */
static void
test_rules(void)
{
  static const struct {
    const char *name, *before, *after, *path, *expected;
  } cases[] = {
      {"alone", "", "", "a", "corp-token:1:37 "},
      {"with ours", "[extend]\nuseDefault = true\n", "", "a",
       "corp-token:1:37 aws-access-key-id:2:20 "},
      {"one disabled", "[extend]\nuseDefault = true\ndisabledRules = ['aws-access-key-id']\n", "",
       "a", "corp-token:1:37 "},
      {"path fits", "", "path = '''\\.env$'''\n", "app/.env", "corp-token:1:37 "},
      {"path does not", "", "path = '''\\.env$'''\n", "app/main.c", ""},
      {"stopword", "", "[[rules.allowlists]]\nstopwords = ['BE']\n", "a", ""},
      {"allowed by path", "", "[rules.allowlist]\npaths = ['''^demo/''']\n", "demo/a", ""},
      {"another path", "", "[rules.allowlist]\npaths = ['''^demo/''']\n", "app/a",
       "corp-token:1:37 "},
      {"by line", "", "[[rules.allowlists]]\nregexTarget = 'line'\nregexes = ['''sandbox''']\n",
       "a", ""},
      {"by secret", "", "[[rules.allowlists]]\nregexes = ['''sandbox''']\n", "a",
       "corp-token:1:37 "},
      {"both", "",
       "[[rules.allowlists]]\ncondition = 'AND'\npaths = ['demo']\nstopwords = ['be']\n", "a",
       "corp-token:1:37 "},
      {"both are so", "",
       "[[rules.allowlists]]\ncondition = 'AND'\npaths = ['demo']\nstopwords = ['be']\n", "demo",
       ""},
      {"for all", "[extend]\nuseDefault = true\n[allowlist]\npaths = ['''^opt/''']\n", "", "opt/a",
       ""},
      {"entropy", "", "[[rules]]\nid = 'never'\nregex = 'AKIA'\nentropy = 7.5\n", "a",
       "corp-token:1:37 "},
      {"no keyword", "", "[[rules]]\nid = 'any'\nregex = 'for (sand)box'\n", "a",
       "any:1:4 corp-token:1:37 "},
      {"group", "", "[[rules]]\nid = 'any'\nregex = '(f)or (s)andbox'\nsecretGroup = 2\n", "a",
       "any:1:1 corp-token:1:37 "},
  };
  g_autoptr(GRand) random = g_rand_new_with_seed(SEED);
  g_autofree char *text = secret_case_text(random, "for sandbox: " TOKEN "\nAKIA<u16>\n", 0);
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *toml = g_strconcat(cases[i].before, rule, cases[i].after, NULL);
    bring(toml);
    g_autofree char *found = scan(cases[i].path, text);
    if (strcmp(found, cases[i].expected) != 0)
      g_error("%s: found %s, expected %s", cases[i].name, found, cases[i].expected);
  }
  brought_rules_set(NULL, NULL);
  g_autofree char *ours = scan("a", text);
  g_assert_cmpstr(ours, ==, "aws-access-key-id:2:20 ");
}

static void
test_bad_files(void)
{
  static const struct {
    const char *toml, *message;
  } cases[] = {
      {"[[rules]]\nregex = 'a'\n", "line 0: rule 1 has no id"},
      {"\n[[rules]]\nid = 'x-rule'\nregex = 7\n", "line 3: x-rule: \"description\", \"regex\" and"},
      {"[[rules]]\nid = 'x-rule'\nregex = 'a'\nkeywords = 'b'\n",
       "line 2: x-rule: \"keywords\" must"},
      {"[[rules]]\nid = 'x-rule'\nregex = 'a'\nentropy = 'b'\n",
       "line 2: x-rule: \"entropy\" must"},
      {"[[rules]]\nid = 'x-rule'\npath = 'a'\n", "line 2: x-rule: a rule needs a \"regex\""},
      {"[[rules]]\nid = 'x-rule'\nregex = '(a'\n", "rule x-rule: the pattern \"(a\" is none, at 2"},
      {"[[allowlists]]\nregexes = ['[']\n", "the allowlist: the pattern \"[\" is none"},
      {"[extend]\npath = 'b.toml'\n", "line 1: extend: other files are not read"},
      {"[[rules]\n", "1"},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) rules = gitleaks_read(slice_from_string(cases[i].toml), &error);
    bool set = rules != NULL && brought_rules_set(rules, &error);
    if (set || strstr(error->message, cases[i].message) == NULL)
      g_error("%s: %s", cases[i].toml, set ? "taken" : error->message);
  }
}

/* A pattern that would take ages ends, and the file does not count as looked at; the other rules
 * look at all of it. */
static void
test_catastrophic(void)
{
  bring("[extend]\nuseDefault = true\n[[rules]]\nid = 'slow'\nregex = '(a+)+$'\n");
  g_autoptr(GRand) random = g_rand_new_with_seed(SEED);
  g_autofree char *known = secret_case_text(random, "\nAKIA<u16>\n", 0);
  g_autoptr(GString) text = g_string_new(NULL);
  while (text->len < 300000)
    g_string_append(text, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab");
  g_string_append(text, known);
  g_autofree char *found = scan_some("a", text->str, false);
  g_assert_cmpstr(found, ==, "aws-access-key-id:2:20 ");
  brought_rules_set(NULL, NULL);
}

/* More matches than are looked at, and a path that cannot be told. */
static void
test_bounds(void)
{
  bring("[[rules]]\nid = 'many'\nregex = 'b(a)'\n[[rules.allowlists]]\nregexes = ['a']\n");
  g_autoptr(GString) text = g_string_new(NULL);
  for (unsigned i = 0; i < 2000; i++)
    g_string_append(text, "ba ");
  g_autofree char *all = scan_some("a", text->str, true);
  g_string_append(text, "ba ");
  g_autofree char *some = scan_some("a", text->str, false);
  g_assert_cmpstr(all, ==, "");
  g_assert_cmpstr(some, ==, "");
  bring("[[rules]]\nid = 'slow'\nregex = 'b'\npath = '(a+)+$'\n");
  g_autofree char *path = g_strnfill(60, 'a');
  g_autofree char *long_path = g_strconcat(path, "b", NULL);
  g_autofree char *unknown = scan_some(long_path, "b", false);
  g_assert_cmpstr(unknown, ==, "");
  brought_rules_set(NULL, NULL);
}

/* What is to be shown nowhere is found whatever a team says. */
static void
test_masks(void)
{
  static const char *const files[] = {
      "[[rules]]\nid = 'other'\nregex = 'nothing'\n",
      "[extend]\nuseDefault = true\ndisabledRules = ['aws-access-key-id']\n",
      "[extend]\nuseDefault = true\n[allowlist]\nregexes = ['AKIA']\n",
      "[extend]\nuseDefault = true\n[[rules]]\nid = 'part'\nregex = 'AKIA'\n",
  };
  g_autoptr(GRand) random = g_rand_new_with_seed(SEED);
  g_autofree char *text = secret_case_text(random, "AKIA<u16>\n", 0);
  for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
    bring(files[i]);
    g_autoptr(GString) found = g_string_new(NULL);
    SecretScan *scan =
        secret_scan_new(secret_engine_default(), SECRET_CONTEXT_OWN, add_found, found);
    secret_scan_set_masks(scan);
    secret_scan_add(scan, slice_from_string(text));
    g_assert_true(secret_scan_finish(scan));
    g_assert_nonnull(strstr(found->str, "aws-access-key-id:1:20 "));
  }
  brought_rules_set(NULL, NULL);
}

static void
test_keywords(void)
{
  static const char *const words[] = {"he", "she", "hers", "his", "HE", "usher"};
  g_autoptr(GPtrArray) list = g_ptr_array_new();
  for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
    g_ptr_array_add(list, (gpointer)(uintptr_t)words[i]);
  Keywords *keywords = keywords_new(list);
  bool seen[G_N_ELEMENTS(words)] = {false};
  keywords_find(keywords, slice_from_string("USHERS"), seen);
  static const bool expected[] = {true, true, true, false, true, true};
  g_assert_cmpmem(seen, sizeof seen, expected, sizeof expected);
  keywords_free(keywords);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/gitleaks/rules", test_rules);
  g_test_add_func("/gitleaks/bad-files", test_bad_files);
  g_test_add_func("/gitleaks/catastrophic", test_catastrophic);
  g_test_add_func("/gitleaks/bounds", test_bounds);
  g_test_add_func("/gitleaks/masks", test_masks);
  g_test_add_func("/gitleaks/keywords", test_keywords);
  return g_test_run();
}
