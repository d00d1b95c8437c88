/* What a token is asked for; see the header. */
#include "server/token/scopes.h"

#include <string.h>

static void
scope_free(void *data)
{
  TokenScope *scope = data;
  g_free(scope->type);
  g_free(scope->name);
  g_strfreev(scope->actions);
  g_free(scope);
}

GPtrArray *
token_scopes_new(void)
{
  return g_ptr_array_new_with_free_func(scope_free);
}

/* "repository(plugin)" is the same as "repository". */
static char *
plain_type(const char *text, size_t size)
{
  const char *bracket = memchr(text, '(', size);
  return g_strndup(text, bracket == NULL ? size : (size_t)(bracket - text));
}

/* The type ends at the first colon, the actions begin after the last. */
static void
add_scope(const char *text, GPtrArray *scopes)
{
  const char *first = strchr(text, ':'), *last = strrchr(text, ':');
  if (first == NULL || first == last || first == text || last == first + 1 || last[1] == '\0')
    return;
  TokenScope *scope = g_new0(TokenScope, 1);
  scope->type = plain_type(text, (size_t)(first - text));
  scope->name = g_strndup(first + 1, (size_t)(last - first - 1));
  scope->actions = g_strsplit(last + 1, ",", -1);
  g_ptr_array_add(scopes, scope);
}

bool
token_scopes_parse(const char *text, GPtrArray *scopes)
{
  if (strlen(text) > SCOPE_BYTES_MAX)
    return false;
  g_auto(GStrv) words = g_strsplit(text, " ", -1);
  for (char **word = words; *word != NULL; word++) {
    if (scopes->len >= SCOPES_MAX)
      return false;
    add_scope(*word, scopes);
  }
  return true;
}
