/* Words of instructions, and what becomes of them; see the header. */
#include "text/dockerfile_words.h"

#include <string.h>

#define SPACES "\t\v\f\r\n "
/* ${a:-${b:-...}}: deeper ones are not computed. */
#define DEPTH_MAX 20
/* Of a word: a variable that is made of itself twice grows without end. */
#define EXPANDED_MAX ((gsize)16 * 1024)

const char dockerfile_not_given[] = "";

GPtrArray *
dockerfile_words(const char *text, char escape, GArray *places)
{
  GPtrArray *words = g_ptr_array_new_with_free_func(g_free);
  const char *p = text;
  for (;;) {
    p += strspn(p, SPACES);
    if (*p == '\0')
      return words;
    const char *start = p;
    char quote = '\0';
    for (; *p != '\0' && (quote != '\0' || strchr(SPACES, *p) == NULL); p++) {
      if (*p == escape && quote != '\'' && p[1] != '\0')
        p++;
      else if (quote != '\0' ? *p == quote : *p == '\'' || *p == '"')
        quote = quote == '\0' ? *p : '\0';
    }
    g_ptr_array_add(words, g_strndup(start, (gsize)(p - start)));
    const size_t place = (size_t)(start - text);
    if (places != NULL)
      g_array_append_val(places, place);
  }
}

typedef struct {
  const char *at;
  char escape;
  DockerfileVariable variable; /* NULL: they are left as they are */
  void *data;
  bool known;
  unsigned depth;
} Expander;

static void expand_until(Expander *expander, char stop, GString *out);

static const char *
value_of(Expander *expander, const char *name)
{
  return expander->variable(name, expander->data, &expander->known);
}

/* (transfer full): "" where there is none */
static char *
take_name(Expander *expander)
{
  const char *start = expander->at;
  if (g_ascii_isdigit(*start))
    expander->at += strspn(start, "0123456789");
  else if (*start != '\0' && strchr("@*#?-$!", *start) != NULL)
    expander->at++;
  else
    while (g_ascii_isalnum(*expander->at) || *expander->at == '_')
      expander->at++;
  return g_strndup(start, (gsize)(expander->at - start));
}

/* "${" was taken. */
static void
expand_braces(Expander *expander, GString *out)
{
  g_autofree char *name = take_name(expander);
  bool empty_too = *expander->at == ':';
  expander->at += empty_too;
  char operation = *expander->at;
  if (operation != '\0')
    expander->at++;
  const char *value = value_of(expander, name);
  if (value == dockerfile_not_given) {
    expander->known &= operation == '-' || operation == '+';
    value = NULL;
  }
  bool set = value != NULL && (*value != '\0' || !empty_too);
  g_autoptr(GString) word = g_string_new(NULL);
  if (operation == '}' && !empty_too) {
    g_string_append(out, value != NULL ? value : "");
    return;
  }
  if (operation == '\0' || strchr("-+?", operation) == NULL || ++expander->depth > DEPTH_MAX) {
    expander->known = false;
    return;
  }
  expand_until(expander, '}', word);
  expander->depth--;
  if (operation == '-')
    g_string_append(out, set ? value : word->str);
  else if (operation == '+')
    g_string_append(out, set ? word->str : "");
  else
    g_string_append(out, set ? value : "");
  expander->known &= operation != '?' || set;
}

/* At a "$". */
static void
expand_variable(Expander *expander, GString *out)
{
  expander->at++;
  if (*expander->at == '{') {
    expander->at++;
    expand_braces(expander, out);
    return;
  }
  g_autofree char *name = take_name(expander);
  const char *value = *name == '\0' ? "$" : value_of(expander, name);
  expander->known &= value != dockerfile_not_given;
  g_string_append(out, value != NULL ? value : "");
}

static void
expand_quoted(Expander *expander, GString *out)
{
  char quote = *expander->at++;
  while (*expander->at != '\0' && *expander->at != quote && expander->known) {
    expander->known = out->len <= EXPANDED_MAX;
    bool literal = quote == '\'';
    if (!literal && *expander->at == '$' && expander->variable != NULL) {
      expand_variable(expander, out);
      continue;
    }
    char next = expander->at[1];
    if (!literal && *expander->at == expander->escape && next != '\0' &&
        (next == '"' || next == '$' || next == expander->escape))
      expander->at++;
    g_string_append_c(out, *expander->at++);
  }
  if (*expander->at == quote)
    expander->at++;
}

/* To @stop, which is taken, or to the end. */
static void
expand_until(Expander *expander, char stop, GString *out)
{
  while (*expander->at != '\0' && *expander->at != stop && expander->known) {
    char here = *expander->at;
    expander->known = out->len <= EXPANDED_MAX;
    if (here == '\'' || here == '"') {
      expand_quoted(expander, out);
    } else if (here == '$' && expander->variable != NULL) {
      expand_variable(expander, out);
    } else {
      if (here == expander->escape)
        expander->at++;
      if (*expander->at != '\0')
        g_string_append_c(out, *expander->at++);
    }
  }
  expander->known &= stop == '\0' || *expander->at == stop;
  if (*expander->at != '\0')
    expander->at++;
}

char *
dockerfile_expand(const char *word, char escape, DockerfileVariable variable, void *data)
{
  Expander expander = {
      .at = word, .escape = escape, .variable = variable, .data = data, .known = true};
  g_autoptr(GString) out = g_string_new(NULL);
  expand_until(&expander, '\0', out);
  return expander.known ? g_string_free(g_steal_pointer(&out), FALSE) : NULL;
}

char *
dockerfile_unquote(const char *word, char escape)
{
  return dockerfile_expand(word, escape, NULL, NULL);
}
