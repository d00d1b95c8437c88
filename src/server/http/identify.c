/* Who asks; see the header. */
#include "server/http/identify.h"

#include <string.h>

#include "access/audit/audit.h"
#include "access/credentials/secrets.h"
#include "base/error.h"
#include "server/http/authorise.h"
#include "server/http/client_certificate.h"
#include "server/http/http-private.h"
#include "server/http/microhttpd_library-private.h"
#include "server/http/origin.h"

/* --- what is shown --- */

/* RFC 7617: base64 of "name:secret", which holds no NUL. */
static bool
read_basic(Credentials *credentials, const char *text)
{
  gsize size = 0;
  g_autofree guchar *bytes = g_base64_decode(text, &size);
  const char *colon = memchr(bytes, ':', size);
  if (colon == NULL || memchr(bytes, '\0', size) != NULL)
    return false;
  credentials->scheme = "Basic";
  credentials->name = g_strndup((const char *)bytes, (gsize)(colon - (const char *)bytes));
  credentials->secret = g_strndup(colon + 1, size - (gsize)(colon + 1 - (const char *)bytes));
  return true;
}

static const char *
after_scheme(const char *header, const char *scheme)
{
  size_t size = strlen(scheme);
  if (g_ascii_strncasecmp(header, scheme, size) != 0 || header[size] != ' ')
    return NULL;
  return header + size + strspn(header + size, " ");
}

/* False: there is a header, and it says nothing that we understand. */
static bool
read_authorization(Credentials *credentials, const char *header)
{
  const char *basic = after_scheme(header, "Basic"), *bearer = after_scheme(header, "Bearer");
  if (basic != NULL)
    return read_basic(credentials, basic);
  if (bearer == NULL || *bearer == '\0')
    return false;
  credentials->scheme = "Bearer";
  credentials->secret = g_strdup(bearer);
  return true;
}

/* Where there is TLS, only by the name whose prefix keeps others from setting it. */
static const char *
session_cookie(const Request *request)
{
  return request_cookie(request, request_has_tls(request) ? "__Host-assay" : "assay");
}

static bool
read_credentials(Request *request)
{
  Credentials *credentials = &request->credentials;
  if (credentials->scheme != NULL)
    return true;
  const char *header = request_header(request, "Authorization");
  if (header != NULL)
    return read_authorization(credentials, header);
  const char *cookie = session_cookie(request);
  if (cookie != NULL) {
    credentials->scheme = "Session";
    credentials->secret = g_strdup(cookie);
  }
  return true;
}

/* By a client certificate, where nothing else is shown. False: it does not count, and
 * Request.unidentified says why. */
static bool
read_certificate(Request *request)
{
  Credentials *credentials = &request->credentials;
  if (credentials->scheme != NULL)
    return true;
  Found found = client_certificate_shown(request, &credentials->secret, &request->unidentified);
  if (found == FOUND)
    credentials->scheme = "Certificate";
  return found != FAILED;
}

static Shown
shown_by(Request *request, const char *agent)
{
  return (Shown){.scheme = request->credentials.scheme,
                 .name = request->credentials.name,
                 .secret = request->credentials.secret,
                 .address = request_client(request),
                 .agent = agent};
}

/* --- whose it is --- */

/* False: it must be looked up. */
static bool
is_at_hand(Request *request)
{
  if (request->principal == NULL && request->credentials.scheme == NULL)
    request->principal = principal_nobody(PRINCIPAL_ANONYMOUS);
  if (request->principal == NULL) {
    g_autofree char *agent = request_agent(request);
    Shown shown = shown_by(request, agent);
    request->principal = access_remembered(request->server->access, &shown);
  }
  if (request->rules == NULL)
    request->rules = access_rules_at_hand(request->server->access);
  return request->principal != NULL && request->rules != NULL;
}

static void
respond_unidentified(Request *request)
{
  if (g_error_matches(request->unidentified, ASSAY_ERROR, ASSAY_ERROR_DENIED))
    respond_unauthorized(request, "invalid_token",
                         "these credentials are wrong, have ended, or are locked");
  else if (g_error_matches(request->unidentified, ASSAY_ERROR, ASSAY_ERROR_MISMATCH))
    respond_unauthorized(request, "invalid_token", request->unidentified->message);
  else
    respond_error(request, request->unidentified);
}

bool
request_identify(Request *request)
{
  bool open = access_is_open(request->server->access);
  if (request->principal != NULL && (request->rules != NULL || open))
    return true;
  if (open) {
    request->principal = principal_nobody(PRINCIPAL_OPEN);
    return true;
  }
  if (request->match.route->needs == VERB_NONE && route_is_probe(request->match.route)) {
    request->principal = principal_nobody(PRINCIPAL_ANONYMOUS);
    return true;
  }
  if (request->unidentified != NULL) {
    respond_unidentified(request);
    return false;
  }
  if (!read_credentials(request)) {
    respond_unauthorized(request, "invalid_request",
                         "the Authorization header is none that this registry understands");
    return false;
  }
  if (!read_certificate(request)) {
    respond_unidentified(request);
    return false;
  }
  if (is_at_hand(request))
    return true;
  request->identifying = true;
  return false;
}

void
identify_note(const Request *request, const Shown *shown, const Principal *who,
              const GError *refused)
{
  Actor actor = request->actor;
  bool wrong = who == NULL && (g_error_matches(refused, ASSAY_ERROR, ASSAY_ERROR_DENIED) ||
                               g_error_matches(refused, ASSAY_ERROR, ASSAY_ERROR_MISMATCH));
  /* A bearer's token was given out to who had logged in. */
  if ((who == NULL && !wrong) || (who != NULL && strcmp(who->how, "bearer") == 0))
    return;
  actor.kind = who != NULL ? principal_kind_name(who->kind) : "unknown";
  actor.name = who != NULL ? who->name : shown->name != NULL ? shown->name : "unknown";
  actor.how = who != NULL ? who->how : NULL;
  actor_set(&actor);
  audit_note(who != NULL ? NOTE_LOGIN : NOTE_LOGIN_REFUSED, shown->scheme, NULL,
             who != NULL ? NULL : refused->message);
  actor_set(&request->actor);
}

void
identify_on_worker(void *data, void *user_data)
{
  Request *request = data;
  Access *access = request->server->access;
  g_autofree char *agent = request_agent(request);
  request_act(request);
  if (request->rules == NULL)
    request->rules = access_rules(access, &request->unidentified);
  if (request->principal == NULL && request->unidentified == NULL) {
    Shown shown = shown_by(request, agent);
    request->principal = access_identify(access, &shown, &request->unidentified);
    identify_note(request, &shown, request->principal, request->unidentified);
  }
  request_act(NULL);
  microhttpd()->resume_connection(request->handle);
}

void
identify_later(Request *request)
{
  HttpServer *server = request->server;
  g_mutex_lock(&server->hand_over);
  bool closed = server->closed;
  if (!closed)
    g_thread_pool_push(server->identifying, request, NULL);
  g_mutex_unlock(&server->hand_over);
  if (!closed)
    return;
  respond_stopping(request);
  request->begun = true;
  microhttpd()->resume_connection(request->handle);
}

void
identify_clear(Request *request)
{
  secret_free(request->credentials.name);
  secret_free(request->credentials.secret);
  g_clear_pointer(&request->principal, principal_unref);
  g_clear_pointer(&request->rules, access_rules_unref);
  g_clear_error(&request->unidentified);
}
