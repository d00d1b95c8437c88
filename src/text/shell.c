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
#define BLANKS    " \t\r\v\f"

/* One in place, which begins after the line. */
typedef struct {
  char *name;
  bool chomp;  /* tabs in front of its lines do not count */
  guint owner; /* the command that reads it */
} Document;

typedef struct {
  const char *text, *at;
  GPtrArray *commands; /* ShellCommand */
  ShellCommand *now;   /* the current one, or NULL */
  GString *word;       /* the current one, or NULL */
  bool quoted;         /* a part of the word was */
  const char *began;   /* the current command */
  GArray *documents;   /* Document: those of this line */
  int piped_from;      /* of the next command */
  bool guarded, skips; /* the next; the words of `for` and `case`, which are no command */
  bool pattern;        /* words up to ")" are those of a case */
  unsigned depth;
  size_t base; /* where the text is in the outermost */
  bool inside; /* the text is a quoted word: all in it is at `base` */
} Splitter;

static void split(const Splitter *outer, const char *text, size_t base, bool inside);

static void
command_free(void *data)
{
  ShellCommand *command = data;
  g_ptr_array_unref(command->variables);
  g_ptr_array_unref(command->words);
  g_ptr_array_unref(command->redirects);
  g_free(command->text);
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

static void
begin_command(Splitter *splitter)
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
  splitter->now->piped_from = -1;
  splitter->began = splitter->at;
}

/* A word of control in front of a command: what is next begins it. */
static bool
take_control(Splitter *splitter, const char *word)
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
  g_clear_pointer(&splitter->now, command_free);
  return true;
}

static void
end_word(Splitter *splitter)
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
      g_clear_pointer(&splitter->now, command_free);
    }
  } else if (!take_control(splitter, word)) {
    GPtrArray *list = first && is_assignment(word) ? now->variables : now->words;
    g_ptr_array_add(list, g_steal_pointer(&word));
  }
  splitter->quoted = false;
}

static void
begin_word(Splitter *splitter)
{
  begin_command(splitter);
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

static void
end_command(Splitter *splitter)
{
  end_word(splitter);
  ShellCommand *now = g_steal_pointer(&splitter->now);
  splitter->skips = false;
  if (now == NULL)
    return;
  if ((now->words->len == 0 && now->variables->len == 0) ||
      splitter->commands->len >= SHELL_COMMANDS_MAX) {
    command_free(now);
    return;
  }
  now->text = squeeze(splitter->began, (size_t)(splitter->at - splitter->began));
  now->piped_from = splitter->piped_from;
  now->guarded = splitter->guarded;
  g_ptr_array_add(splitter->commands, now);
  splitter->piped_from = -1;
  splitter->guarded = false;
  const char *text = shell_script_of(now);
  if (text != NULL)
    split(splitter, text, now->at, true);
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
take_substitution(Splitter *splitter, const char *from, const char *end, bool of_commands)
{
  g_autofree char *inside = g_strndup(from, (gsize)(end - from));
  size_t at = splitter->inside ? splitter->base : splitter->base + (size_t)(from - splitter->text);
  const char *next = *end == '\0' ? end : end + 1;
  g_string_append_len(splitter->word, splitter->at, next - splitter->at);
  splitter->at = next;
  if (of_commands)
    split(splitter, inside, at, splitter->inside);
}

static void
take_dollar(Splitter *splitter)
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

static void
take_backticks(Splitter *splitter)
{
  const char *end = splitter->at;
  skip_quoted(&end, '`');
  take_substitution(splitter, splitter->at + 1, end, true);
}

static void
take_single_quotes(Splitter *splitter)
{
  const char *end = strchr(++splitter->at, '\'');
  size_t size = end == NULL ? strlen(splitter->at) : (size_t)(end - splitter->at);
  g_string_append_len(splitter->word, splitter->at, (gssize)size);
  splitter->at += size + (end != NULL);
}

static void
take_double_quotes(Splitter *splitter)
{
  splitter->at++;
  while (*splitter->at != '\0' && *splitter->at != '"') {
    char next = splitter->at[1];
    if (*splitter->at == '$') {
      take_dollar(splitter);
    } else if (*splitter->at == '`') {
      take_backticks(splitter);
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

static void
take_escaped(Splitter *splitter)
{
  bool line = splitter->at[1] == '\n' || (splitter->at[1] == '\r' && splitter->at[2] == '\n');
  if (line) {
    splitter->at += splitter->at[1] == '\n' ? 2 : 3;
    return;
  }
  begin_word(splitter);
  splitter->quoted = true;
  if (*++splitter->at != '\0')
    g_string_append_c(splitter->word, *splitter->at++);
}

/* --- redirections and documents --- */

/* The next word, which is none of the command. (transfer full) */
static char *
take_target(Splitter *splitter)
{
  splitter->at += strspn(splitter->at, BLANKS);
  GString *kept = g_steal_pointer(&splitter->word);
  bool quoted = splitter->quoted;
  splitter->word = g_string_new(NULL);
  while (*splitter->at != '\0' && strchr(BLANKS "\n;&|<>()", *splitter->at) == NULL)
    if (*splitter->at == '\'')
      take_single_quotes(splitter);
    else if (*splitter->at == '"')
      take_double_quotes(splitter);
    else if (*splitter->at == '$')
      take_dollar(splitter);
    else if (*splitter->at == '\\' && splitter->at[1] != '\0')
      splitter->at++, g_string_append_c(splitter->word, *splitter->at++);
    else
      g_string_append_c(splitter->word, *splitter->at++);
  char *target = g_string_free(splitter->word, FALSE);
  splitter->word = kept;
  splitter->quoted = quoted;
  return target;
}

static void
add_document(Splitter *splitter, const char *name, bool chomp)
{
  const Document document = {g_strdup(name), chomp, splitter->commands->len};
  g_array_append_val(splitter->documents, document);
}

static void
document_clear(void *data)
{
  g_free(((Document *)data)->name);
}

static GArray *
documents_new(void)
{
  GArray *documents = g_array_new(FALSE, FALSE, sizeof(Document));
  g_array_set_clear_func(documents, document_clear);
  return documents;
}

/* At "<" or ">". */
static void
take_redirection(Splitter *splitter)
{
  begin_command(splitter);
  /* The number in front is the descriptor's. */
  GString *word = splitter->word;
  if (word != NULL && !splitter->quoted && strspn(word->str, "0123456789&") == word->len)
    g_string_free(g_steal_pointer(&splitter->word), TRUE);
  else
    end_word(splitter);
  begin_command(splitter);
  const char *mark = splitter->at;
  size_t size = strspn(mark, *mark == '<' ? "<" : ">");
  splitter->at += size;
  bool document = *mark == '<' && size == 2, chomp = document && *splitter->at == '-';
  bool copies = *splitter->at == '&';
  splitter->at += chomp || copies || *splitter->at == '|';
  g_autofree char *target = take_target(splitter);
  if (document)
    add_document(splitter, target, chomp);
  else if (*mark == '>' && (!copies || strspn(target, "0123456789-") != strlen(target)))
    g_ptr_array_add(splitter->now->redirects, g_strconcat(size > 1 ? ">>" : ">", target, NULL));
}

/* Whether the command is a shell that reads a text. */
static bool
reads_commands(const Splitter *splitter, guint owner)
{
  guint arguments = 0;
  const ShellCommand *command =
      owner < splitter->commands->len ? g_ptr_array_index(splitter->commands, owner) : NULL;
  if (command == NULL || !shell_reads_scripts(shell_program(command, &arguments)))
    return false;
  for (guint i = arguments; i < command->words->len; i++)
    if (*(const char *)g_ptr_array_index(command->words, i) != '-')
      return false;
  return true;
}

static void
skip_document(Splitter *splitter, const Document *document, bool commands)
{
  const char *name = document->name, *start = splitter->at, *end = start;
  while (*splitter->at != '\0') {
    const char *line = splitter->at + (document->chomp ? strspn(splitter->at, "\t") : 0);
    size_t size = strcspn(line, "\r\n");
    end = splitter->at;
    splitter->at = line + size;
    splitter->at += strspn(splitter->at, "\r");
    splitter->at += *splitter->at == '\n';
    if (strlen(name) == size && strncmp(line, name, size) == 0)
      break;
    end = splitter->at;
  }
  g_autofree char *text = g_strndup(start, (gsize)(end - start));
  size_t at = splitter->inside ? splitter->base : splitter->base + (size_t)(start - splitter->text);
  if (commands)
    split(splitter, text, at, splitter->inside);
}

/* --- the pass --- */

static void
end_line(Splitter *splitter)
{
  end_command(splitter);
  splitter->at++;
  g_autoptr(GArray) documents = splitter->documents;
  splitter->documents = documents_new();
  /* Once a command: it may have as many words as documents. */
  bool reads = false;
  for (guint i = 0; i < documents->len; i++) {
    const Document *document = &g_array_index(documents, Document, i);
    if (i == 0 || document->owner != document[-1].owner)
      reads = reads_commands(splitter, document->owner);
    skip_document(splitter, document, reads);
  }
}

/* At ";", "&", "|", "(" or ")". */
static void
take_separator(Splitter *splitter)
{
  char mark = *splitter->at;
  if (mark == '&' && splitter->at[1] == '>') {
    splitter->at++;
    return;
  }
  if (splitter->pattern && (mark == ')' || mark == '|' || mark == '(')) {
    if (splitter->word != NULL)
      g_string_free(g_steal_pointer(&splitter->word), TRUE);
    g_clear_pointer(&splitter->now, command_free);
    splitter->pattern = mark != ')';
    splitter->at++;
    return;
  }
  guint before = splitter->commands->len;
  end_command(splitter);
  bool twice = splitter->at[1] == mark;
  splitter->pattern = mark == ';' && twice;
  if (mark == '|' && !twice && splitter->commands->len > 0)
    splitter->piped_from =
        (int)(splitter->commands->len > before ? before : splitter->commands->len - 1);
  splitter->guarded = mark == '|' && twice;
  splitter->at += twice && mark != '(' && mark != ')' ? 2 : 1;
}

static void
take_one(Splitter *splitter)
{
  char here = *splitter->at;
  if (here == '\n')
    end_line(splitter);
  else if (strchr(BLANKS, here) != NULL)
    end_word(splitter), splitter->at++;
  else if (here == '#' && splitter->word == NULL)
    end_word(splitter), splitter->at += strcspn(splitter->at, "\n");
  else if (strchr(";&|()", here) != NULL)
    take_separator(splitter);
  else if (here == '<' || here == '>')
    take_redirection(splitter);
  else if (here == '\\')
    take_escaped(splitter);
  else {
    begin_word(splitter);
    splitter->quoted |= here == '\'' || here == '"';
    if (here == '\'')
      take_single_quotes(splitter);
    else if (here == '"')
      take_double_quotes(splitter);
    else if (here == '$')
      take_dollar(splitter);
    else if (here == '`')
      take_backticks(splitter);
    else
      g_string_append_c(splitter->word, *splitter->at++);
  }
}

static void
split(const Splitter *outer, const char *text, size_t base, bool inside)
{
  if (outer->depth + 1 > DEPTH_MAX)
    return;
  Splitter splitter = {.text = text,
                       .at = text,
                       .commands = outer->commands,
                       .documents = documents_new(),
                       .piped_from = -1,
                       .depth = outer->depth + 1,
                       .base = base,
                       .inside = inside};
  while (*splitter.at != '\0')
    take_one(&splitter);
  end_command(&splitter);
  g_array_unref(splitter.documents);
}

GPtrArray *
shell_commands(const char *text)
{
  GPtrArray *commands = g_ptr_array_new_with_free_func(command_free);
  split(&(const Splitter){.commands = commands}, text, 0, false);
  return commands;
}
