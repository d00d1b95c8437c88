/* The words of a shell's text and the commands that they make; see shell-private.h. */
#include <string.h>

#include "text/shell-private.h"

void
shell_command_free(void *data)
{
  ShellCommand *command = data;
  g_ptr_array_unref(command->variables);
  g_ptr_array_unref(command->words);
  g_ptr_array_unref(command->redirects);
  g_free(command->text);
  if (command->input != NULL)
    g_string_free(command->input, TRUE);
  g_free(command);
}

/* --- words and commands --- */

static bool
is_assignment(const char *word)
{
  const char *p = word;
  while (g_ascii_isalnum(*p) || *p == '_')
    p++;
  return p != word && !g_ascii_isdigit(*word) && (*p == '=' || g_str_has_prefix(p, "+="));
}

/* What commands may begin after. */
static bool
is_reserved(const char *word)
{
  static const char *const words[] = {"if", "then", "elif", "else", "fi", "while", "until",
                                      "do", "done", "esac", "{",    "}",  "!",     "time"};
  for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
    if (strcmp(word, words[i]) == 0)
      return true;
  return false;
}

void
shell_begin_command(ShellSplitter *splitter)
{
  if (splitter->now != NULL)
    return;
  splitter->now = g_new0(ShellCommand, 1);
  splitter->now->variables = g_ptr_array_new_with_free_func(g_free);
  splitter->now->words = g_ptr_array_new_with_free_func(g_free);
  splitter->now->redirects = g_ptr_array_new_with_free_func(g_free);
  splitter->now->at = splitter->base;
  if (!splitter->inside)
    splitter->now->at += (size_t)(splitter->at - splitter->text);
  splitter->now->piped_from = splitter->now->piped_first = -1;
  splitter->began = splitter->at;
}

void
shell_open_group(ShellSplitter *splitter)
{
  g_array_append_val(splitter->groups, splitter->commands->len);
}

void
shell_close_group(ShellSplitter *splitter)
{
  guint open = splitter->groups->len;
  splitter->closed = open == 0 ? -1 : (int)g_array_index(splitter->groups, guint, open - 1);
  g_array_set_size(splitter->groups, open == 0 ? 0 : open - 1);
}

/* A word of control in front of a command: what is next begins it. */
static bool
take_control(ShellSplitter *splitter, const char *word)
{
  if (splitter->quoted || splitter->now->words->len > 0 || splitter->now->variables->len > 0)
    return false;
  if (strcmp(word, "for") == 0 || strcmp(word, "case") == 0 || strcmp(word, "select") == 0 ||
      strcmp(word, "function") == 0) {
    splitter->skips = true;
    splitter->pattern = *word == 'c';
  } else if (!is_reserved(word)) {
    return false;
  }
  if (strcmp(word, "esac") == 0)
    splitter->pattern = false;
  if (strcmp(word, "{") == 0 || strcmp(word, "do") == 0)
    shell_open_group(splitter);
  else if (strcmp(word, "}") == 0 || strcmp(word, "done") == 0)
    shell_close_group(splitter);
  g_clear_pointer(&splitter->now, shell_command_free);
  return true;
}

void
shell_end_word(ShellSplitter *splitter)
{
  if (splitter->word == NULL)
    return;
  g_autofree char *word = g_string_free(g_steal_pointer(&splitter->word), FALSE);
  ShellCommand *now = splitter->now;
  bool first = now->words->len == 0;
  if (splitter->skips) {
    /* `case word in`: then a pattern comes. */
    if (splitter->pattern && strcmp(word, "in") == 0) {
      splitter->skips = false;
      g_clear_pointer(&splitter->now, shell_command_free);
    }
  } else if (!take_control(splitter, word)) {
    GPtrArray *list = first && is_assignment(word) ? now->variables : now->words;
    g_ptr_array_add(list, g_steal_pointer(&word));
  }
  splitter->quoted = false;
}

void
shell_begin_word(ShellSplitter *splitter)
{
  shell_begin_command(splitter);
  if (splitter->word == NULL)
    splitter->word = g_string_new(NULL);
}

/* @written with each run of space one blank. (transfer full) */
static char *
squeeze(const char *written, size_t size)
{
  GString *text = g_string_sized_new(MIN(size, 4096));
  for (size_t i = 0; i < size; i++)
    if (!g_ascii_isspace(written[i]))
      g_string_append_c(text, written[i]);
    else if (text->len > 0 && text->str[text->len - 1] != ' ')
      g_string_append_c(text, ' ');
  return g_strchomp(g_string_free(text, FALSE));
}

void
shell_end_command(ShellSplitter *splitter)
{
  shell_end_word(splitter);
  ShellCommand *now = g_steal_pointer(&splitter->now);
  splitter->skips = false;
  if (now == NULL)
    return;
  if ((now->words->len == 0 && now->variables->len == 0) ||
      splitter->commands->len >= SHELL_COMMANDS_MAX) {
    shell_command_free(now);
    return;
  }
  now->text = squeeze(splitter->began, (size_t)(splitter->at - splitter->began));
  now->piped_from = splitter->piped_from;
  now->piped_first = splitter->piped_first;
  now->guarded = splitter->guarded;
  g_ptr_array_add(splitter->commands, now);
  splitter->piped_from = splitter->piped_first = splitter->closed = -1;
  splitter->guarded = false;
  const char *text = shell_script_of(now);
  if (text != NULL)
    splitter->split(splitter, text, now->at, true);
}

/* --- what is in a word --- */

static void
skip_quoted(const char **at, char quote)
{
  for ((*at)++; **at != '\0' && **at != quote; (*at)++)
    if (**at == '\\' && quote != '\'' && (*at)[1] != '\0')
      (*at)++;
}

/* The end of what began with @open at @at, at its @close, or the text's end. */
static const char *
find_close(const char *at, char open, char close)
{
  unsigned depth = 0;
  for (; *at != '\0'; at++) {
    if (*at == '\\' && at[1] != '\0')
      at++;
    else if (*at == '\'' || *at == '"')
      skip_quoted(&at, *at);
    else if (*at == open)
      depth++;
    else if (*at == close && --depth == 0)
      break;
    if (*at == '\0')
      break;
  }
  return at;
}

/* Takes the bytes up to and with @end into the word; those between are commands. */
static void
take_substitution(ShellSplitter *splitter, const char *from, const char *end, bool of_commands)
{
  g_autofree char *inside = g_strndup(from, (gsize)(end - from));
  size_t at = splitter->inside ? splitter->base : splitter->base + (size_t)(from - splitter->text);
  const char *next = *end == '\0' ? end : end + 1;
  g_string_append_len(splitter->word, splitter->at, next - splitter->at);
  splitter->at = next;
  if (of_commands)
    splitter->split(splitter, inside, at, splitter->inside);
}

void
shell_take_dollar(ShellSplitter *splitter)
{
  const char *at = splitter->at;
  if (at[1] == '(') {
    bool sum = at[2] == '(';
    take_substitution(splitter, at + 2, find_close(at + 1, '(', ')'), !sum);
  } else if (at[1] == '{') {
    take_substitution(splitter, at + 2, find_close(at + 1, '{', '}'), false);
  } else {
    g_string_append_c(splitter->word, *splitter->at++);
  }
}

void
shell_take_backticks(ShellSplitter *splitter)
{
  const char *end = splitter->at;
  skip_quoted(&end, '`');
  take_substitution(splitter, splitter->at + 1, end, true);
}

void
shell_take_single_quotes(ShellSplitter *splitter)
{
  const char *end = strchr(++splitter->at, '\'');
  size_t size = end == NULL ? strlen(splitter->at) : (size_t)(end - splitter->at);
  g_string_append_len(splitter->word, splitter->at, (gssize)size);
  splitter->at += size + (end != NULL);
}

void
shell_take_double_quotes(ShellSplitter *splitter)
{
  splitter->at++;
  while (*splitter->at != '\0' && *splitter->at != '"') {
    char next = splitter->at[1];
    if (*splitter->at == '$') {
      shell_take_dollar(splitter);
    } else if (*splitter->at == '`') {
      shell_take_backticks(splitter);
    } else {
      if (*splitter->at == '\\' && next != '\0' && strchr("$`\"\\\n", next) != NULL)
        splitter->at++;
      if (*splitter->at != '\n' || splitter->at[-1] != '\\')
        g_string_append_c(splitter->word, *splitter->at);
      splitter->at++;
    }
  }
  if (*splitter->at == '"')
    splitter->at++;
}

void
shell_take_escaped(ShellSplitter *splitter)
{
  bool line = splitter->at[1] == '\n' || (splitter->at[1] == '\r' && splitter->at[2] == '\n');
  if (line) {
    splitter->at += splitter->at[1] == '\n' ? 2 : 3;
    return;
  }
  shell_begin_word(splitter);
  splitter->quoted = true;
  if (*++splitter->at != '\0')
    g_string_append_c(splitter->word, *splitter->at++);
}

void
shell_take_process(ShellSplitter *splitter)
{
  const char *end = find_close(splitter->at + 1, '(', ')');
  shell_begin_word(splitter);
  take_substitution(splitter, splitter->at + 2, end, true);
}
