/* What an endpoint admits and serves; see the header. */
#include "access/endpoint/endpoint.h"

#include <string.h>

#include "text/glob.h"

static VerbSet
read_verbs(char **names)
{
  VerbSet verbs = 0;
  for (; *names != NULL; names++) {
    Verb verb;
    if (strcmp(*names, "all") == 0)
      verbs |= VERBS_ALL;
    else if (verb_find(*names, &verb))
      verbs |= VERB_BIT(verb);
  }
  return verbs;
}

Endpoint *
endpoint_new(EndpointSettings *settings, bool configured)
{
  Endpoint *endpoint = g_new0(Endpoint, 1);
  g_atomic_ref_count_init(&endpoint->references);
  endpoint->settings = settings;
  endpoint->configured = configured;
  endpoint->allow = address_blocks_new((const char *const *)settings->allow);
  endpoint->deny = address_blocks_new((const char *const *)settings->deny);
  endpoint->proxy_protocol = address_blocks_new((const char *const *)settings->proxy_protocol);
  endpoint->trusted_proxies = address_blocks_new((const char *const *)settings->trusted_proxies);
  endpoint->verbs = read_verbs(settings->verbs);
  return endpoint;
}

Endpoint *
endpoint_new_default(GStrv listen, const char *const *trusted_proxies)
{
  static const char *const everybody[] = {"0.0.0.0/0", "::/0", NULL};
  EndpointSettings *settings = g_new0(EndpointSettings, 1);
  settings_defaults(&endpoint_settings_section, settings);
  settings->name = g_strdup(ENDPOINT_DEFAULT);
  g_strfreev(settings->listen);
  settings->listen = listen;
  g_strfreev(settings->allow);
  settings->allow = g_strdupv((char **)(uintptr_t)everybody);
  if (trusted_proxies != NULL) {
    g_strfreev(settings->trusted_proxies);
    settings->trusted_proxies = g_strdupv((char **)(uintptr_t)trusted_proxies);
  }
  return endpoint_new(settings, true);
}

Endpoint *
endpoint_ref(Endpoint *endpoint)
{
  g_atomic_ref_count_inc(&endpoint->references);
  return endpoint;
}

void
endpoint_unref(Endpoint *endpoint)
{
  if (endpoint == NULL || !g_atomic_ref_count_dec(&endpoint->references))
    return;
  endpoint_settings_free(endpoint->settings);
  g_array_unref(endpoint->allow);
  g_array_unref(endpoint->deny);
  g_array_unref(endpoint->proxy_protocol);
  g_array_unref(endpoint->trusted_proxies);
  g_free(endpoint);
}

const char *
endpoint_name(const Endpoint *endpoint)
{
  return endpoint->settings->name;
}

/* --- who comes in --- */

Admission
endpoint_admits(const Endpoint *endpoint, const Address *address, const char **rule)
{
  const char *ignored = NULL;
  rule = rule == NULL ? &ignored : rule;
  *rule = NULL;
  if (endpoint->allow->len == 0)
    return ADMITTED_NOBODY;
  int denied = address_blocks_find(endpoint->deny, address);
  int allowed = denied >= 0 ? -1 : address_blocks_find(endpoint->allow, address);
  if (denied >= 0)
    *rule = endpoint->settings->deny[denied];
  else if (allowed >= 0)
    *rule = endpoint->settings->allow[allowed];
  return denied >= 0 ? ADMITTED_DENIED : allowed >= 0 ? ADMITTED : ADMITTED_BY_NONE;
}

char *
admission_text(const Endpoint *endpoint, const Address *address)
{
  char text[INET6_ADDRSTRLEN];
  const char *rule;
  address_text(address, text);
  switch (endpoint_admits(endpoint, address, &rule)) {
  case ADMITTED:
    return g_strdup_printf("%s is allowed by %s", text, rule);
  case ADMITTED_DENIED:
    return g_strdup_printf("%s is denied by %s", text, rule);
  case ADMITTED_NOBODY:
    return g_strdup("the endpoint is closed: its `allow` is empty");
  case ADMITTED_BY_NONE:
    break;
  }
  return g_strdup_printf("no block of `allow` has %s", text);
}

bool
endpoint_trusts(const Endpoint *endpoint, const Address *peer)
{
  return address_blocks_find(endpoint->trusted_proxies, peer) >= 0;
}

/* --- what is served --- */

static bool
serves_repository(const Endpoint *endpoint, const char *repository)
{
  for (char **pattern = endpoint->settings->repositories; *pattern != NULL; pattern++)
    if (repository == NULL ? strcmp(*pattern, "*") == 0 : glob_matches_across(*pattern, repository))
      return true;
  return false;
}

bool
endpoint_serves(const Endpoint *endpoint, Verb verb, const char *repository)
{
  return verb == VERB_NONE ||
         ((endpoint->verbs & VERB_BIT(verb)) != 0 && serves_repository(endpoint, repository));
}

bool
endpoint_serves_some(const Endpoint *endpoint, Verb verb)
{
  return verb == VERB_NONE ||
         ((endpoint->verbs & VERB_BIT(verb)) != 0 && *endpoint->settings->repositories != NULL);
}

bool
endpoint_serves_all(const Endpoint *endpoint, Verb verb, const char *space)
{
  if (endpoint_serves(endpoint, verb, NULL))
    return true;
  if (space == NULL || (endpoint->verbs & VERB_BIT(verb)) == 0)
    return false;
  g_autofree char *all = g_strconcat(space, "/*", NULL);
  return g_strv_contains((const char *const *)endpoint->settings->repositories, all);
}

char *
endpoint_services_text(const Endpoint *endpoint)
{
  g_autofree char *verbs = g_strjoinv(", ", endpoint->settings->verbs);
  g_autofree char *repositories = g_strjoinv(", ", endpoint->settings->repositories);
  if (*verbs == '\0' || *repositories == '\0')
    return g_strdup("nothing");
  return g_strdup_printf("%s on %s", verbs, repositories);
}

char *
endpoint_refusal_text(const Endpoint *endpoint, Verb verb, const char *repository)
{
  g_autofree char *services = endpoint_services_text(endpoint);
  return g_strdup_printf("endpoint %s serves %s, and this is %s%s%s", endpoint_name(endpoint),
                         services, verb_name(verb), repository == NULL ? "" : " on ",
                         repository == NULL ? "" : repository);
}

bool
endpoint_is_called(const Endpoint *endpoint, const char *server_name)
{
  char **names = endpoint->settings->server_names;
  if (*names == NULL)
    return true;
  for (; server_name != NULL && *names != NULL; names++)
    if (g_ascii_strcasecmp(*names, server_name) == 0)
      return true;
  return false;
}
