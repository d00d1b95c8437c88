/* Redirections, documents in place and what is given as if it were a file; see shell-private.h. */
#include <string.h>

#include "text/shell-private.h"

/* The next word, which is none of the command. (transfer full) */
static char *
take_target(ShellSplitter *splitter)
{
  splitter->at += strspn(splitter->at, SHELL_BLANKS);
  GString *kept = g_steal_pointer(&splitter->word);
  bool quoted = splitter->quoted;
  splitter->word = g_string_new(NULL);
  while (*splitter->at != '\0' && strchr(SHELL_BLANKS "\n;&|<>()", *splitter->at) == NULL)
    if (*splitter->at == '\'')
      shell_take_single_quotes(splitter);
    else if (*splitter->at == '"')
      shell_take_double_quotes(splitter);
    else if (*splitter->at == '$')
      shell_take_dollar(splitter);
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
add_document(ShellSplitter *splitter, const char *name, bool chomp)
{
  const ShellDocument document = {g_strdup(name), chomp, splitter->commands->len};
  g_array_append_val(splitter->documents, document);
}

static void
document_clear(void *data)
{
  g_free(((ShellDocument *)data)->name);
}

GArray *
shell_documents_new(void)
{
  GArray *documents = g_array_new(FALSE, FALSE, sizeof(ShellDocument));
  g_array_set_clear_func(documents, document_clear);
  return documents;
}

/* Of several, the last counts for the command; nothing of the others is to be missed either. */
static void
give(ShellCommand *command, const char *text)
{
  if (command->input == NULL)
    command->input = g_string_new(NULL);
  g_string_append(command->input, text);
}

void
shell_take_redirection(ShellSplitter *splitter)
{
  shell_begin_command(splitter);
  /* The number in front is the descriptor's. */
  GString *word = splitter->word;
  if (word != NULL && !splitter->quoted && strspn(word->str, "0123456789&") == word->len)
    g_string_free(g_steal_pointer(&splitter->word), TRUE);
  else
    shell_end_word(splitter);
  shell_begin_command(splitter);
  const char *mark = splitter->at;
  size_t size = strspn(mark, *mark == '<' ? "<" : ">");
  splitter->at += size;
  bool document = *mark == '<' && size == 2, chomp = document && *splitter->at == '-';
  bool copies = *splitter->at == '&';
  splitter->at += chomp || copies || *splitter->at == '|';
  g_autofree char *target = take_target(splitter);
  if (document)
    add_document(splitter, target, chomp);
  else if (*mark == '<' && size == 3)
    give(splitter->now, target);
  else if (*mark == '>' && (!copies || strspn(target, "0123456789-") != strlen(target)))
    g_ptr_array_add(splitter->now->redirects, g_strconcat(size > 1 ? ">>" : ">", target, NULL));
}

/* Whether the command is a shell that reads a text. */
static bool
reads_commands(const ShellSplitter *splitter, guint owner)
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

/* To its end, which is given to its command, and taken apart where that is a shell. */
static void
take_document(ShellSplitter *splitter, const ShellDocument *document, bool commands)
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
  if (document->owner < splitter->commands->len)
    give(g_ptr_array_index(splitter->commands, document->owner), text);
  if (commands)
    splitter->split(splitter, text, at, splitter->inside);
}

void
shell_take_documents(ShellSplitter *splitter)
{
  g_autoptr(GArray) documents = splitter->documents;
  splitter->documents = shell_documents_new();
  /* Once a command: it may have as many words as documents. */
  bool reads = false;
  for (guint i = 0; i < documents->len; i++) {
    const ShellDocument *document = &g_array_index(documents, ShellDocument, i);
    if (i == 0 || document->owner != document[-1].owner)
      reads = reads_commands(splitter, document->owner);
    take_document(splitter, document, reads);
  }
}
