/* Taking a shell's text apart; see the header.
 *
 * One pass from left to right: characters make words, words a command, and what separates commands
 * ends both. What a command runs in its turn (a substitution, a text in quotes, a document in
 * place) is taken apart by the same pass, to a depth. */
#include "text/shell.h"

#include <string.h>

#include "text/shell-private.h"

/* Of commands in commands. */
#define DEPTH_MAX 8u

static void
end_line(ShellSplitter *splitter)
{
  shell_end_command(splitter);
  splitter->at++;
  shell_take_documents(splitter);
}

/* At ";", "&", "|", "(" or ")". */
static void
take_separator(ShellSplitter *splitter)
{
  char mark = *splitter->at;
  if (mark == '&' && splitter->at[1] == '>') {
    splitter->at++;
    return;
  }
  if (splitter->pattern && (mark == ')' || mark == '|' || mark == '(')) {
    if (splitter->word != NULL)
      g_string_free(g_steal_pointer(&splitter->word), TRUE);
    g_clear_pointer(&splitter->now, shell_command_free);
    splitter->pattern = mark != ')';
    splitter->at++;
    return;
  }
  guint before = splitter->commands->len;
  shell_end_command(splitter);
  if (mark == '(')
    shell_open_group(splitter);
  else if (mark == ')')
    shell_close_group(splitter);
  bool twice = splitter->at[1] == mark;
  splitter->pattern = mark == ';' && twice;
  if (mark == '|' && !twice && splitter->commands->len > 0) {
    guint last = splitter->commands->len > before ? before : splitter->commands->len - 1;
    splitter->piped_from = splitter->piped_first = (int)last;
    if (splitter->closed >= 0 && splitter->closed < (int)last)
      splitter->piped_first = splitter->closed;
  }
  splitter->guarded = mark == '|' && twice;
  splitter->at += twice && mark != '(' && mark != ')' ? 2 : 1;
}

static void
take_one(ShellSplitter *splitter)
{
  char here = *splitter->at;
  if (here == '\n')
    end_line(splitter);
  else if (strchr(SHELL_BLANKS, here) != NULL)
    shell_end_word(splitter), splitter->at++;
  else if (here == '#' && splitter->word == NULL)
    shell_end_word(splitter), splitter->at += strcspn(splitter->at, "\n");
  else if (strchr(";&|()", here) != NULL)
    take_separator(splitter);
  else if ((here == '<' || here == '>') && splitter->at[1] == '(')
    shell_end_word(splitter), shell_take_process(splitter);
  else if (here == '<' || here == '>')
    shell_take_redirection(splitter);
  else if (here == '\\')
    shell_take_escaped(splitter);
  else {
    shell_begin_word(splitter);
    splitter->quoted |= here == '\'' || here == '"';
    if (here == '\'')
      shell_take_single_quotes(splitter);
    else if (here == '"')
      shell_take_double_quotes(splitter);
    else if (here == '$')
      shell_take_dollar(splitter);
    else if (here == '`')
      shell_take_backticks(splitter);
    else
      g_string_append_c(splitter->word, *splitter->at++);
  }
}

static void
split(const ShellSplitter *outer, const char *text, size_t base, bool inside)
{
  if (outer->depth + 1 > DEPTH_MAX)
    return;
  g_autoptr(GArray) groups = g_array_new(FALSE, FALSE, sizeof(guint));
  ShellSplitter splitter = {.text = text,
                            .at = text,
                            .commands = outer->commands,
                            .documents = shell_documents_new(),
                            .groups = groups,
                            .closed = -1,
                            .piped_from = -1,
                            .piped_first = -1,
                            .split = split,
                            .depth = outer->depth + 1,
                            .base = base,
                            .inside = inside};
  while (*splitter.at != '\0')
    take_one(&splitter);
  shell_end_command(&splitter);
  g_array_unref(splitter.documents);
}

GPtrArray *
shell_commands(const char *text)
{
  GPtrArray *commands = g_ptr_array_new_with_free_func(shell_command_free);
  split(&(const ShellSplitter){.commands = commands}, text, 0, false);
  return commands;
}
