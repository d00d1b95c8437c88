/* /api/v1/user: what people do for themselves, without the right to manage access. A token may not
 * do what would outlive it: change the password, or make other tokens. */
#include "server/api/user.h"

#include <string.h>

#include "access/credentials/tokens.h"
#include "access/people/people.h"
#include "base/error.h"
#include "base/json.h"
#include "server/api/accounts.h"
#include "server/api/tokens.h"
#include "server/http/authorise.h"

const Principal *
api_asking_person(Request *request)
{
  const Principal *who = request_principal(request);
  if (who->kind == PRINCIPAL_PERSON)
    return who;
  if (who->kind == PRINCIPAL_ANONYMOUS)
    respond_unauthorized(request, NULL, "this is for people who are logged in");
  else
    respond_oci_error(request, MHD_HTTP_FORBIDDEN, "DENIED", "this is for people alone", NULL);
  return NULL;
}

const Principal *
api_asking_by_log_in(Request *request)
{
  const Principal *who = api_asking_person(request);
  if (who == NULL ||
      (who->limits == NULL && who->token == NULL && strcmp(who->how, "password") == 0) ||
      (who->limits == NULL && strcmp(who->how, "session") == 0))
    return who;
  respond_oci_error(request, MHD_HTTP_FORBIDDEN, "DENIED",
                    "a token may not do this: log in by password or session", NULL);
  return NULL;
}

bool
api_may_end(Request *request, const Principal *who, const char *token)
{
  if (who->limits == NULL || (token != NULL && g_strcmp0(who->token, token) == 0))
    return true;
  respond_oci_error(request, MHD_HTTP_FORBIDDEN, "DENIED",
                    "a token that is cut down to less may end itself alone", NULL);
  return false;
}

static void
show_me(Request *request)
{
  const Principal *who = api_asking_person(request);
  if (who != NULL)
    api_respond_user(request, who->name, MHD_HTTP_OK);
}

/* --- the password --- */

typedef struct {
  char *present, *password;
} PasswordChange;
static const JsonMember change_members[] = {
    {JSON_MEMBER(PasswordChange, present), .kind = &json_text, .required = true},
    {JSON_MEMBER(PasswordChange, password), .kind = &json_text, .required = true},
};
static const JsonTable change_table = JSON_TABLE(PasswordChange, change_members);

static void
change_password(Request *request)
{
  g_autoptr(GError) error = NULL;
  PasswordChange body = {0};
  const Principal *who = api_asking_by_log_in(request);
  if (who == NULL)
    return;
  if (api_read_body(request, &change_table, &body)) {
    if (people_change_own_password(server_context(request)->access, who, body.present,
                                   request_client(request), body.password, &error))
      respond_empty(request, MHD_HTTP_NO_CONTENT);
    else
      respond_error(request, error);
  }
  json_table_clear(&change_table, &body);
}

/* --- tokens --- */

static void
list_own_tokens(Request *request)
{
  const Principal *who = api_asking_person(request);
  if (who != NULL)
    api_respond_tokens(request, who->name);
}

static void
create_own_token(Request *request)
{
  const Principal *who = api_asking_by_log_in(request);
  if (who != NULL)
    api_create_token(request, who->name, "/api/v1/user/tokens");
}

static void
show_own_token(Request *request)
{
  const Principal *who = api_asking_person(request);
  if (who != NULL)
    api_respond_token(request, who->name);
}

static void
revoke_own_token(Request *request)
{
  const Principal *who = api_asking_person(request);
  if (who != NULL && api_may_end(request, who, request_parameter(request, "token")))
    api_revoke_token(request, who->name);
}

const Route api_own_routes[] = {
    {"GET", "/api/v1/user", "api-own", VERB_NONE, ON_NOTHING, WORK_WAITS, .finish = show_me},
    {"POST", "/api/v1/user/password", "api-own", VERB_NONE, ON_ONESELF, WORK_WAITS,
     .finish = change_password, .body_limit = ACCOUNT_BODY_MAX},
    {"GET", "/api/v1/user/tokens", "api-own-tokens", VERB_NONE, ON_NOTHING, WORK_WAITS,
     .finish = list_own_tokens},
    {"POST", "/api/v1/user/tokens", "api-own-tokens", VERB_NONE, ON_ONESELF, WORK_WAITS,
     .finish = create_own_token, .body_limit = ACCOUNT_BODY_MAX},
    {"GET", "/api/v1/user/tokens/<token>", "api-own-tokens", VERB_NONE, ON_ONESELF, WORK_WAITS,
     .finish = show_own_token},
    {"DELETE", "/api/v1/user/tokens/<token>", "api-own-tokens", VERB_NONE, ON_ONESELF, WORK_WAITS,
     .finish = revoke_own_token},
    {NULL},
};
