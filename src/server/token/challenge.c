/* Where a client gets a token, and for what; see the header. */
#include "server/token/challenge.h"

#include <string.h>

#include "oci/reference.h"
#include "server/http/http-private.h"
#include "server/http/origin.h"

char *
token_challenge(const Request *request, const char *scope, const char *word)
{
  const TokenSettings *settings = &request->server->config->access.tokens;
  const char *realm = settings->realm;
  g_autofree char *origin = realm != NULL ? NULL : request_origin(request);
  if (realm == NULL && origin == NULL)
    return g_strdup("Basic realm=\"assay\", charset=\"UTF-8\"");
  GString *text = g_string_new(NULL);
  g_string_append_printf(text, "Bearer realm=\"%s%s\",service=\"%s\"",
                         realm != NULL ? realm : origin, realm != NULL ? "" : TOKEN_PATH,
                         settings->service);
  if (scope != NULL)
    g_string_append_printf(text, ",scope=\"%s\"", scope);
  if (word != NULL)
    g_string_append_printf(text, ",error=\"%s\"", word);
  return g_string_free(text, FALSE);
}

/* What clients call the verbs; who may push may read what is there, to mount and to compare. */
static const char *
actions_of(Verb verb)
{
  return verb == VERB_PULL     ? "pull"
         : verb == VERB_PUSH   ? "pull,push"
         : verb == VERB_DELETE ? "delete"
                               : NULL;
}

char *
token_scope_of(const Request *request)
{
  const Route *route = request->match.route;
  if (route == NULL)
    return NULL;
  if (route->needs == VERB_LIST && route->on == ON_WHAT_ONE_MAY)
    return g_str_has_prefix(request->path, "/v2/") ? g_strdup("registry:catalog:*") : NULL;
  const char *name = request_parameter(request, "name"), *actions = actions_of(route->needs);
  if (route->on != ON_REPOSITORY || actions == NULL || name == NULL ||
      !repository_name_is_valid(name))
    return NULL;
  const char *from = route->needs == VERB_PUSH ? request_query(request, "from") : NULL;
  if (from == NULL || !repository_name_is_valid(from) || strcmp(from, name) == 0)
    return g_strdup_printf("repository:%s:%s", name, actions);
  return g_strdup_printf("repository:%s:%s repository:%s:pull", name, actions, from);
}
