/* Rules that a team brings as gitleaks has them: what they find, and what their allowlists take
 * out. */
#include <glib/gstdio.h>
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
  g_autoptr(json_t) rules = gitleaks_read(slice_from_string(toml), NULL, NULL, &error);
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

/* Each is the file "a" of an image, with a token of theirs in line 1 and an AWS key in line 2. */
static void
test_lists(void)
{
  static const struct {
    const char *name, *after, *expected;
  } cases[] = {
      {"for another rule",
       "[[allowlists]]\ntargetRules = ['other']\npaths = ['.*']\n"
       "[[rules]]\nid = 'other'\nregex = 'nothing'\n",
       "corp-token:1:37 aws-access-key-id:2:20 "},
      {"for this rule", "[[allowlists]]\ntargetRules = ['corp-token']\npaths = ['.*']\n",
       "aws-access-key-id:2:20 "},
      {"for one of ours", "[[allowlists]]\ntargetRules = ['aws-access-key-id']\npaths = ['.*']\n",
       "corp-token:1:37 "},
      {"a commit, too", "[[allowlists]]\ncondition = 'AND'\ncommits = ['c0ffee']\npaths = ['.*']\n",
       "corp-token:1:37 aws-access-key-id:2:20 "},
      {"or a commit", "[[allowlists]]\ncommits = ['c0ffee']\npaths = ['.*']\n", ""},
      {"a commit alone", "[[allowlists]]\ncommits = ['c0ffee']\n",
       "corp-token:1:37 aws-access-key-id:2:20 "},
      {"names in any case", "[[allowLists]]\nTargetRules = ['corp-token']\nPATHS = ['.*']\n",
       "aws-access-key-id:2:20 "},
      {"adds a list to ours",
       "[[rules]]\nid = 'aws-access-key-id'\n[[rules.allowlists]]\n"
       "regexTarget = 'line'\nregexes = ['^AKIA']\n",
       "corp-token:1:37 "},
      {"adds another list to ours",
       "[[rules]]\nid = 'aws-access-key-id'\n[[rules.allowlists]]\nregexes = ['sandbox']\n",
       "corp-token:1:37 aws-access-key-id:2:20 "},
      {"adds a path to ours", "[[rules]]\nid = 'aws-access-key-id'\npath = '[.]env$'\n",
       "corp-token:1:37 "},
      {"adds entropy to ours", "[[rules]]\nid = 'aws-access-key-id'\nentropy = 6.5\n",
       "corp-token:1:37 "},
      {"replaces ours", "[[rules]]\nid = 'aws-access-key-id'\nregex = 'sandbox'\n",
       "aws-access-key-id:1:7 corp-token:1:37 "},
      {"the end is the end", "[[allowlists]]\nregexTarget = 'match'\nregexes = ['corp_$']\n",
       "corp-token:1:37 aws-access-key-id:2:20 "},
      {"a helper is not told", "[[rules]]\nid = 'helper'\nregex = 'for'\nskipReport = true\n",
       "corp-token:1:37 aws-access-key-id:2:20 "},
      {"all of theirs count", "[[rules]]\nid = 'same'\nregex = '''(corp_\\w+)'''\n",
       "corp-token:1:37 same:1:37 aws-access-key-id:2:20 "},
      {"what is generic says less", "[[rules]]\nid = 'a-Generic'\nregex = '''(corp_\\w+)'''\n",
       "corp-token:1:37 aws-access-key-id:2:20 "},
  };
  g_autoptr(GRand) random = g_rand_new_with_seed(SEED);
  g_autofree char *text = secret_case_text(random, "for sandbox: " TOKEN "\nAKIA<u16>\n", 0);
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *toml =
        g_strconcat("[extend]\nuseDefault = true\n", rule, cases[i].after, NULL);
    bring(toml);
    g_autofree char *found = scan("a", text);
    if (strcmp(found, cases[i].expected) != 0)
      g_error("%s: found %s, expected %s", cases[i].name, found, cases[i].expected);
  }
  brought_rules_set(NULL, NULL);
}

/* A rule that counts beside others alone. */
static void
test_required(void)
{
  static const struct {
    const char *name, *within, *text, *expected;
  } cases[] = {
      {"alone", "", "password=hunter2\n", ""},
      {"beside it", "", "password=hunter2\n\n\n\nhost=db\n", "pair:1:7 "},
      {"before it", "", "host=db\n\npassword=hunter2\n", "pair:3:7 "},
      {"near", "withinLines = 2\n", "password=hunter2\n\nhost=db\n", "pair:1:7 "},
      {"far", "withinLines = 2\n", "password=hunter2\n\n\nhost=db\n", ""},
      {"columns", "withinColumns = 3\n", "password=hunter2\n   host=db\n", "pair:1:7 "},
      {"other columns", "withinColumns = 3\n", "password=hunter2\n    host=db\n", ""},
      {"the last of many", "withinLines = 0\n",
       "password=hunter2\nhost=a\nhost=b password=hunter3\n", "pair:3:7 "},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *toml = g_strconcat(
        "[[rules]]\nid = 'pair'\nregex = 'password=(\\w+)'\n[[rules.required]]\n"
        "id = 'helper'\n",
        cases[i].within, "[[rules]]\nid = 'helper'\nregex = 'host='\nskipReport = true\n", NULL);
    bring(toml);
    g_autofree char *found = scan("a", cases[i].text);
    if (strcmp(found, cases[i].expected) != 0)
      g_error("%s: found %s, expected %s", cases[i].name, found, cases[i].expected);
  }
  brought_rules_set(NULL, NULL);
}

/* In a file of several windows, what may be in another counts as being there: a secret is rather
 * told than hidden by the size of its file. */
static void
test_required_elsewhere(void)
{
  bring("[[rules]]\nid = 'pair'\nregex = 'password=(\\w+)'\n[[rules.required]]\nid = 'helper'\n"
        "withinLines = 3\n[[rules]]\nid = 'helper'\nregex = 'host='\nskipReport = true\n");
  g_autoptr(GString) text = g_string_new("password=first\n");
  while (text->len < 600000)
    g_string_append(text, "0123456789abcdef0123456789abcdef\n");
  g_string_append(text, "password=last\n");
  g_autofree char *far = scan("a", text->str);
  g_assert_cmpstr(far, ==, "");
  g_string_append(text, "host=db\n");
  g_autofree char *near = scan("a", text->str);
  g_assert_nonnull(strstr(near, ":4 "));
  g_assert_null(strstr(near, ":5 "));
  brought_rules_set(NULL, NULL);
}

static void
add_named(const SecretRule *row, void *data)
{
  g_string_append_printf(data, "%s ", row->id);
}

static void
test_paths(void)
{
  bring("[[rules]]\nid = 'keys'\npath = '[.]p12$'\n[[rules]]\nid = 'text'\nregex = 'a'\n"
        "[[rules]]\nid = 'opt'\npath = '^opt/'\n[[rules.allowlists]]\npaths = ['demo']\n"
        "[[rules.allowlists]]\ncondition = 'AND'\npaths = ['some']\nstopwords = ['x']\n");
  static const struct {
    const char *path, *expected;
  } cases[] = {{"srv/a.p12", "keys "}, {"srv/a.p1", ""},     {"opt/b.p12", "keys opt "},
               {"opt/demo", ""},       {"opt/some", "opt "}, {"opt/\xff", "opt "}};
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GString) found = g_string_new(NULL);
    bool any = brought_rules_name(cases[i].path, add_named, found);
    g_assert_cmpstr(found->str, ==, cases[i].expected);
    g_assert_cmpint(any, ==, found->len > 0);
  }
  brought_rules_set(NULL, NULL);
}

/* Letters are Unicode's, whatever bytes are around them. */
static void
test_letters(void)
{
  static const struct {
    const char *regex, *text, *expected;
  } cases[] = {
      {"\\x{4e2d}(.{3})",
       "x \xe4\xb8\xad\xe6\x96\x87\xe5\xad\x97"
       "ab",
       "any:1:7 "},
      {"key=(.{4})$",
       "key=\xe6\x96\x87\xe5\xad\x97"
       "ab",
       "any:1:8 "},
      {"key=(.{4}) ", "\xff\xfekey=\xe9\xe8xy \xe4", "any:1:4 "},
      {"key=(\\w+)", "key=ab\xff", "any:1:2 "},
      {"(?i)\\x{416}=(.+)", "\xd0\xb6=1234", "any:1:4 "},
      {"a(.)b", "a\nb", ""},
      {"^(ab)$", "ab\n", ""},
      {"(?m)^(ab)$", "x\nab\n", "any:2:2 "},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *toml =
        g_strdup_printf("[[rules]]\nid = 'any'\nregex = '''%s'''\n", cases[i].regex);
    bring(toml);
    g_autofree char *found = scan("a", cases[i].text);
    if (strcmp(found, cases[i].expected) != 0)
      g_error("%s: found %s, expected %s", cases[i].regex, found, cases[i].expected);
  }
  brought_rules_set(NULL, NULL);
}

/* A comment counts where whoever scans says so, for all rules. */
static void
test_comments(void)
{
  g_autoptr(GRand) random = g_rand_new_with_seed(SEED);
  g_autofree char *text = secret_case_text(random, "AKIA<u16> # gitleaks:allow\nAKIA<u16>\n", 0);
  bring("[extend]\nuseDefault = true\n");
  g_autofree char *without = scan("a", text);
  g_assert_cmpstr(without, ==, "aws-access-key-id:1:20 aws-access-key-id:2:20 ");
  g_autoptr(GError) error = NULL;
  g_assert_true(gitleaks_load(NULL, true, &error));
  g_autofree char *with = scan("a", text);
  g_assert_cmpstr(with, ==, "aws-access-key-id:2:20 ");
  brought_rules_set(NULL, NULL);
}

static void
check_load(const char *folder, const char *name, const char *message)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *path = g_build_filename(folder, name, NULL);
  bool loaded = gitleaks_load(path, false, &error);
  g_assert_cmpint(loaded, ==, message == NULL);
  if (!loaded)
    g_assert_nonnull(strstr(error->message, message));
}

/* Of files that are extended, what is said last counts, and lists add up. */
static void
test_extended(void)
{
  g_autofree char *folder = g_dir_make_tmp("gitleaks-XXXXXX", NULL);
  static const struct {
    const char *name, *text;
  } files[] = {
      {"top.toml", "[extend]\npath = 'middle.toml'\ndisabledRules = ['gone']\n"
                   "[[rules]]\nid = 'one'\ndescription = 'mine'\n"},
      {"middle.toml", "[extend]\npath = 'base.toml'\n[[rules]]\nid = 'two'\nregex = 'two(b)'\n"
                      "[[allowlists]]\npaths = ['^demo']\n"},
      {"base.toml", "[[rules]]\nid = 'one'\nregex = 'one(a)'\n[[rules]]\nid = 'gone'\n"
                    "regex = 'gone(c)'\n[[rules]]\nid = 'two'\nregex = 'never(d)'\n"},
      {"deep.toml", "[extend]\npath = 'top.toml'\n"},
      {"away.toml", "[extend]\npath = 'nowhere.toml'\n"},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
    g_autofree char *path = g_build_filename(folder, files[i].name, NULL);
    g_assert_true(g_file_set_contents(path, files[i].text, -1, NULL));
  }
  check_load(folder, "deep.toml", "extended by two others");
  check_load(folder, "away.toml", "nowhere.toml");
  check_load(folder, "top.toml", NULL);
  g_autofree char *found = scan("a", "onea twob gonec neverd"), *demo = scan("demo", "onea");
  g_assert_cmpstr(found, ==, "one:1:1 two:1:1 ");
  g_assert_cmpstr(demo, ==, "");
  brought_rules_set(NULL, NULL);
  for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
    g_autofree char *path = g_build_filename(folder, files[i].name, NULL);
    g_remove(path);
  }
  g_rmdir(folder);
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
  g_test_add_func("/gitleaks/lists", test_lists);
  g_test_add_func("/gitleaks/required", test_required);
  g_test_add_func("/gitleaks/required-elsewhere", test_required_elsewhere);
  g_test_add_func("/gitleaks/paths", test_paths);
  g_test_add_func("/gitleaks/letters", test_letters);
  g_test_add_func("/gitleaks/comments", test_comments);
  g_test_add_func("/gitleaks/extended", test_extended);
  g_test_add_func("/gitleaks/catastrophic", test_catastrophic);
  g_test_add_func("/gitleaks/bounds", test_bounds);
  g_test_add_func("/gitleaks/masks", test_masks);
  g_test_add_func("/gitleaks/keywords", test_keywords);
  return g_test_run();
}
