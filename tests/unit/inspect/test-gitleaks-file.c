/* Files in gitleaks' form that cannot be honoured: what is told of them, and at which line. */
#include <string.h>

#include "inspect/secrets/brought.h"
#include "inspect/secrets/gitleaks.h"

#define RULE "[[rules]]\nid = 'x-rule'\n"
#define LIST RULE "regex = 'a'\n[[rules.allowlists]]\n"
#define OURS "[extend]\nuseDefault = true\n"

static const struct {
  const char *toml, *message;
} bad_files[] = {
    {"[[rules]]\nregex = 'a'\n", "line 1: [[rules]]: rule 1 has no id"},
    {"\n[[rules]]\nid = 'x-rule'\nregex = 7\n", "line 4: x-rule: \"regex\" must be a text"},
    {RULE "regex = 'a'\nkeywords = 'b'\n", "line 4: x-rule: \"keywords\" must"},
    {RULE "regex = 'a'\nentropy = 'b'\n", "line 4: x-rule: \"entropy\" must"},
    {RULE "\nregex = '''\n(a'''\n", "line 4: x-rule: the pattern \"(a\" is none, at 2"},
    {RULE "regex = '(a)'\nsecretGroup = 2\n", "line 4: x-rule: \"secretGroup\" is 2"},
    {OURS "[[rules]]\nid = 'jwt'\nsecretGroup = 1\n", "line 3: jwt: \"secretGroup\" needs a regex"},
    {RULE "regex = '\\C'\n", "line 3: x-rule: the pattern"},
    {RULE, "line 1: x-rule: it has no regex and no path"},
    {OURS RULE, "line 3: x-rule: it has no regex and no path"},
    {OURS "disabledRules = ['jwt']\n[[rules]]\nid = 'jwt'\n",
     "line 4: jwt: it has no regex and no path"},
    {"[[allowlists]]\n\nregexes = ['[']\n", "line 3: [[allowlists]]: the pattern \"[\" is none"},
    {LIST "paths = ['a']\ncondition = 'XOR'\n", "line 6: x-rule: the condition \"XOR\""},
    {LIST "paths = ['a']\nregexTarget = 'lines'\n", "line 6: x-rule: the regexTarget \"lines\""},
    {LIST "paths = ['a']\ntargetRules = ['b']\n", "line 6: x-rule: \"targetRules\" means nothing"},
    {LIST "path = ['a']\n", "line 5: x-rule: \"path\" means nothing here"},
    {LIST "paths = ['a']\nPaths = ['b']\n", "line 6: x-rule: \"Paths\" is there twice"},
    {LIST "description = 'a'\n", "line 4: x-rule: an allowlist needs"},
    {LIST "paths = []\n", "line 4: x-rule: an allowlist needs"},
    {LIST "paths = ['a']\n[rules.allowlist]\npaths = ['a']\n",
     "line 6: x-rule: \"allowlist\" cannot be beside"},
    {RULE "regex = 'a'\nallowlist = [{paths = ['a']}]\n", "line 4: x-rule: \"allowlist\" is one"},
    {RULE "regex = 'a'\n[[allowlists]]\ntargetRules = ['y']\npaths = ['a']\n",
     "line 5: targetRules: there is no rule \"y\""},
    {RULE "regex = 'a'\n[[rules.required]]\nid = 'y'\n",
     "line 1: x-rule: the rule \"y\" is required, and is not"},
    {RULE "regex = 'a'\n[[rules.required]]\nwithin = 3\n", "line 5: x-rule: \"within\" means"},
    {RULE "regex = 'a'\n[[rules.required]]\nid = 'x-rule'\nwithinLines = -1\n",
     "line 6: x-rule: \"withinLines\" must be a number"},
    {OURS RULE "regex = 'a'\n[[rules.required]]\nid = 'jwt'\n[[rules]]\nid = 'jwt'\n",
     "line 3: x-rule: the rule \"jwt\" is required, and has no regex"},
    {"title = 'a'\n[[rule]]\nid = 'a'\n", "line 2: the file: \"rule\" means nothing here"},
    {"[extends]\nuseDefault = true\n", "line 1: the file: \"extends\" means nothing here"},
    {"[extend]\nuseDefaults = true\n", "line 2: [extend]: \"useDefaults\" means nothing"},
    {"[extend]\nuseDefault = 'true'\n", "line 2: [extend]: \"useDefault\" must be true"},
    {"[extend]\nurl = 'https://h'\n", "line 2: [extend]: \"url\" is not read"},
    {OURS "path = 'b'\n", "line 3: [extend]: \"path\" cannot be"},
    {"title = 'none'\n", "nothing would be looked for"},
    {"[extend]\npath = 'b.toml'\n", "[extend]: \"b.toml\": no other file is read here"},
    {"rules = 7\n", "line 1: [[rules]]: \"rules\" must be an array of tables"},
    {"rules = [7]\n", "line 1: [[rules]]: \"rules\" must be an array of tables"},
    {"[[rules]\n", "1"},
};

static void
test_bad_files(void)
{
  for (size_t i = 0; i < G_N_ELEMENTS(bad_files); i++) {
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) rules =
        gitleaks_read(slice_from_string(bad_files[i].toml), NULL, NULL, &error);
    bool set = rules != NULL && brought_rules_set(rules, &error);
    if (set || strstr(error->message, bad_files[i].message) == NULL)
      g_error("%s: %s", bad_files[i].toml, set ? "taken" : error->message);
  }
}

/* What gitleaks passes over, too, and lets nothing through. */
static void
test_warnings(void)
{
  static const struct {
    const char *toml, *message;
  } cases[] = {
      {RULE "regex = 'a'\nseverity = 'high'\n", "line 4: x-rule: \"severity\" means nothing"},
      {RULE "regex = 'a'\n" RULE "regex = 'b'\n", "line 1: x-rule: a later rule has the same id"},
      {RULE "path = 'a'\nkeywords = ['b']\n", "line 1: x-rule: keywords have no effect"},
      {OURS "disabledRules = ['y']\n", "no built-in rule is \"y\""},
      {RULE "regex = 'a'\ntags = ['b']\n", NULL},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) told = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(json_t) rules = gitleaks_read(slice_from_string(cases[i].toml), NULL, told, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(told->len, ==, cases[i].message == NULL ? 0 : 1);
    if (told->len > 0 && strstr(told->pdata[0], cases[i].message) == NULL)
      g_error("%s: %s", cases[i].toml, (char *)told->pdata[0]);
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/gitleaks-file/bad-files", test_bad_files);
  g_test_add_func("/gitleaks-file/warnings", test_warnings);
  return g_test_run();
}
