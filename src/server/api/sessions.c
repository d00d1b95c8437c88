/* /api/v1/session: the log-in of a browser, and who one is; /api/v1/sessions: those that one has.
 */
#include "server/api/sessions.h"

#include <string.h>

#include "access/credentials/sessions.h"
#include "access/rights/delegation.h"
#include "access/rights/explain.h"
#include "base/error.h"
#include "base/json.h"
#include "server/api/accounts.h"
#include "server/api/user.h"
#include "server/http/identify.h"
#include "server/http/origin.h"

/* --- the objects --- */

typedef struct {
  const char *kind, *name, *how, *session, *csrf;
  int64_t expires;
} Asker;
static const JsonMember asker_members[] = {
    {JSON_MEMBER(Asker, kind), .kind = &json_text, .required = true},
    {JSON_MEMBER(Asker, name), .kind = &json_text, .required = true},
    {JSON_MEMBER(Asker, how), .kind = &json_text},
    {JSON_MEMBER(Asker, session), .kind = &json_text},
    {JSON_MEMBER(Asker, csrf), .kind = &json_text},
    {JSON_MEMBER(Asker, expires), .kind = &json_moment},
};
static const JsonTable asker_table = JSON_TABLE(Asker, asker_members);

static const JsonMember session_members[] = {
    {JSON_MEMBER(Session, id), .kind = &json_text, .required = true},
    {JSON_MEMBER(Session, created), .kind = &json_moment, .required = true},
    {JSON_MEMBER(Session, expires), .kind = &json_moment, .required = true},
    {JSON_MEMBER(Session, last_used), .kind = &json_moment, .required = true},
    {JSON_MEMBER(Session, address), .kind = &json_text},
    {JSON_MEMBER(Session, agent), .kind = &json_text},
};
static const JsonTable session_table = JSON_TABLE(Session, session_members);

const ApiSchema api_session_schemas[] = {
    {"Asker", &asker_table},
    {"Sessions.sessions", &session_table},
    {NULL},
};

/* --- the cookie --- */

/* The prefix has a browser take the cookie from this host by TLS alone (RFC 6265bis, 4.1.3.2). */
static void
set_cookie(Request *request, const char *secret, int64_t seconds)
{
  g_autofree char *origin = request_origin(request);
  bool secure = origin != NULL && g_str_has_prefix(origin, "https:");
  response_header_format(request, "Set-Cookie",
                         "%sassay=%s; Path=/; Max-Age=%" G_GINT64_FORMAT
                         "; HttpOnly; SameSite=Strict%s",
                         secure ? "__Host-" : "", secret, seconds, secure ? "; Secure" : "");
  response_shown_once(request);
}

/* --- log-in and log-out --- */

typedef struct {
  char *name, *password, *code;
} LogIn;
static const JsonMember log_in_members[] = {
    {JSON_MEMBER(LogIn, name), .kind = &json_text, .required = true},
    {JSON_MEMBER(LogIn, password), .kind = &json_text, .required = true},
    {JSON_MEMBER(LogIn, code), .kind = &json_text},
};
static const JsonTable log_in_table = JSON_TABLE(LogIn, log_in_members);

/* What forms of other sites cannot send without asking first (CORS), so that none can have a
 * browser log in as somebody else. */
static bool
is_json(Request *request)
{
  const char *type = request_header(request, "Content-Type");
  if (type != NULL && g_ascii_strncasecmp(type, "application/json", 16) == 0 &&
      strchr("; \t", type[16]) != NULL)
    return true;
  respond_oci_error(request, MHD_HTTP_UNSUPPORTED_MEDIA_TYPE, "UNSUPPORTED",
                    "a log-in has the Content-Type application/json", NULL);
  return false;
}

/* Not which of them is wrong, until both are right. */
static void
respond_not_logged_in(Request *request, const GError *error)
{
  bool code = g_error_matches(error, ASSAY_ERROR, ASSAY_ERROR_MISMATCH);
  if (code || g_error_matches(error, ASSAY_ERROR, ASSAY_ERROR_DENIED) ||
      g_error_matches(error, ASSAY_ERROR, ASSAY_ERROR_NOT_FOUND))
    respond_oci_error(request, MHD_HTTP_UNAUTHORIZED, "UNAUTHORIZED",
                      code ? error->message
                           : "the name or the password is wrong, or too many were: then wait",
                      NULL);
  else
    respond_error(request, error);
}

static void
end_former(Request *request)
{
  const Principal *who = request_principal(request);
  if (strcmp(who->how, session_identity.how) == 0)
    session_end(server_context(request)->access, who->id, who->token, NULL);
}

void
api_give_session(Request *request, const Session *session)
{
  end_former(request);
  set_cookie(request, session->secret, (session->expires - session->created) / G_USEC_PER_SEC);
}

static void
respond_session(Request *request, const Session *session)
{
  const Asker asker = {.kind = principal_kind_name(PRINCIPAL_PERSON),
                       .name = session->name,
                       .how = session_identity.how,
                       .session = session->id,
                       .csrf = session->csrf,
                       .expires = session->expires};
  g_autoptr(json_t) body = json_table_write(&asker_table, &asker);
  respond_json(request, MHD_HTTP_CREATED, body);
  api_give_session(request, session);
}

static void
log_in(Request *request)
{
  g_autoptr(GError) error = NULL;
  LogIn body = {0};
  if (is_json(request) && api_read_body(request, &log_in_table, &body)) {
    g_autofree char *agent = request_agent(request);
    g_autoptr(Session) session =
        session_open(server_context(request)->access, body.name, body.password, body.code,
                     request_client(request), agent, &error);
    const Shown shown = {.scheme = "Session", .name = body.name};
    if (session != NULL) {
      respond_session(request, session);
    } else {
      identify_note(request, &shown, NULL, error);
      respond_not_logged_in(request, error);
    }
  }
  if (body.password != NULL)
    explicit_bzero(body.password, strlen(body.password));
  json_table_clear(&log_in_table, &body);
}

static void
log_out(Request *request)
{
  g_autoptr(GError) error = NULL;
  const Principal *who = request_principal(request);
  if (strcmp(who->how, session_identity.how) != 0)
    respond_oci_error(request, MHD_HTTP_NOT_FOUND, "NOT_FOUND", "this is no session", NULL);
  else if (session_end(server_context(request)->access, who->id, who->token, &error))
    respond_empty(request, MHD_HTTP_NO_CONTENT);
  else
    respond_error(request, error);
  set_cookie(request, "", 0);
}

static void
who_am_i(Request *request)
{
  const Principal *who = request_principal(request);
  bool session = strcmp(who->how, session_identity.how) == 0;
  const Asker asker = {.kind = principal_kind_name(who->kind),
                       .name = who->name,
                       .how = *who->how == '\0' ? NULL : who->how,
                       .session = session ? who->token : NULL,
                       .csrf = session ? who->csrf : NULL,
                       .expires = who->expires};
  g_autoptr(json_t) body = json_table_write(&asker_table, &asker);
  respond_json(request, MHD_HTTP_OK, body);
  response_shown_once(request);
}

/* --- those that one has --- */

/* One's own; of ?user= for who manages all access. False: it has responded. */
static bool
find_person(Request *request, int64_t *person)
{
  g_autoptr(GError) error = NULL;
  const char *name = request_query(request, "user"), *ended = NULL;
  const Principal *asker = request_principal(request);
  Access *access = server_context(request)->access;
  *person = asker->id;
  if (name == NULL || strcmp(name, asker->name) == 0)
    return true;
  g_autoptr(AccessRules) rules = access_rules(access, &error);
  if (rules != NULL && !access_manages(rules, asker, "*", g_get_real_time())) {
    respond_oci_error(request, MHD_HTTP_FORBIDDEN, "DENIED",
                      "sessions of others are for who manages access on all", NULL);
    return false;
  }
  g_autoptr(Principal) who =
      rules == NULL ? NULL : access_principal_named(access, name, &ended, &error);
  if (who == NULL)
    respond_error(request, error);
  else
    *person = who->id;
  return who != NULL;
}

static void
list_sessions(Request *request)
{
  g_autoptr(GError) error = NULL;
  int64_t person;
  if (!find_person(request, &person))
    return;
  g_autoptr(GPtrArray) sessions = sessions_of(server_context(request)->access, person, &error);
  if (sessions == NULL) {
    respond_error(request, error);
    return;
  }
  g_autoptr(json_t) body = json_object();
  json_t *list = json_array();
  json_object_set_new(body, "sessions", list);
  for (guint i = 0; i < sessions->len; i++)
    json_array_append_new(list, json_table_write(&session_table, g_ptr_array_index(sessions, i)));
  respond_json(request, MHD_HTTP_OK, body);
}

static void
end_one(Request *request)
{
  g_autoptr(GError) error = NULL;
  int64_t person;
  if (!find_person(request, &person) || !api_may_end(request, request_principal(request), NULL))
    return;
  if (session_end(server_context(request)->access, person, request_parameter(request, "session"),
                  &error))
    respond_empty(request, MHD_HTTP_NO_CONTENT);
  else
    respond_error(request, error);
}

const Route api_session_routes[] = {
    {"POST", "/api/v1/session", "api-session", VERB_NONE, ON_NOTHING, WORK_WAITS, .finish = log_in,
     .body_limit = ACCOUNT_BODY_MAX},
    {"GET", "/api/v1/session", "api-session", VERB_NONE, ON_NOTHING, WORK_AT_ONCE,
     .finish = who_am_i},
    {"DELETE", "/api/v1/session", "api-session", VERB_NONE, ON_DOOR, WORK_WAITS, .finish = log_out},
    {"GET", "/api/v1/sessions", "api-sessions", VERB_NONE, ON_DOOR, WORK_WAITS,
     .finish = list_sessions},
    {"DELETE", "/api/v1/sessions/<session>", "api-sessions", VERB_NONE, ON_DOOR, WORK_WAITS,
     .finish = end_one},
    {NULL},
};
