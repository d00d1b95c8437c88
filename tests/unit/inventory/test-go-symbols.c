/* Which functions are linked: sets of them, and what advisories ask. */
#include "inventory/go_symbols.h"

#include <string.h>

static GArray *
program(void)
{
  static const char *const functions[][2] = {
      {"net/http", "(*Client).do"},
      {"net/http", "Get"},
      {"net/http", "(*T).M-fm"},
      {"a.b/c/v2", "Walk.func1.2"},
      {"a.b/c/v2", "List[...].Push"},
      {"a.b/c/v2", "(*Tree[go.shape.int]).Cut.deferwrap1"},
      {"a.b/c/v2", "init.0"},
      {"a.b/c/v2", "glob..func1"},
      {"golang.org/x/net/html", "Parse"},
  };
  GArray *symbols = go_symbols_new();
  for (size_t i = 0; i < G_N_ELEMENTS(functions); i++)
    go_symbols_add(symbols, slice_from_string(functions[i][0]), slice_from_string(functions[i][1]));
  go_symbols_add_platform(symbols, SLICE_LITERAL("linux"), SLICE_LITERAL("arm64"));
  return symbols;
}

static void
test_answers(void)
{
  static const struct {
    const char *named;
    GoSymbolsAnswer answer;
    const char *found;
  } cases[] = {
      {"net/http:Client.do", GO_SYMBOLS_LINKED, "net/http.Client.do"},
      {"net/http:Client.Do", GO_SYMBOLS_ABSENT, ""},
      {"net/http:Client", GO_SYMBOLS_LINKED, "net/http.Client"},
      {"net/http:Head,Get", GO_SYMBOLS_LINKED, "net/http.Get"},
      {"net/http:T.M", GO_SYMBOLS_LINKED, "net/http.T.M"},
      {"net/http:M", GO_SYMBOLS_ABSENT, ""},
      {"net/http2:Get", GO_SYMBOLS_ABSENT, ""},
      {"net:http.Get", GO_SYMBOLS_ABSENT, ""},
      {"net/http:", GO_SYMBOLS_LINKED, "net/http"},
      {"net:", GO_SYMBOLS_ABSENT, ""},
      {"x:Y;a.b/c/v2:Walk", GO_SYMBOLS_LINKED, "a.b/c/v2.Walk"},
      {"a.b/c/v2:List.Push,Tree.Cut,init", GO_SYMBOLS_LINKED,
       "a.b/c/v2.List.Push a.b/c/v2.Tree.Cut a.b/c/v2.init"},
      {"a.b/c/v2:List[T].Push", GO_SYMBOLS_LINKED, "a.b/c/v2.List[T].Push"},
      {"a.b/c/v2:func1", GO_SYMBOLS_ABSENT, ""},
      {"net/http:Get@windows/", GO_SYMBOLS_ABSENT, ""},
      {"net/http:Get@windows+linux/", GO_SYMBOLS_LINKED, "net/http.Get"},
      {"net/http:Get@linux/amd64", GO_SYMBOLS_ABSENT, ""},
      {"net/http:Get@/arm64", GO_SYMBOLS_LINKED, "net/http.Get"},
      {"net/http:Get@/386+arm", GO_SYMBOLS_ABSENT, ""},
      {"net/http:@linux/arm64", GO_SYMBOLS_LINKED, "net/http"},
      {"", GO_SYMBOLS_UNKNOWN, ""},
      {NULL, GO_SYMBOLS_UNKNOWN, ""},
  };
  g_autoptr(GArray) made = program();
  g_autofree char *text = go_symbols_to_text(made);
  g_autoptr(GArray) symbols = go_symbols_from_text(text);
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func(g_free);
    GoSymbolsAnswer answer = go_symbols_ask(symbols, cases[i].named, found);
    g_ptr_array_add(found, NULL);
    g_autofree char *names = g_strjoinv(" ", (char **)found->pdata);
    if (answer != cases[i].answer || strcmp(names, cases[i].found) != 0)
      g_error("%s: %u, %s", cases[i].named, answer, names);
  }
  g_assert_cmpint(go_symbols_ask(NULL, "net/http:Get", NULL), ==, GO_SYMBOLS_UNKNOWN);
}

/* A program that does not tell what it is for may be for all. */
static void
test_no_platform(void)
{
  g_autoptr(GArray) symbols = go_symbols_new();
  go_symbols_add(symbols, SLICE_LITERAL("os"), SLICE_LITERAL("Open"));
  g_autofree char *text = go_symbols_to_text(symbols);
  g_autoptr(GArray) read = go_symbols_from_text(text);
  g_assert_cmpint(go_symbols_ask(read, "os:Open@windows/arm", NULL), ==, GO_SYMBOLS_LINKED);
}

static void
test_union(void)
{
  g_autoptr(GArray) left = go_symbols_new(), right = go_symbols_new();
  go_symbols_add(left, SLICE_LITERAL("a"), SLICE_LITERAL("F"));
  go_symbols_add(right, SLICE_LITERAL("a"), SLICE_LITERAL("G"));
  g_autofree char *one = go_symbols_to_text(left), *other = go_symbols_to_text(right);
  g_autofree char *both = go_symbols_unite(one, other), *again = go_symbols_unite(other, one);
  g_assert_cmpstr(both, ==, again);
  g_autoptr(GArray) symbols = go_symbols_from_text(both);
  g_assert_cmpint(go_symbols_ask(symbols, "a:F", NULL), ==, GO_SYMBOLS_LINKED);
  g_assert_cmpint(go_symbols_ask(symbols, "a:G", NULL), ==, GO_SYMBOLS_LINKED);
  g_assert_cmpint(go_symbols_ask(symbols, "a:H", NULL), ==, GO_SYMBOLS_ABSENT);
  g_assert_null(go_symbols_unite(one, NULL));
  g_assert_null(go_symbols_unite(NULL, one));
}

/* What nobody wrote tells nothing. */
static void
test_odd_texts(void)
{
  static const char *const texts[] = {"", "2AAAA", "x", "1gICAgICAgICA", "1/////w/////w8="};
  for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
    if (go_symbols_from_text(texts[i]) != NULL)
      g_error("%s is read", texts[i]);
  g_autoptr(GArray) none = go_symbols_from_text("1");
  g_assert_nonnull(none);
  g_assert_cmpint(go_symbols_ask(none, "a:F", NULL), ==, GO_SYMBOLS_ABSENT);
}

static void
test_words(void)
{
  static const char *const cases[][2] = {
      {"net/http:Get", "net/http.Get"},
      {"a:F,G;b:H,I@windows/,x", "a.F, a.G, b.H and 1 more"},
      {"a:", "a"},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *words = go_symbols_in_words(cases[i][0]);
    g_assert_cmpstr(words, ==, cases[i][1]);
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/go-symbols/answers", test_answers);
  g_test_add_func("/go-symbols/no-platform", test_no_platform);
  g_test_add_func("/go-symbols/union", test_union);
  g_test_add_func("/go-symbols/odd-texts", test_odd_texts);
  g_test_add_func("/go-symbols/words", test_words);
  return g_test_run();
}
