/* /api/v1/session/oidc: log-in by a provider of OpenID Connect, of browsers and of terminals.
 *
 * A browser is sent to the provider and comes back with a code (access/directory/oidc_log_in.h).
 * What it then gets is a page, not a redirect: the session's cookie is SameSite=Strict, and would
 * not go with a request that another site's redirect has begun. A terminal shows a code that its
 * person types in at the provider (oidc_device.h), and gets a personal access token. */
#include <string.h>

#include "access/audit/audit.h"
#include "access/credentials/sessions.h"
#include "access/credentials/tokens.h"
#include "access/directory/oidc_device.h"
#include "access/directory/oidc_log_in.h"
#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "server/api/accounts.h"
#include "server/api/sessions.h"
#include "server/http/origin.h"

#define PATH "/api/v1/session/oidc/"

/* --- the objects --- */

typedef struct {
  const char *name, *title;
  char *log_in;
} Provider;
static const JsonMember provider_members[] = {
    {JSON_MEMBER(Provider, name), .kind = &json_text, .required = true},
    {JSON_MEMBER(Provider, title), .kind = &json_text, .required = true},
    {JSON_MEMBER(Provider, log_in), .kind = &json_text, .required = true},
};
static const JsonTable provider_table = JSON_TABLE(Provider, provider_members);

static const JsonMember device_members[] = {
    {JSON_MEMBER(OidcDevice, handle), .kind = &json_text, .required = true},
    {JSON_MEMBER(OidcDevice, user_code), .kind = &json_text, .required = true},
    {JSON_MEMBER(OidcDevice, verification_uri), .kind = &json_text, .required = true},
    {JSON_MEMBER(OidcDevice, verification_uri_complete), .kind = &json_text},
    {JSON_MEMBER(OidcDevice, interval), .kind = &json_number, .required = true},
    {JSON_MEMBER(OidcDevice, expires), .kind = &json_moment, .required = true},
};
static const JsonTable device_table = JSON_TABLE(OidcDevice, device_members);

typedef struct {
  const char *state; /* "pending"; "slower": wait five seconds more from now on */
} Waiting;
static const JsonMember waiting_members[] = {
    {JSON_MEMBER(Waiting, state), .kind = &json_text, .required = true},
};
static const JsonTable waiting_table = JSON_TABLE(Waiting, waiting_members);

typedef struct {
  char *user, *id, *token;
  int64_t expires;
} DeviceToken;
static const JsonMember device_token_members[] = {
    {JSON_MEMBER(DeviceToken, user), .kind = &json_text, .required = true},
    {JSON_MEMBER(DeviceToken, id), .kind = &json_text, .required = true},
    {JSON_MEMBER(DeviceToken, token), .kind = &json_text, .required = true},
    {JSON_MEMBER(DeviceToken, expires), .kind = &json_moment, .required = true},
};
static const JsonTable device_token_table = JSON_TABLE(DeviceToken, device_token_members);

const ApiSchema api_oidc_schemas[] = {
    {"Providers.providers", &provider_table},
    {"DeviceLogIn", &device_table},
    {"DeviceWaiting", &waiting_table},
    {"DeviceToken", &device_token_table},
    {NULL},
};

/* --- what the handlers share --- */

static Access *
access_of(const Request *request)
{
  return server_context(request)->access;
}

/* That of the path. NULL: it has responded. */
static const OidcSettings *
provider_of(Request *request)
{
  const char *name = request_parameter(request, "provider");
  const OidcSettings *settings = oidc_find(access_of(request), name);
  if (settings == NULL)
    respond_oci_error(request, MHD_HTTP_NOT_FOUND, "NOT_FOUND",
                      "there is no such provider (access.oidc)", NULL);
  return settings;
}

/* What is between us and the provider is for the log: it names files and addresses. */
static void
respond_unavailable(Request *request, const OidcSettings *settings, const GError *error)
{
  g_autofree char *message = g_strdup_printf(
      "the provider %s cannot be asked now: the log of the registry says why", settings->name);
  log_warning("a provider of log-ins cannot be asked", "provider", settings->name, "error",
              error->message, NULL);
  respond_oci_error(request, MHD_HTTP_BAD_GATEWAY, "UNAVAILABLE", message, NULL);
}

/* A "no" is noted, and the client is told why: it is about what its own person did. */
static void
respond_refused(Request *request, const OidcSettings *settings, const GError *error)
{
  g_autofree char *source = oidc_source(settings);
  if (g_error_matches(error, ASSAY_ERROR, ASSAY_ERROR_DENIED)) {
    audit_note(NOTE_LOGIN_REFUSED, source, NULL, error->message);
    respond_oci_error(request, MHD_HTTP_UNAUTHORIZED, "UNAUTHORIZED", error->message, NULL);
  } else if (g_error_matches(error, ASSAY_ERROR, ASSAY_ERROR_UNSUPPORTED)) {
    respond_oci_error(request, MHD_HTTP_NOT_FOUND, "NOT_FOUND", error->message, NULL);
  } else {
    respond_unavailable(request, settings, error);
  }
  response_header(request, "Cache-Control", "no-store");
}

/* --- the list --- */

static void
list_providers(Request *request)
{
  const AccessSettings *settings = access_settings(access_of(request));
  g_autoptr(json_t) body = json_object();
  json_t *list = json_array();
  json_object_set_new(body, "providers", list);
  for (unsigned i = 0; settings != NULL && i < settings->oidc_count; i++) {
    const OidcSettings *each = &settings->oidc[i];
    g_autofree char *path = g_strconcat(PATH, each->name, NULL);
    const Provider provider = {each->name, each->title != NULL ? each->title : each->name, path};
    json_array_append_new(list, json_table_write(&provider_table, &provider));
  }
  respond_json(request, MHD_HTTP_OK, body);
}

/* --- browsers --- */

/* Lax: it must come along when the provider sends the browser back. */
static void
set_attempt_cookie(Request *request, const char *value, unsigned seconds)
{
  bool secure = request_has_tls(request);
  response_header_format(request, "Set-Cookie",
                         "%sassay-oidc=%s; Path=/; Max-Age=%u; HttpOnly; SameSite=Lax%s",
                         secure ? "__Host-" : "", value, seconds, secure ? "; Secure" : "");
}

static const char *
attempt_cookie(const Request *request)
{
  return request_cookie(request, request_has_tls(request) ? "__Host-assay-oidc" : "assay-oidc");
}

/* Where the provider sends the browser. NULL: it has responded. (transfer full) */
static char *
redirect_of(Request *request, const OidcSettings *settings)
{
  g_autofree char *origin =
      settings->url != NULL ? g_strdup(settings->url) : request_origin(request);
  if (origin == NULL) {
    api_refuse(request, "the Host header names no address of this registry");
    return NULL;
  }
  for (size_t size = strlen(origin); size > 0 && origin[size - 1] == '/'; size--)
    origin[size - 1] = '\0';
  return g_strconcat(origin, PATH, settings->name, "/callback", NULL);
}

static void
begin_log_in(Request *request)
{
  g_autoptr(GError) error = NULL;
  const char *back = request_query(request, "return");
  const OidcSettings *settings = provider_of(request);
  g_autofree char *redirect = settings == NULL ? NULL : redirect_of(request, settings);
  if (redirect == NULL)
    return;
  if (back != NULL && !oidc_is_path(back)) {
    api_refuse(request, "\"return\" must be a path of this registry");
    return;
  }
  g_autofree char *url = NULL, *cookie = NULL;
  if (!oidc_log_in_begin(access_of(request), settings, redirect, back, &url, &cookie, &error)) {
    respond_refused(request, settings, error);
    return;
  }
  respond_empty(request, MHD_HTTP_FOUND);
  response_header(request, "Location", url);
  response_header(request, "Cache-Control", "no-store");
  set_attempt_cookie(request, cookie, OIDC_LOG_IN_SECONDS);
}

static void
respond_logged_in(Request *request, const Session *session, const char *back)
{
  g_autofree char *name = g_markup_escape_text(session->name, -1);
  g_autofree char *path = g_markup_escape_text(back != NULL ? back : "/", -1);
  g_autofree char *go_on = back == NULL ? g_strdup("You may close this page.")
                                        : g_strdup_printf("<a href=\"%s\">Continue</a>", path);
  g_autofree char *refresh =
      back == NULL ? g_strdup("")
                   : g_strdup_printf("<meta http-equiv=\"refresh\" content=\"0;url=%s\">", path);
  g_autofree char *page = g_strdup_printf(
      "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\">%s<title>Logged in</title>\n"
      "<p>You are logged in as %s. %s</p>\n",
      refresh, name, go_on);
  respond_text(request, MHD_HTTP_OK, "text/html; charset=utf-8", page);
  response_header(
      request, "Content-Security-Policy",
      "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'");
  response_header(request, "Referrer-Policy", "no-referrer");
  api_give_session(request, session);
}

static void
finish_log_in(Request *request)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(Session) session = NULL;
  const OidcSettings *settings = provider_of(request);
  int64_t person;
  if (settings == NULL)
    return;
  g_autofree char *source = oidc_source(settings), *agent = request_agent(request), *back = NULL;
  const OidcReturn returned = {.cookie = attempt_cookie(request),
                               .state = request_query(request, "state"),
                               .code = request_query(request, "code"),
                               .issuer = request_query(request, "iss"),
                               .error = request_query(request, "error")};
  if (oidc_log_in_finish(access_of(request), settings, &returned, &person, &back, &error))
    session = session_open_proven(access_of(request), person, source, request_client(request),
                                  agent, &error);
  if (session != NULL)
    respond_logged_in(request, session, back);
  else
    respond_refused(request, settings, error);
  set_attempt_cookie(request, "", 0);
}

/* --- terminals --- */

static void
begin_device(Request *request)
{
  g_autoptr(GError) error = NULL;
  g_auto(OidcDevice) device = {0};
  const OidcSettings *settings = provider_of(request);
  if (settings == NULL)
    return;
  if (!oidc_device_begin(access_of(request), settings, &device, &error)) {
    respond_refused(request, settings, error);
    return;
  }
  g_autoptr(json_t) body = json_table_write(&device_table, &device);
  respond_json(request, MHD_HTTP_OK, body);
  response_header(request, "Cache-Control", "no-store");
}

/* Its name tells when it was made, to people and to the next of the same day. */
static char *
name_of_token(void)
{
  g_autoptr(GDateTime) now = g_date_time_new_now_utc();
  g_autofree char *time = g_date_time_format(now, "%Y-%m-%d %H:%M:%S");
  return g_strdup_printf("assay login %s.%06d", time, g_date_time_get_microsecond(now));
}

static bool
make_token(Request *request, const OidcSettings *settings, int64_t person, DeviceToken *made,
           GError **error)
{
  Access *access = access_of(request);
  g_auto(Account) account = {0};
  g_autoptr(Principal) who = NULL;
  g_autofree char *name = name_of_token(), *source = oidc_source(settings);
  g_autoptr(SqlConnection) db = sql_acquire(access_sql(access), error);
  Found found = db == NULL ? FAILED : account_find_by_id(db, person, &account, error);
  if (found == ABSENT)
    return error_set(error, ASSAY_ERROR_DENIED, "the person was deleted");
  if (found == FAILED || account_identified(db, &account, "token", &who, error) != FOUND)
    return false;
  g_clear_pointer(&db, sql_release);
  made->expires = g_get_real_time() + (int64_t)settings->token_life * G_USEC_PER_SEC;
  const NewToken token = {account.name, name, NULL, made->expires};
  made->user = g_strdup(account.name);
  return tokens_create(access, &token, source, &made->id, &made->token, error);
}

static void
respond_device_token(Request *request, const OidcSettings *settings, int64_t person)
{
  g_autoptr(GError) error = NULL;
  DeviceToken made = {0};
  if (make_token(request, settings, person, &made, &error)) {
    g_autoptr(json_t) body = json_table_write(&device_token_table, &made);
    respond_json(request, MHD_HTTP_CREATED, body);
    response_header(request, "Cache-Control", "no-store");
  } else {
    respond_refused(request, settings, error);
  }
  if (made.token != NULL)
    explicit_bzero(made.token, strlen(made.token));
  json_table_clear(&device_token_table, &made);
}

static void
respond_waiting(Request *request, const char *state)
{
  const Waiting waiting = {state};
  g_autoptr(json_t) body = json_table_write(&waiting_table, &waiting);
  respond_json(request, MHD_HTTP_ACCEPTED, body);
  response_header(request, "Cache-Control", "no-store");
}

typedef struct {
  char *handle;
} DeviceQuestion;
static const JsonMember question_members[] = {
    {JSON_MEMBER(DeviceQuestion, handle), .kind = &json_text, .required = true},
};
static const JsonTable question_table = JSON_TABLE(DeviceQuestion, question_members);

static void
ask_device(Request *request)
{
  g_autoptr(GError) error = NULL;
  DeviceQuestion body = {0};
  int64_t person = 0;
  const OidcSettings *settings = provider_of(request);
  if (settings == NULL)
    return;
  if (api_read_body(request, &question_table, &body))
    switch (oidc_device_ask(access_of(request), settings, body.handle, &person, &error)) {
    case OIDC_DEVICE_DONE:
      respond_device_token(request, settings, person);
      break;
    case OIDC_DEVICE_WAIT:
      respond_waiting(request, "pending");
      break;
    case OIDC_DEVICE_SLOWER:
      respond_waiting(request, "slower");
      break;
    default:
      respond_refused(request, settings, error);
    }
  json_table_clear(&question_table, &body);
}

const Route api_oidc_routes[] = {
    {"GET", "/api/v1/session/providers", "api-session", VERB_NONE, ON_NOTHING, WORK_AT_ONCE,
     .finish = list_providers},
    {"GET", PATH "<provider>", "api-oidc", VERB_NONE, ON_NOTHING, WORK_WAITS,
     .finish = begin_log_in},
    {"GET", PATH "<provider>/callback", "api-oidc", VERB_NONE, ON_NOTHING, WORK_WAITS,
     .finish = finish_log_in},
    {"POST", PATH "<provider>/device", "api-oidc", VERB_NONE, ON_NOTHING, WORK_WAITS,
     .finish = begin_device, .body_limit = ACCOUNT_BODY_MAX},
    {"POST", PATH "<provider>/device/token", "api-oidc", VERB_NONE, ON_NOTHING, WORK_WAITS,
     .finish = ask_device, .body_limit = ACCOUNT_BODY_MAX},
    {NULL},
};
