/* The commands of shell texts: each as "variables words >redirects", "(N)" in front where it is
 * piped from command N. */
#include <string.h>

#include "text/shell.h"

static const struct {
  const char *name, *text, *commands;
} cases[] = {
    {"nothing", " \n\t # a comment", ""},
    {"one", "a b  'c d' \"e f\"", "a|b|c d|e f"},
    {"separators", "a; b && c || d & e\nf", "a / b / c / d / e / f"},
    {"a pipe", "a | b |& c", "a / (0)b / (1)c"},
    {"a pipe over lines", "a |\n b", "a / (0)b"},
    {"lines that continue", "a \\\n b\\\nc", "a|bc"},
    {"a comment in a line", "a b#c #d\ne", "a|b#c / e"},
    {"assignments", "A=b C='d e' f G=h", "A=b C=d e f|G=h"},
    {"assignments alone", "A=b", "A=b "},
    {"subshells", "(cd a && (b)) | c", "cd|a / b / (0-1)c"},
    {"groups and control", "if a; then b; else ! c; fi; while d; do e; done; { f; }",
     "a / b / c / d / e / f"},
    {"for", "for x in a b $(c); do d $x; done", "c / d|$x"},
    {"case", "case \"$x\" in a) b;; c|d) e ;; *) f; esac; g", "b / e / f / g"},
    {"words of control in the middle", "echo if then", "echo|if|then"},
    {"quoted words of control", "'if' a", "if|a"},
    {"substitutions", "a $(b | c) `d`", "b / (0)c / d / a|$(b | c)|`d`"},
    {"in double quotes", "a \"$(b \"c d\")\" '$(e)'", "b|c d / a|$(b \"c d\")|$(e)"},
    {"sums", "a $((1 + (2))) b", "a|$((1 + (2)))|b"},
    {"braces", "a ${b:-$(c)} d", "a|${b:-$(c)}|d"},
    {"redirections", "a >b 2>&1 >>'c d' <e &>f", "a >b >>c d >f"},
    {"glued", "a>b;c", "a >b / c"},
    {"a document", "a <<E b\nc | sh\nE\nd", "a|b <c | sh\n / d"},
    {"a document with tabs", "a <<-'E'\n\tb\n\tE\nc", "a <\tb\n / c"},
    {"a document that a shell reads", "sh <<E\nb\nE\nc", "sh <b\n / b / c"},
    {"two documents", "a <<X <<Y\nX1\nX\nY1\nY\nb", "a <X1\nY1\n / b"},
    {"a word in place", "a <<<b c", "a|c <b"},
    {"a document that a program reads", "a <<E | b\nc\nE", "a <c\n / (0)b"},
    {"commands in the place of a file", "a <(b | c) d", "b / (0)c / a|<(b | c)|d"},
    {"commands as the input", "a < <(b c)", "b|c / a|<(b c)"},
    {"a group into a pipe", "x; (a; b) | c", "x / a / b / (1-2)c"},
    {"groups into pipes", "{ a; b; } | c; for x in y; do d; e; done | f; g | h",
     "a / b / (0-1)c / d / e / (3-4)f / g / (6)h"},
    {"a group and a command", "(a; b); c | d", "a / b / c / (2)d"},
    {"sh -c", "sh -c 'a && b' c", "sh|-c|a && b|c / a / b"},
    {"sh with options", "bash -eo pipefail -ec 'a | b'", "bash|-eo|pipefail|-ec|a | b / a / (1)b"},
    {"eval", "eval \"a; b\"", "eval|a; b / a / b"},
    {"what does not end", "a 'b", "a|b"},
    {"what does not end either", "a \"b $(c", "c / a|b $(c"},
    {"a function", "f() { a; }; f", "f / a / f"},
    {"an empty word", "a '' b", "a||b"},
    {"escapes", "a\\ b \\; c\\'d", "a b|;|c'd"},
    {"CRLF", "a b\r\nc\r\n", "a|b / c"},
};

static char *
in_words(const GPtrArray *commands)
{
  GString *text = g_string_new(NULL);
  for (guint i = 0; i < commands->len; i++) {
    const ShellCommand *command = g_ptr_array_index(commands, i);
    g_string_append(text, i == 0 ? "" : " / ");
    if (command->piped_first < command->piped_from)
      g_string_append_printf(text, "(%d-%d)", command->piped_first, command->piped_from);
    else if (command->piped_from >= 0)
      g_string_append_printf(text, "(%d)", command->piped_from);
    for (guint j = 0; j < command->variables->len; j++)
      g_string_append_printf(text, "%s ", (char *)g_ptr_array_index(command->variables, j));
    for (guint j = 0; j < command->words->len; j++)
      g_string_append_printf(text, "%s%s", j == 0 ? "" : "|",
                             (char *)g_ptr_array_index(command->words, j));
    for (guint j = 0; j < command->redirects->len; j++)
      g_string_append_printf(text, " %s", (char *)g_ptr_array_index(command->redirects, j));
    if (command->input != NULL)
      g_string_append_printf(text, " <%s", command->input->str);
  }
  return g_string_free(text, FALSE);
}

static void
test_cases(void)
{
  unsigned failures = 0;
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GPtrArray) commands = shell_commands(cases[i].text);
    g_autofree char *found = in_words(commands);
    if (strcmp(found, cases[i].commands) == 0)
      continue;
    g_test_message("%s: found: %s, wanted: %s", cases[i].name, found, cases[i].commands);
    failures++;
  }
  g_assert_cmpuint(failures, ==, 0);
}

/* What runs another is not the program. */
static void
test_programs(void)
{
  static const struct {
    const char *text, *program, *argument;
  } programs[] = {
      {"/usr/bin/curl -k", "curl", "-k"},
      {"sudo -u root -E curl -k", "curl", "-k"},
      {"env -i A=b C=d curl -k", "curl", "-k"},
      {"sudo A=b curl -k", "curl", "-k"},
      {"nice -n 10 timeout -s KILL 5 curl -k", "curl", "-k"},
      {"xargs -n 1 -I {} curl -k", "curl", "-k"},
      {"busybox wget -q", "wget", "-q"},
      {"exec gosu app curl -k", "curl", "-k"},
      {"sudo -- curl -k", "curl", "-k"},
      {"command -v curl", "curl", NULL},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(programs); i++) {
    g_autoptr(GPtrArray) commands = shell_commands(programs[i].text);
    const ShellCommand *command = g_ptr_array_index(commands, 0);
    guint first = 0;
    g_assert_cmpstr(shell_program(command, &first), ==, programs[i].program);
    g_assert_cmpstr(first < command->words->len ? g_ptr_array_index(command->words, first) : NULL,
                    ==, programs[i].argument);
  }
}

/* Nesting ends, and no text takes more than its length. */
static void
test_bounds(void)
{
  static const char *const parts[] = {"$(",    "`",  "(",     "sh -c '", "\"",
                                      "<<A\n", "${", "eval ", "a;"};
  for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
    g_autoptr(GString) text = g_string_new(NULL);
    while (text->len < 200000)
      g_string_append(text, parts[i]);
    g_autoptr(GPtrArray) commands = shell_commands(text->str);
    g_assert_cmpuint(commands->len, <=, SHELL_COMMANDS_MAX);
  }
  g_autoptr(GString) many = g_string_new("sh");
  for (unsigned i = 0; i < 200000; i++)
    g_string_append(many, " -");
  for (unsigned i = 0; i < 100000; i++)
    g_string_append(many, "<<A");
  g_string_append(many, "\nA\ncurl -k\nA\n");
  g_autoptr(GPtrArray) commands = shell_commands(many->str);
  const ShellCommand *last = g_ptr_array_index(commands, commands->len - 1);
  g_assert_cmpstr(g_ptr_array_index(last->words, 0), ==, "curl");
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/shell/cases", test_cases);
  g_test_add_func("/shell/programs", test_programs);
  g_test_add_func("/shell/bounds", test_bounds);
  return g_test_run();
}
