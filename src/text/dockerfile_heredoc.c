/* Which documents in place a line announces: the words that are `<<NAME`, as a shell would split
 * them, and as BuildKit does it: a line whose quotes do not end announces none. */
#include <string.h>

#include "text/dockerfile_heredoc-private.h"

/* The words of a line, with their quotes and escapes. */
typedef struct {
  const char *at;
  GString *word; /* the current one */
  bool broken;   /* a quote or a brace has no end, or a substitution is none */
  GPtrArray *words;
} Splitter;

static void
end_word(Splitter *splitter)
{
  if (splitter->word->len == 0)
    return;
  g_ptr_array_add(splitter->words, g_strndup(splitter->word->str, splitter->word->len));
  g_string_truncate(splitter->word, 0);
}

static void
take(Splitter *splitter, size_t count)
{
  size_t there = strnlen(splitter->at, count);
  g_string_append_len(splitter->word, splitter->at, (gssize)there);
  splitter->at += there;
}

static void
take_quoted(Splitter *splitter, char quote)
{
  take(splitter, 1);
  while (*splitter->at != '\0' && *splitter->at != quote)
    take(splitter, quote == '"' && *splitter->at == '\\' ? 2 : 1);
  splitter->broken |= *splitter->at == '\0';
  take(splitter, 1);
}

/* "${NAME...}", to its end. */
static void
take_braces(Splitter *splitter)
{
  const char *name = splitter->at + 2, *end = name;
  while (g_ascii_isalnum(*end) || *end == '_')
    end++;
  if (end == name && *name != '\0' && strchr("@*#?-$!", *name) != NULL)
    end++;
  const char *operation = *end == ':' ? end + 1 : end;
  bool of_words = *operation != '\0' && strchr(*end == ':' ? "+-?" : "}+-?#%/", *operation) != NULL;
  splitter->broken |= end == name || !of_words;
  take(splitter, (size_t)(end - splitter->at));
  while (*splitter->at != '\0' && *splitter->at != '}' && !splitter->broken)
    if (*splitter->at == '\'' || *splitter->at == '"')
      take_quoted(splitter, *splitter->at);
    else if (splitter->at[0] == '$' && splitter->at[1] == '{')
      take(splitter, 2);
    else
      take(splitter, *splitter->at == '\\' ? 2 : 1);
  splitter->broken |= *splitter->at == '\0';
  take(splitter, 1);
}

static void
take_one(Splitter *splitter)
{
  char next = *splitter->at;
  if (g_ascii_isspace(next)) {
    end_word(splitter);
    splitter->at++;
  } else if (next == '\'' || next == '"') {
    take_quoted(splitter, next);
  } else if (next == '$' && splitter->at[1] == '{') {
    take_braces(splitter);
  } else if (next == '<' && splitter->at[1] == '<') {
    /* The name may come after space. */
    take(splitter, 2);
    take(splitter, strspn(splitter->at, " \t"));
  } else {
    take(splitter, next == '\\' ? 2 : 1);
  }
}

/* (transfer full): NULL where the line is none of words. */
static GPtrArray *
split(const char *line)
{
  g_autoptr(GString) word = g_string_new(NULL);
  g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func(g_free);
  Splitter splitter = {line, word, false, words};
  while (*splitter.at != '\0' && !splitter.broken)
    take_one(&splitter);
  end_word(&splitter);
  return splitter.broken ? NULL : g_steal_pointer(&words);
}

/* A name without its quotes and escapes. (transfer full) */
static char *
name_of(const char *quoted)
{
  GString *name = g_string_new(NULL);
  char quote = '\0';
  for (const char *p = quoted; *p != '\0'; p++) {
    bool mark = (*p == '\'' || *p == '"') && (quote == '\0' || quote == *p);
    if (mark)
      quote = quote == '\0' ? *p : '\0';
    else if (*p == '\\' && quote == '\0' && p[1] != '\0')
      g_string_append_c(name, *++p);
    else if (*p != '\\' || quote != '\0')
      g_string_append_c(name, *p);
  }
  return g_string_free(name, FALSE);
}

/* (transfer full): NULL where @word announces none. */
static DockerfileHeredoc *
heredoc_of(const char *word)
{
  const char *mark = word + strspn(word, "0123456789");
  if (!g_str_has_prefix(mark, "<<"))
    return NULL;
  const char *rest = mark + strlen("<<");
  bool chomp = *rest == '-';
  rest += chomp;
  rest += strspn(rest, " \t");
  g_autofree char *name = strchr(rest, '<') != NULL ? NULL : name_of(rest);
  if (name == NULL || *name == '\0')
    return NULL;
  DockerfileHeredoc *heredoc = g_new0(DockerfileHeredoc, 1);
  heredoc->chomp = chomp;
  heredoc->expand = strpbrk(rest, "'\"") == NULL;
  heredoc->name = g_steal_pointer(&name);
  return heredoc;
}

GPtrArray *
dockerfile_heredocs_of(const char *line)
{
  GPtrArray *found = g_ptr_array_new_with_free_func(dockerfile_heredoc_free);
  g_autoptr(GPtrArray) words = strstr(line, "<<") == NULL ? NULL : split(line);
  for (guint i = 0; words != NULL && i < words->len; i++) {
    DockerfileHeredoc *heredoc = heredoc_of(g_ptr_array_index(words, i));
    if (heredoc != NULL)
      g_ptr_array_add(found, heredoc);
  }
  return found;
}

void
dockerfile_heredoc_free(void *data)
{
  DockerfileHeredoc *heredoc = data;
  g_free(heredoc->name);
  g_free(heredoc->text);
  g_free(heredoc);
}
