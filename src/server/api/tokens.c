/* /api/v1/tokens: the personal access tokens of all people. */
#include "server/api/tokens.h"

#include "access/credentials/tokens.h"

#include "access/credentials/secrets.h"
#include "base/error.h"
#include "base/json.h"
#include "server/api/accounts.h"

/* --- the objects --- */

/* GArray * of Scope. */
static json_t *
write_scopes(const JsonMember *member, const void *value)
{
  const GArray *scopes = *(GArray *const *)value;
  return scopes == NULL ? NULL : scopes_to_json(scopes);
}

static bool
read_scopes(const JsonMember *member, const json_t *json, void *value, GError **error)
{
  GArray **scopes = value;
  if (json == NULL || json_is_null(json))
    return true;
  *scopes = scopes_from_json(json, error);
  return *scopes != NULL;
}

static void
clear_scopes(const JsonMember *member, void *value)
{
  g_clear_pointer((GArray **)value, g_array_unref);
}
static const JsonKind scopes_kind = {.type = "array",
                                     .noun = "a list of scopes",
                                     .write = write_scopes,
                                     .read = read_scopes,
                                     .clear = clear_scopes};

static const JsonMember token_members[] = {
    {JSON_MEMBER(Token, id), .kind = &json_text, .required = true},
    {JSON_MEMBER(Token, owner), .kind = &json_text, .required = true},
    {JSON_MEMBER(Token, name), .kind = &json_text, .required = true},
    {JSON_MEMBER(Token, scopes), .kind = &scopes_kind},
    {JSON_MEMBER(Token, created), .kind = &json_moment, .required = true},
    {JSON_MEMBER(Token, expires), .kind = &json_moment},
    {JSON_MEMBER(Token, last_used), .kind = &json_moment},
    {JSON_MEMBER(Token, last_address), .kind = &json_text},
};
static const JsonTable token_table = JSON_TABLE(Token, token_members);

/* What is shown once. */
typedef struct {
  char *id, *secret;
} MadeToken;
static const JsonMember made_members[] = {
    {JSON_MEMBER(MadeToken, id), .kind = &json_text, .required = true},
    {JSON_MEMBER_AS("token", MadeToken, secret), .kind = &json_text, .required = true},
};
static const JsonTable made_table = JSON_TABLE(MadeToken, made_members);

const ApiSchema api_token_schemas[] = {
    {"PersonalToken", &token_table},
    {"MadeToken", &made_table},
    {NULL},
};

/* --- listing --- */

static const char *
token_id(void *token)
{
  return ((Token *)token)->id;
}

void
api_respond_tokens(Request *request, const char *owner)
{
  g_autoptr(GError) error = NULL;
  uint64_t limit;
  const char *last;
  if (!api_names_of(request, &limit, &last))
    return;
  g_autoptr(GPtrArray) tokens =
      tokens_after(server_context(request)->sql, owner, last, (unsigned)limit, &error);
  if (tokens == NULL)
    respond_error(request, error);
  else
    api_respond_names(request, "tokens", tokens, &token_table, limit, token_id);
}

void
api_respond_token(Request *request, const char *owner)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(Token) token =
      tokens_find(server_context(request)->sql, owner, request_parameter(request, "token"), &error);
  g_autoptr(json_t) body = token == NULL ? NULL : json_table_write(&token_table, token);
  if (body == NULL)
    respond_error(request, error);
  else
    respond_json(request, MHD_HTTP_OK, body);
}

static void
show_token(Request *request)
{
  api_respond_token(request, NULL);
}

static void
list_tokens(Request *request)
{
  api_respond_tokens(request, request_query(request, "user"));
}

/* --- making --- */

typedef struct {
  char *user, *name;
  GArray *scopes;
  int64_t expires;
} TokenBody;
static const JsonMember new_members[] = {
    {JSON_MEMBER(TokenBody, user), .kind = &json_text},
    {JSON_MEMBER(TokenBody, name), .kind = &json_text, .required = true},
    {JSON_MEMBER(TokenBody, scopes), .kind = &scopes_kind},
    {JSON_MEMBER(TokenBody, expires), .kind = &json_moment},
};
static const JsonTable new_table = JSON_TABLE(TokenBody, new_members);

static void
make_token(Request *request, const TokenBody *body, const char *owner, const char *folder)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(SecretText) secret = NULL;
  g_autofree char *id = NULL;
  const NewToken token = {owner, body->name, body->scopes, body->expires};
  if (!tokens_create(server_context(request)->access, &token, api_asker(request), &id, &secret,
                     &error)) {
    respond_error(request, error);
    return;
  }
  const MadeToken made = {id, secret};
  g_autoptr(json_t) answer = json_table_write(&made_table, &made);
  api_respond_made(request, answer, folder, id);
  response_shown_once(request);
}

void
api_create_token(Request *request, const char *owner, const char *folder)
{
  TokenBody body = {0};
  if (api_read_body(request, &new_table, &body)) {
    const char *whose = owner != NULL ? owner : body.user;
    if (whose == NULL)
      api_refuse(request, "\"user\" is missing: whose token is it?");
    else
      make_token(request, &body, whose, folder);
  }
  json_table_clear(&new_table, &body);
}

static void
create_token(Request *request)
{
  if (api_is_administrator(request))
    api_create_token(request, NULL, "/api/v1/tokens");
}

void
api_revoke_token(Request *request, const char *owner)
{
  g_autoptr(GError) error = NULL;
  if (tokens_revoke(server_context(request)->access, request_parameter(request, "token"), owner,
                    api_asker(request), &error))
    respond_empty(request, MHD_HTTP_NO_CONTENT);
  else
    respond_error(request, error);
}

static void
revoke_token(Request *request)
{
  api_revoke_token(request, NULL);
}

const Route api_token_routes[] = {
    {"GET", "/api/v1/tokens", "api-tokens", VERB_MANAGE_ACCESS, ON_SYSTEM, WORK_WAITS,
     .finish = list_tokens},
    {"POST", "/api/v1/tokens", "api-tokens", VERB_MANAGE_ACCESS, ON_SYSTEM, WORK_WAITS,
     .finish = create_token, .body_limit = ACCOUNT_BODY_MAX},
    {"GET", "/api/v1/tokens/<token>", "api-token", VERB_MANAGE_ACCESS, ON_SYSTEM, WORK_WAITS,
     .finish = show_token},
    {"DELETE", "/api/v1/tokens/<token>", "api-token", VERB_MANAGE_ACCESS, ON_SYSTEM, WORK_WAITS,
     .finish = revoke_token},
    {NULL},
};
