/* The token endpoint; see the header.
 *
 * The refresh token is the personal access token itself: it is a row that its owner sees, names,
 * limits and revokes already, and another kind of long-lived secret beside it would have to be all
 * of that as well. So who logs in by one is given it back when it asks for a refresh token, and
 * docker keeps that in place of a password. Who logs in by a password, or as a robot, is given
 * none, and the client keeps what it has.
 *
 * containerd falls back from POST to GET on 400, 401, 404 and 405 alone, so nothing that a client
 * may do wrong is answered by another status. */
#include "server/token/token.h"

#include <string.h>

#include "access/credentials/bearer.h"
#include "access/credentials/secrets.h"
#include "access/keys/keys.h"
#include "base/error.h"
#include "base/json.h"
#include "base/metrics.h"
#include "registry/move.h"
#include "server/http/http-private.h"
#include "server/server-private.h"
#include "server/token/challenge.h"
#include "server/token/form.h"
#include "server/token/grant.h"
#include "server/token/scopes.h"

#define FORM_BYTES_MAX ((size_t)64 * 1024)
/* RFC 8693, section 2.1. */
#define TOKEN_EXCHANGE "urn:ietf:params:oauth:grant-type:token-exchange"
/* Clients take a shorter life for this long. */
#define LIFE_LEAST 60

METRIC(tokens_made, COUNTER_BY("assay_tokens_made_total", "Tokens made by the token endpoint.",
                               "for", "nobody", "person", "robot"));

/* --- the answer --- */

typedef struct {
  char *token, *scope, *refresh;
  char *issued_token_type, *token_type; /* of an exchange (RFC 8693, section 2.2.1) */
  int64_t expires_in, issued;
} TokenAnswer;

static const JsonMember answer_members[] = {
    {JSON_MEMBER(TokenAnswer, token), .kind = &json_text, .required = true},
    {JSON_MEMBER_AS("access_token", TokenAnswer, token), .kind = &json_text, .required = true},
    {JSON_MEMBER(TokenAnswer, expires_in), .kind = &json_number},
    {JSON_MEMBER_AS("issued_at", TokenAnswer, issued), .kind = &json_moment, .required = true},
    {JSON_MEMBER(TokenAnswer, scope), .kind = &json_text, .required = true},
    {JSON_MEMBER_AS("refresh_token", TokenAnswer, refresh), .kind = &json_text},
    {JSON_MEMBER(TokenAnswer, issued_token_type), .kind = &json_text},
    {JSON_MEMBER(TokenAnswer, token_type), .kind = &json_text},
};
static const JsonTable answer_table = JSON_TABLE(TokenAnswer, answer_members);

const ApiSchema token_schemas[] = {{"BearerToken", &answer_table}, {NULL}};

/* --- what is asked --- */

typedef struct {
  Principal *who;
  const char *service; /* or NULL */
  const char *refresh; /* to be given back, or NULL */
  GPtrArray *scopes;   /* TokenScope */
  bool named_none;     /* no scope at all */
  bool exchange;       /* of another issuer's token */
} Ask;

static void
respond_wrong(Request *request, const char *message)
{
  respond_oci_error(request, MHD_HTTP_UNAUTHORIZED, "UNAUTHORIZED", message, NULL);
  response_header(request, "WWW-Authenticate", "Basic realm=\"assay\", charset=\"UTF-8\"");
}

static bool
take_scopes(Request *request, Ask *ask, char *const *texts)
{
  ask->scopes = token_scopes_new();
  ask->named_none = true;
  for (; *texts != NULL; texts++) {
    ask->named_none = ask->named_none && **texts == '\0';
    if (token_scopes_parse(*texts, ask->scopes))
      continue;
    respond_oci_error(request, MHD_HTTP_BAD_REQUEST, "INVALID", "too many scopes at once", NULL);
    return false;
  }
  return true;
}

/* Another registry may trust our tokens, where the configuration names it. */
static bool
take_service(Request *request, const TokenSettings *settings, Ask *ask)
{
  if (ask->service == NULL || *ask->service == '\0')
    ask->service = settings->service;
  if (strcmp(ask->service, settings->service) == 0 ||
      (settings->services != NULL &&
       g_strv_contains((const char *const *)settings->services, ask->service)))
    return true;
  respond_oci_error(request, MHD_HTTP_BAD_REQUEST, "INVALID",
                    "no tokens are made for this service; access.token_services lists those of "
                    "other registries",
                    NULL);
  return false;
}

/* Who pulls by a name that a repository had is answered from the one that it has: the token is for
 * that, too. */
static void
follow_moves(Request *request, GPtrArray *scopes)
{
  for (guint i = 0, asked = scopes->len; i < asked; i++) {
    const TokenScope *scope = g_ptr_array_index(scopes, i);
    g_autofree char *moved =
        strcmp(scope->type, "repository") != 0
            ? NULL
            : registry_moved_to(server_context(request)->registry, scope->name);
    if (moved == NULL)
      continue;
    TokenScope *added = g_new0(TokenScope, 1);
    added->type = g_strdup(scope->type);
    added->name = g_steal_pointer(&moved);
    added->actions = g_strdupv((char *[]){(char *)(uintptr_t) "pull", NULL});
    g_ptr_array_add(scopes, added);
  }
}

static json_t *
grant_now(Access *access, const Ask *ask, bool own, GError **error)
{
  g_autoptr(AccessRules) rules = NULL;
  if (!access_is_open(access) && (rules = access_rules(access, error)) == NULL)
    return NULL;
  const Grantor grantor = {.rules = rules, .who = ask->who, .own = own, .now = g_get_real_time()};
  return grant(&grantor, ask->scopes);
}

static void
respond_made(Request *request, TokenAnswer *answer)
{
  g_autoptr(json_t) body = json_table_write(&answer_table, answer);
  respond_json(request, MHD_HTTP_OK, body);
  response_header(request, "Cache-Control", "no-store");
}

static void
make(Request *request, const Ask *ask)
{
  static char access_token_type[] = "urn:ietf:params:oauth:token-type:access_token";
  static char bearer_type[] = "Bearer";
  g_autoptr(GError) error = NULL;
  Access *access = server_context(request)->access;
  const TokenSettings *settings = token_keys_settings(access_keys(access));
  bool own = strcmp(ask->service, settings->service) == 0;
  if (own)
    follow_moves(request, ask->scopes);
  g_autoptr(json_t) granted = grant_now(access, ask, own, &error);
  int64_t now = g_get_real_time(), ends = 0;
  const BearerAsk bearer = {ask->who, ask->service, granted, now};
  g_autofree char *token = granted == NULL ? NULL : bearer_make(access, &bearer, &ends, &error);
  if (token == NULL) {
    respond_error(request, error);
    return;
  }
  g_autofree char *scope = granted_text(granted), *refresh = g_strdup(ask->refresh);
  TokenAnswer answer = {.token = token,
                        .scope = scope,
                        .refresh = refresh,
                        .issued_token_type = ask->exchange ? access_token_type : NULL,
                        .token_type = ask->exchange ? bearer_type : NULL,
                        .expires_in = MAX(LIFE_LEAST, ends - now / G_USEC_PER_SEC),
                        .issued = now};
  metric_add_at(&tokens_made,
                ask->who->kind == PRINCIPAL_PERSON  ? 1
                : ask->who->kind == PRINCIPAL_ROBOT ? 2
                                                    : 0,
                1);
  respond_made(request, &answer);
}

/* What clients ask for to see whether a log-in is right names no scope: that is for nobody but who
 * has logged in. */
static void
answer(Request *request, Ask *ask)
{
  const Principal *who = ask->who;
  const TokenSettings *settings = token_keys_settings(access_keys(server_context(request)->access));
  bool known = who->kind == PRINCIPAL_PERSON || who->kind == PRINCIPAL_ROBOT;
  if (!known && who->kind != PRINCIPAL_ANONYMOUS && who->kind != PRINCIPAL_OPEN)
    respond_wrong(request, "the operator's key needs no token: show it itself");
  else if (known && strcmp(who->how, bearer_identity.how) == 0)
    respond_wrong(request, "a token does not give another; log in again");
  else if (who->kind == PRINCIPAL_ANONYMOUS && ask->named_none)
    respond_wrong(request, "log in, or name a scope");
  else if (take_service(request, settings, ask))
    make(request, ask);
}

/* --- GET --- */

static void
token_get(Request *request)
{
  g_auto(GStrv) texts = request_query_all(request, "scope");
  Ask ask = {.who = request_principal(request), .service = request_query(request, "service")};
  bool offline = g_strcmp0(request_query(request, "offline_token"), "true") == 0;
  if (offline && strcmp(ask.who->how, "token") == 0)
    ask.refresh = request->credentials.secret;
  if (take_scopes(request, &ask, texts))
    answer(request, &ask);
  g_clear_pointer(&ask.scopes, g_ptr_array_unref);
}

/* --- POST --- */

/* How each grant_type shows who asks. */
typedef struct {
  const char *type, *field;
  const char *how; /* what it must be found by; NULL: whatever */
  bool named;      /* with a username */
} FormKind;
static const FormKind form_kinds[] = {
    {"password", "password", NULL, true},
    {"refresh_token", "refresh_token", "token", false},
    {TOKEN_EXCHANGE, "subject_token", "workload", false},
};

static const FormKind *
form_kind(const char *type)
{
  for (size_t i = 0; i < G_N_ELEMENTS(form_kinds); i++)
    if (g_strcmp0(form_kinds[i].type, type) == 0)
      return &form_kinds[i];
  return NULL;
}

/* In an exchange a name says which of several robots is meant. NULL: it has responded. */
static Principal *
identify_form(Request *request, const FormKind *kind, const char *name, const char *secret)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *agent = request_agent(request);
  if (kind == NULL || secret == NULL || (kind->named && name == NULL)) {
    respond_oci_error(request, MHD_HTTP_BAD_REQUEST, "INVALID",
                      "grant_type must be password, with username and password, refresh_token, "
                      "with refresh_token, or " TOKEN_EXCHANGE ", with subject_token",
                      NULL);
    return NULL;
  }
  bool basic = kind->named || (name != NULL && strcmp(kind->type, TOKEN_EXCHANGE) == 0);
  const Shown shown = {.scheme = basic ? "Basic" : "Bearer",
                       .name = basic ? name : NULL,
                       .secret = secret,
                       .address = request_client(request),
                       .agent = agent};
  g_autoptr(Principal) who = access_identify(server_context(request)->access, &shown, &error);
  if (who != NULL && kind->how != NULL && strcmp(who->how, kind->how) != 0) {
    g_clear_pointer(&who, principal_unref);
    error_set(&error, ASSAY_ERROR_DENIED, "the grant_type takes other credentials than these");
  }
  identify_note(request, &shown, who, error);
  if (who != NULL)
    return g_steal_pointer(&who);
  if (g_error_matches(error, ASSAY_ERROR, ASSAY_ERROR_DENIED))
    respond_wrong(request, "these credentials are wrong, have ended, or are locked");
  else if (g_error_matches(error, ASSAY_ERROR, ASSAY_ERROR_MISMATCH))
    respond_wrong(request, error->message);
  else
    respond_error(request, error);
  return NULL;
}

static void
answer_form(Request *request, Slice form, const FormKind *kind, const char *secret)
{
  g_autofree char *name = form_value(form, "username"), *service = form_value(form, "service"),
                  *audience = form_value(form, "audience"),
                  *offline = form_value(form, "access_type");
  g_auto(GStrv) texts = form_values(form, "scope");
  g_autoptr(Principal) who = access_is_open(server_context(request)->access)
                                 ? principal_ref(request_principal(request))
                                 : identify_form(request, kind, name, secret);
  if (who == NULL)
    return;
  bool exchange = kind != NULL && strcmp(kind->type, TOKEN_EXCHANGE) == 0;
  bool refresh = kind != NULL && strcmp(kind->type, "refresh_token") == 0;
  Ask ask = {.who = who,
             .service = service == NULL && exchange ? audience : service,
             .exchange = exchange};
  if (refresh || (g_strcmp0(offline, "offline") == 0 && strcmp(who->how, "token") == 0))
    ask.refresh = secret;
  if (take_scopes(request, &ask, texts))
    answer(request, &ask);
  g_clear_pointer(&ask.scopes, g_ptr_array_unref);
}

static void
token_post(Request *request)
{
  GBytes *body = request_body(request);
  Slice form = body == NULL ? SLICE_EMPTY : slice_from_bytes(body);
  g_autofree char *type = form_value(form, "grant_type");
  const FormKind *kind = form_kind(type);
  g_autoptr(SecretText) secret = kind == NULL ? NULL : form_value(form, kind->field);
  answer_form(request, form, kind, secret);
}

/* --- keys --- */

static void
token_jwks(Request *request)
{
  g_autoptr(json_t) set = token_keys_jwks(access_keys(server_context(request)->access));
  respond_json(request, MHD_HTTP_OK, set);
  response_header(request, "Cache-Control", "public, max-age=300");
}

static void
token_certificates(Request *request)
{
  g_autofree char *text = token_keys_certificates(access_keys(server_context(request)->access));
  respond_text(request, MHD_HTTP_OK, "application/x-pem-file", text);
  response_header(request, "Cache-Control", "public, max-age=300");
}

const Route token_routes[] = {
    {"GET", TOKEN_PATH, "token", VERB_NONE, ON_NOTHING, WORK_WAITS, .finish = token_get},
    {"POST", TOKEN_PATH, "token", VERB_NONE, ON_NOTHING, WORK_WAITS, .finish = token_post,
     .body_limit = FORM_BYTES_MAX},
    {"GET", "/.well-known/jwks.json", "token-keys", VERB_NONE, ON_NOTHING, WORK_AT_ONCE,
     .finish = token_jwks},
    {"GET", "/.well-known/token-certificates.pem", "token-keys", VERB_NONE, ON_NOTHING,
     WORK_AT_ONCE, .finish = token_certificates},
    {NULL},
};
