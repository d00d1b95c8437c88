/* Which program a command runs, whatever runs it. */
#include <string.h>

#include "text/shell-private.h"

/* What runs another program, and which of its options are followed by a word. */
static const struct {
  const char *name, *options;
} runners[] = {
    {"sudo", "ugpCTDRhrt"}, {"doas", "uC"},    {"env", "uSC"},    {"nice", "n"},
    {"ionice", "cn"},       {"nohup", ""},     {"exec", "a"},     {"command", ""},
    {"builtin", ""},        {"time", "of"},    {"busybox", ""},   {"xargs", "nIPLsdaE"},
    {"timeout", "ks"},      {"chroot", ""},    {"gosu", ""},      {"su-exec", ""},
    {"setpriv", ""},        {"stdbuf", "ioe"}, {"eatmydata", ""}, {"retry", ""},
};

static const char *
base_name(const char *path)
{
  const char *slash = strrchr(path, '/');
  return slash == NULL ? path : slash + 1;
}

/* How many words without a "-" come before the program. */
static guint
own_words(const char *runner)
{
  return strcmp(runner, "timeout") == 0 || strcmp(runner, "chroot") == 0 ||
         strcmp(runner, "gosu") == 0 || strcmp(runner, "su-exec") == 0;
}

static const char *
options_of(const char *program)
{
  for (size_t i = 0; i < G_N_ELEMENTS(runners); i++)
    if (strcmp(program, runners[i].name) == 0)
      return runners[i].options;
  return NULL;
}

/* The word after a runner's own. */
static guint
skip_own(const GPtrArray *words, guint at, const char *runner, const char *options)
{
  guint own = own_words(runner);
  for (; at < words->len; at++) {
    const char *word = g_ptr_array_index(words, at);
    bool assignment = strcmp(runner, "env") == 0 || strcmp(runner, "sudo") == 0;
    if (strcmp(word, "--") == 0)
      return at + 1;
    if (*word == '-') {
      at += word[1] != '\0' && word[2] == '\0' && strchr(options, word[1]) != NULL;
    } else if (!assignment || strchr(word, '=') == NULL) {
      if (own == 0)
        return at;
      own--;
    }
  }
  return at;
}

const char *
shell_program(const ShellCommand *command, guint *arguments)
{
  const GPtrArray *words = command->words;
  guint at = 0;
  const char *program = NULL, *options = "";
  while (at < words->len && options != NULL) {
    program = base_name(g_ptr_array_index(words, at));
    options = options_of(program);
    *arguments = ++at;
    if (options != NULL)
      at = skip_own(words, at, program, options);
  }
  return program;
}

bool
shell_reads_scripts(const char *program)
{
  static const char *const shells[] = {"sh", "bash", "dash", "ash", "ksh", "zsh", "su"};
  for (size_t i = 0; program != NULL && i < G_N_ELEMENTS(shells); i++)
    if (strcmp(program, shells[i]) == 0)
      return true;
  return false;
}

const char *
shell_script_of(const ShellCommand *command)
{
  guint arguments = 0;
  const char *program = shell_program(command, &arguments);
  if (program != NULL && strcmp(program, "eval") == 0)
    return arguments < command->words->len ? g_ptr_array_index(command->words, arguments) : NULL;
  for (guint i = arguments; shell_reads_scripts(program) && i + 1 < command->words->len; i++) {
    const char *word = g_ptr_array_index(command->words, i);
    if (*word == '-' && word[1] != '-' && word[strlen(word) - 1] == 'c')
      return g_ptr_array_index(command->words, i + 1);
  }
  return NULL;
}
