/* May who asks do that; see the header. */
#include "server/http/authorise.h"

#include <string.h>

#include "access/audit/audit.h"
#include "base/address.h"
#include "server/http/cors.h"
#include "server/http/http-private.h"
#include "server/token/challenge.h"

/* --- what handlers ask --- */

Principal *
request_principal(const Request *request)
{
  return request->principal;
}

const char *
request_user(const Request *request)
{
  const Principal *who = request->principal;
  return who == NULL || who->kind == PRINCIPAL_ANONYMOUS || who->kind == PRINCIPAL_OPEN ? NULL
                                                                                        : who->name;
}

static Decision
decide(const Request *request, const Principal *who, Verb verb, Resource on)
{
  if (request->rules == NULL)
    return (Decision){.allowed = true, .by = BY_KIND};
  return access_decide(request->rules, who, verb, on, g_get_real_time());
}

bool
request_may(const Request *request, Verb verb, const char *repository)
{
  return endpoint_serves(request->endpoint, verb, repository) &&
         decide(request, request->principal, verb, (Resource){repository, NULL}).allowed;
}

bool
request_anybody_may(const Request *request, Verb verb, const char *repository)
{
  g_autoptr(Principal) anybody = principal_nobody(PRINCIPAL_ANONYMOUS);
  return decide(request, anybody, verb, (Resource){repository, NULL}).allowed;
}

bool
request_may_all(const Request *request, Verb verb, const char *space)
{
  return endpoint_serves_all(request->endpoint, verb, space) &&
         (request->rules == NULL ||
          access_may_all(request->rules, request->principal, verb, space, g_get_real_time()));
}

/* --- refusals --- */

static bool
is_of_registry(const Request *request)
{
  return g_str_has_prefix(request->path, "/v2");
}

void
respond_unauthorized(Request *request, const char *word, const char *message)
{
  respond_oci_error(request, MHD_HTTP_UNAUTHORIZED, "UNAUTHORIZED", message, NULL);
  /* The distribution API's clients get a token; others know Basic. */
  g_autofree char *scope = is_of_registry(request) ? token_scope_of(request) : NULL;
  g_autofree char *challenge = is_of_registry(request)
                                   ? token_challenge(request, scope, word)
                                   : g_strdup("Basic realm=\"assay\", charset=\"UTF-8\"");
  response_header(request, "WWW-Authenticate", challenge);
}

static void
respond_forbidden(Request *request, const Decision *decision, Resource on)
{
  const char *verb = verb_name(request->match.route->needs);
  g_autofree char *why = decision_text(decision, request->principal);
  g_autofree char *message = g_strdup_printf("%s may not %s%s%s (%s)", request->principal->name,
                                             verb, on.repository != NULL ? " " : "",
                                             on.repository != NULL ? on.repository : "", why);
  respond_oci_error(request, MHD_HTTP_FORBIDDEN, "DENIED", message, NULL);
}

static void
note_refusal(const Request *request, const Decision *decision, Resource on)
{
  g_autofree char *why = decision_text(decision, request->principal);
  g_autofree char *object = on.repository == NULL ? g_strdup(request->path)
                            : on.tag == NULL      ? g_strdup(on.repository)
                                                  : g_strdup_printf("%s:%s", on.repository, on.tag);
  audit_note(NOTE_ACCESS_REFUSED, object, verb_name(request->match.route->needs), why);
}

static bool
may_know(const Request *request, const char *repository)
{
  return request_may(request, VERB_PULL, repository) || request_may(request, VERB_LIST, repository);
}

static void
refuse(Request *request, Decision decision, Resource on)
{
  const Principal *who = request->principal;
  /* Who has shown nothing yet is only asked to. */
  if (who->kind != PRINCIPAL_ANONYMOUS)
    note_refusal(request, &decision, on);
  if (decision.by == BY_EXPIRY) {
    respond_unauthorized(request, "invalid_token", "what was shown to log in has expired");
  } else if (who->kind == PRINCIPAL_ANONYMOUS && *who->how == '\0') {
    respond_unauthorized(request, NULL, "log in first");
  } else if (decision.by == BY_LIMITS && strcmp(who->how, "bearer") == 0) {
    respond_unauthorized(request, "insufficient_scope", "the token is for something else");
  } else if (who->kind == PRINCIPAL_ANONYMOUS) {
    respond_unauthorized(request, "insufficient_scope", "log in first");
  } else if (on.repository != NULL && !may_know(request, on.repository)) {
    respond_oci_error(request, MHD_HTTP_NOT_FOUND,
                      is_of_registry(request) ? "NAME_UNKNOWN" : "NOT_FOUND",
                      "there is no such repository, or none that you may see", NULL);
  } else {
    respond_forbidden(request, &decision, on);
  }
}

/* --- the phase --- */

/* What the path names; also by a tag that is pushed beside a digest. */
static bool
may_all_tags(Request *request, Resource on)
{
  g_auto(GStrv) tags = request_query_all(request, "tag");
  for (char **tag = tags; *tag != NULL; tag++) {
    Resource tagged = {on.repository, *tag};
    Decision decision = decide(request, request->principal, request->match.route->needs, tagged);
    if (decision.allowed)
      continue;
    refuse(request, decision, tagged);
    return false;
  }
  return true;
}

static bool
may_on(Request *request, Resource on)
{
  Decision decision = decide(request, request->principal, request->match.route->needs, on);
  if (!decision.allowed)
    refuse(request, decision, on);
  return decision.allowed;
}

static bool
may_in_repository(Request *request)
{
  const char *reference = request_parameter(request, "reference");
  bool tag = reference != NULL && strchr(reference, ':') == NULL;
  Resource on = {request_parameter(request, "name"), tag ? reference : NULL};
  return may_on(request, on) &&
         (request->match.route->needs != VERB_PUSH || may_all_tags(request, on));
}

static bool
may_somewhere(Request *request)
{
  if (request->rules == NULL || access_may_anywhere(request->rules, request->principal,
                                                    request->match.route->needs, g_get_real_time()))
    return true;
  refuse(request, (Decision){.by = BY_NOBODY}, (Resource){NULL, NULL});
  return false;
}

/* Who only shows the token of nobody has been at the door already. */
static bool
may_pass_the_door(Request *request)
{
  if (request->principal->kind != PRINCIPAL_ANONYMOUS || *request->principal->how != '\0')
    return true;
  respond_unauthorized(request, NULL, "log in first");
  return false;
}

/* A session's cookie, a certificate, and a password that a browser has once asked for go with all
 * that it sends, whoever has asked it to: another site's page, too. */
static bool
is_by_itself(const Request *request)
{
  const char *csrf = request->principal->csrf, *scheme = request->credentials.scheme;
  if (csrf != NULL)
    return g_strcmp0(csrf, request_header(request, "X-CSRF-Token")) == 0;
  return (g_strcmp0(scheme, "Certificate") != 0 && g_strcmp0(scheme, "Basic") != 0) ||
         !cors_is_foreign(request);
}

/* What anybody may needs none: a log-in sees to it itself. */
static bool
is_meant(Request *request)
{
  const Route *route = request->match.route;
  if (route->on == ON_NOTHING || strcmp(route->method, "GET") == 0 || is_by_itself(request))
    return true;
  respond_oci_error(request, MHD_HTTP_FORBIDDEN, "DENIED",
                    request->principal->csrf != NULL
                        ? "a session must send its X-CSRF-Token with what changes something"
                        : "a page of another site has a browser send this; `cors_origins` may "
                          "name its origin",
                    NULL);
  return false;
}

static bool
is_loopback(Request *request)
{
  Address address;
  return address_parse(slice_from_string(request_client(request)), &address) &&
         address_is_loopback(&address);
}

/* Until somebody administers it, nobody else can reach it. */
static bool
is_administered(Request *request)
{
  if (request->rules == NULL || access_rules_have_administrator(request->rules) ||
      is_loopback(request))
    return true;
  respond_oci_error(
      request, MHD_HTTP_FORBIDDEN, "DENIED",
      "this registry has no administrator yet, and serves its own machine alone; make "
      "one there: assay user create --admin NAME",
      NULL);
  return false;
}

bool
request_authorise(Request *request)
{
  const Route *route = request->match.route;
  if (route->needs == VERB_NONE && route_is_probe(route))
    return true;
  if (!is_administered(request) || !is_meant(request))
    return false;
  switch (route->on) {
  case ON_DOOR:
  case ON_ONESELF:
    return may_pass_the_door(request);
  case ON_REPOSITORY:
    return may_in_repository(request);
  case ON_SYSTEM:
    return may_on(request, (Resource){NULL, NULL});
  case ON_WHAT_ONE_MAY:
    return may_somewhere(request);
  case ON_NOTHING:
  case ON_UNNAMED:
    break;
  }
  return true;
}
