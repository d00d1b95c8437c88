/* Dockerfiles: each instruction as "first-last KEYWORD flags: arguments", with its list and
 * documents. tests/differential/dockerfiles.py compares the reader with BuildKit's. */
#include <string.h>

#include "base/error.h"
#include "text/dockerfile.h"
#include "text/dockerfile_words.h"

/* Where `text` begins with FROM, ARG or "#" it is whole; else "FROM a" comes first. */
static const struct {
  const char *name, *text, *instructions; /* "!..." is the error */
} cases[] = {
    {"plain", "FROM a\nrun x  y \n", "1-1 FROM: a; 2-2 RUN: x  y"},
    {"CRLF and a BOM",
     "\xef\xbb\xbf"
     "FROM a\r\nRUN x \\\r\n y\r\n",
     "1-1 FROM: a; 2-3 RUN: x  y"},
    {"no end", "FROM a", "1-1 FROM: a"},
    {"comments and empty lines in it", "FROM a\nRUN x \\\n# c\n\n  # d\n y",
     "1-1 FROM: a; 2-6 RUN: x  y"},
    {"no continuation", "FROM a\nRUN x \\\\\nRUN y", "1-1 FROM: a; 2-2 RUN: x \\\\; 3-3 RUN: y"},
    {"space after it", "FROM a\nRUN x \\  \n y", "1-1 FROM: a; 2-3 RUN: x  y"},
    {"another escape", "# escape=`\nFROM a\nRUN c:\\ `\n x", "2-2 FROM: a; 3-4 RUN: c:\\  x"},
    {"a directive too late", "FROM a\n# escape=`\nRUN x `\nRUN y",
     "1-1 FROM: a; 3-3 RUN: x `; 4-4 RUN: y"},
    {"a directive after a comment", "# a\n# escape=`\nFROM a\nRUN x `",
     "3-3 FROM: a; 4-4 RUN: x `"},
    {"flags", "FROM --platform=$P a AS b\nCOPY --from=x --chown='a b' c d",
     "1-1 FROM --platform=$P: a AS b; 2-2 COPY --from=x --chown=a b: c d"},
    {"the end of flags", "FROM a\nCOPY --link -- --b c", "1-1 FROM: a; 2-2 COPY --link: --b c"},
    {"a list", "FROM a\nCMD [ \"x\", \"y z\" ]",
     "1-1 FROM: a; 2-2 CMD: [ \"x\", \"y z\" ] [x|y z]"},
    {"no list", "FROM a\nCMD ['x']", "1-1 FROM: a; 2-2 CMD: ['x']"},
    {"a list of numbers", "FROM a\nCMD [1]", "!line 2: CMD: a JSON list must hold strings alone"},
    {"a trigger", "FROM a\nONBUILD RUN x", "1-1 FROM: a; 2-2 ONBUILD RUN: x"},
    {"a trigger of a trigger", "FROM a\nONBUILD ONBUILD RUN x",
     "!line 2: ONBUILD triggers no ONBUILD"},
    {"a trigger of another stage", "FROM a\nonbuild from b", "!line 2: ONBUILD triggers no FROM"},
    {"a document", "FROM a\nRUN <<E\nx\ny\nE\nRUN z",
     "1-1 FROM: a; 2-5 RUN: <<E {E:x\ny\n}; 6-6 RUN: z"},
    {"documents", "FROM a\nRUN <<A cat <<-'B'\nx\nA\n\ty\n\tB\n",
     "1-1 FROM: a; 2-6 RUN: <<A cat <<-'B' {A:x\n}{B-':\ty\n}"},
    {"a document of COPY", "FROM a\nCOPY <<\"A B\" /x\ny\nA B\n",
     "1-1 FROM: a; 2-4 COPY: <<\"A B\" /x {A B':y\n}"},
    {"no document", "FROM a\nRUN a<<E <<<b\nRUN c", "1-1 FROM: a; 2-2 RUN: a<<E <<<b; 3-3 RUN: c"},
    {"none in a list", "FROM a\nRUN [\"x\", \"<<E\"]\nRUN c",
     "1-1 FROM: a; 2-2 RUN: [\"x\", \"<<E\"] [x|<<E]; 3-3 RUN: c"},
    {"a document without an end", "FROM a\nRUN <<E\nx", "!line 2: <<E: no line ends it"},
    {"a word that is none", "FROM a\nRUNN x",
     "!line 2: unknown instruction \"RUNN\": did you mean RUN?"},
    {"far from any", "FROM a\nQWERTZ x", "!line 2: unknown instruction \"QWERTZ\""},
    {"nothing to do", "FROM a\nCOPY", "!line 2: COPY has no arguments"},
    {"no flag", "FROM a\nCOPY --form=b c d",
     "!line 2: COPY takes no flag --form: did you mean --from?"},
    {"no flag of RUN", "FROM a\nRUN --mont=x y",
     "!line 2: RUN takes no flag --mont: did you mean --mount?"},
    {"a flag of an instruction without", "FROM a\nENV --x=y a=b", "!line 2: ENV takes no flag --x"},
    {"a flag twice", "FROM a\nCOPY --from=b --from=c d e",
     "!line 2: COPY has the flag --from twice"},
    {"a flag that may be", "FROM a\nRUN --mount=b --mount=c d",
     "1-1 FROM: a; 2-2 RUN --mount=b --mount=c: d"},
    {"a flag without a value", "FROM --platform a",
     "!line 1: FROM: the flag --platform has no value"},
    {"a flag of a trigger", "FROM a\nONBUILD COPY --x b c",
     "1-1 FROM: a; 2-2 ONBUILD COPY --x: b c"},
    {"no truth", "FROM a\nCOPY --link=maybe b c", "!line 2: COPY: --link is true or false"},
    {"too much", "FROM a b c d",
     "!line 1: FROM is followed by an image, or by an image, AS and a name"},
    {"no name of a stage", "FROM a AS 1b",
     "!line 1: \"1b\" is no name of a stage: it begins with a letter, and has letters, digits, "
     "\"-\", \"_\" "
     "and \".\""},
    {"no value", "FROM a\nENV A", "!line 2: ENV: \"A\" is no NAME=value"},
    {"no sign", "FROM a\nLABEL a=b c", "!line 2: LABEL: \"c\" is no NAME=value"},
    {"a value of old", "FROM a\nENV A b=c d", "1-1 FROM: a; 2-2 ENV: A b=c d"},
    {"no destination", "FROM a\nADD b", "!line 2: ADD needs a source and a destination"},
    {"a document in the end", "FROM a\nCOPY b <<E\nE",
     "!line 2: COPY: a document is no destination"},
    {"no list of SHELL", "FROM a\nSHELL sh", "!line 2: SHELL needs a JSON list of words"},
    {"NONE and more", "FROM a\nHEALTHCHECK NONE x",
     "!line 2: HEALTHCHECK is followed by NONE, or by CMD and a command"},
    {"an empty path", "FROM a\nVOLUME [\" \"]", "!line 2: VOLUME names an empty path"},
    {"too early", "ARG x\nRUN y\nFROM a", "!line 2: RUN comes before the first FROM"},
    {"no stage", "ARG x", "!there is no FROM: not a Dockerfile"},
    {"twice a directive", "# escape=`\n# escape=`\nFROM a",
     "!line 2: the directive escape is there twice"},
    {"a wrong escape", "# escape=x\nFROM a", "!line 1: escape: must be a backslash or a backtick"},
};

static void
append_instruction(GString *text, const DockerfileInstruction *one)
{
  g_string_append_printf(text, "%s%u-%u %s%s", text->len > 0 ? "; " : "", one->first, one->last,
                         one->onbuild ? "ONBUILD " : "", one->keyword);
  for (char **flag = one->flags; *flag != NULL; flag++)
    g_string_append_printf(text, " %s", *flag);
  g_string_append_printf(text, ": %s", one->arguments);
  if (one->list != NULL) {
    g_autofree char *list = g_strjoinv("|", one->list);
    g_string_append_printf(text, " [%s]", list);
  }
  for (guint i = 0; i < one->heredocs->len; i++) {
    const DockerfileHeredoc *heredoc = g_ptr_array_index(one->heredocs, i);
    g_string_append_printf(text, "%s{%s%s%s:%s}", i == 0 ? " " : "", heredoc->name,
                           heredoc->chomp ? "-" : "", heredoc->expand ? "" : "'", heredoc->text);
  }
}

static void
test_cases(void)
{
  unsigned failures = 0;
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GError) error = NULL;
    g_autoptr(Dockerfile) read = dockerfile_parse(slice_from_string(cases[i].text), &error);
    g_autoptr(GString) found = g_string_new(read == NULL ? "!" : "");
    g_string_append(found, read == NULL ? error->message : "");
    for (guint j = 0; read != NULL && j < read->instructions->len; j++)
      append_instruction(found, g_ptr_array_index(read->instructions, j));
    if (strcmp(found->str, cases[i].instructions) == 0)
      continue;
    g_test_message("%s: found: %s", cases[i].name, found->str);
    failures++;
  }
  g_assert_cmpuint(failures, ==, 0);
}

static const char *
variable(const char *name, void *data, bool *known)
{
  *known &= strcmp(name, "unknown") != 0;
  return strcmp(name, "x") == 0 ? "v w" : strcmp(name, "empty") == 0 ? "" : NULL;
}

static void
test_expansion(void)
{
  static const struct {
    const char *word, *value;
  } words[] = {
      {"a", "a"},
      {"$x.${x}", "v w.v w"},
      {"'$x' \"$x\" \\$x", "$x v w $x"},
      {"${none:-a${x}b}", "av wb"},
      {"${empty:-a}${empty-b}${empty:+c}${empty+d}", "ad"},
      {"${x:+a}${none+b}", "a"},
      {"${x:?none}", "v w"},
      {"${none:?why}", NULL},
      {"$unknown", NULL},
      {"${unknown:-a}", NULL},
      {"${x#v}", NULL},
      {"${x", NULL},
      {"$", "$"},
      {"a\\", "a"},
      {"\"a\\\"b\\c\"", "a\"b\\c"},
      {"'a", "a"},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
    g_autofree char *value = dockerfile_expand(words[i].word, '\\', variable, NULL);
    if (g_strcmp0(value, words[i].value) != 0)
      g_error("%s: %s", words[i].word, value);
  }
}

/* Where each line of a joined text is. */
static void
test_lines(void)
{
  g_autoptr(Dockerfile) read = dockerfile_parse(
      slice_from_string("FROM a\n\nRUN --network=b \\\n  x && \\\n# c\n  y\n"), NULL);
  const DockerfileInstruction *run = g_ptr_array_index(read->instructions, 1);
  g_assert_cmpstr(run->arguments, ==, "x &&   y");
  g_assert_cmpuint(run->lines->len, ==, 2);
  g_assert_cmpuint(g_array_index(run->lines, DockerfileLine, 0).line, ==, 4);
  g_assert_cmpuint(g_array_index(run->lines, DockerfileLine, 1).line, ==, 6);
  g_assert_cmpuint(g_array_index(run->lines, DockerfileLine, 1).at, ==, strlen("x && "));
}

static void
test_bounds(void)
{
  g_autoptr(GString) text = g_string_new("FROM a\n");
  for (unsigned i = 0; i <= DOCKERFILE_INSTRUCTIONS_MAX; i++)
    g_string_append(text, "RUN a\n");
  g_autoptr(GError) many = NULL, large = NULL;
  g_assert_null(dockerfile_parse(slice_from_string(text->str), &many));
  g_assert_error(many, ASSAY_ERROR, ASSAY_ERROR_LIMIT);
  while (text->len <= DOCKERFILE_BYTES_MAX)
    g_string_append(text, "# a comment\n");
  g_assert_null(dockerfile_parse(slice_from_string(text->str), &large));
  g_assert_error(large, ASSAY_ERROR, ASSAY_ERROR_LIMIT);
  /* As deep as the text is long. */
  g_string_assign(text, "FROM a\n");
  while (text->len < DOCKERFILE_BYTES_MAX - 20)
    g_string_append(text, "ONBUILD ");
  g_string_append(text, "RUN a");
  g_autoptr(GError) deep = NULL;
  g_assert_null(dockerfile_parse(slice_from_string(text->str), &deep));
  g_assert_cmpstr(deep->message, ==, "line 2: ONBUILD triggers no ONBUILD");
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/dockerfile/cases", test_cases);
  g_test_add_func("/dockerfile/expansion", test_expansion);
  g_test_add_func("/dockerfile/lines", test_lines);
  g_test_add_func("/dockerfile/bounds", test_bounds);
  return g_test_run();
}
