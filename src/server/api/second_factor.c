/* /api/v1/user/totp and /api/v1/users/<user>/totp: the second factor. */
#include "access/credentials/second_factor.h"

#include <string.h>

#include "access/credentials/password_identity.h"
#include "access/credentials/secrets.h"
#include "base/error.h"
#include "base/json.h"
#include "server/api/accounts.h"
#include "server/api/user.h"

/* --- the objects --- */

typedef struct {
  char *secret, *uri;
} Begun;
static const JsonMember begun_members[] = {
    {JSON_MEMBER(Begun, secret), .kind = &json_text, .required = true},
    {JSON_MEMBER(Begun, uri), .kind = &json_text, .required = true},
};
static const JsonTable begun_table = JSON_TABLE(Begun, begun_members);

typedef struct {
  GStrv codes;
} Confirmed;
static const JsonMember confirmed_members[] = {
    {JSON_MEMBER_AS("recovery_codes", Confirmed, codes), .kind = &json_texts, .required = true},
};
static const JsonTable confirmed_table = JSON_TABLE(Confirmed, confirmed_members);

const ApiSchema api_second_factor_schemas[] = {
    {"SecondFactor", &begun_table},
    {"RecoveryCodes", &confirmed_table},
    {NULL},
};

/* What a client sends. */
typedef struct {
  char *present, *code;
} Proof;
static const JsonMember begin_members[] = {
    {JSON_MEMBER(Proof, present), .kind = &json_text, .required = true},
};
static const JsonTable begin_table = JSON_TABLE(Proof, begin_members);
static const JsonMember confirm_members[] = {
    {JSON_MEMBER(Proof, code), .kind = &json_text, .required = true},
};
static const JsonTable confirm_table = JSON_TABLE(Proof, confirm_members);
static const JsonMember remove_members[] = {
    {JSON_MEMBER(Proof, present), .kind = &json_text, .required = true},
    {JSON_MEMBER(Proof, code), .kind = &json_text, .required = true},
};
static const JsonTable remove_table = JSON_TABLE(Proof, remove_members);

static void
clear_proof(const JsonTable *table, Proof *proof)
{
  if (proof->present != NULL)
    explicit_bzero(proof->present, strlen(proof->present));
  json_table_clear(table, proof);
}

/* --- one's own --- */

static void
respond_begun(Request *request, const char *name)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(SecretText) secret = NULL, uri = NULL;
  if (!second_factor_begin(server_context(request)->access, name, &secret, &uri, &error)) {
    respond_error(request, error);
    return;
  }
  const Begun begun = {secret, uri};
  g_autoptr(json_t) body = json_table_write(&begun_table, &begun);
  respond_json(request, MHD_HTTP_CREATED, body);
  response_shown_once(request);
}

static void
begin_own(Request *request)
{
  g_autoptr(GError) error = NULL;
  Proof proof = {0};
  const Principal *who = api_asking_by_log_in(request);
  if (who == NULL)
    return;
  if (api_read_body(request, &begin_table, &proof)) {
    if (password_prove(server_context(request)->access, who->name, proof.present,
                       request_client(request), &error))
      respond_begun(request, who->name);
    else
      respond_error(request, error);
  }
  clear_proof(&begin_table, &proof);
}

static void
respond_confirmed(Request *request, const char *name, const char *code)
{
  g_autoptr(GError) error = NULL;
  g_auto(GStrv) codes = NULL;
  if (!second_factor_confirm(server_context(request)->access, name, code, &codes, &error)) {
    respond_error(request, error);
    return;
  }
  const Confirmed confirmed = {codes};
  g_autoptr(json_t) body = json_table_write(&confirmed_table, &confirmed);
  respond_json(request, MHD_HTTP_OK, body);
  response_shown_once(request);
}

static void
confirm_own(Request *request)
{
  Proof proof = {0};
  const Principal *who = api_asking_by_log_in(request);
  if (who == NULL)
    return;
  if (api_read_body(request, &confirm_table, &proof))
    respond_confirmed(request, who->name, proof.code);
  clear_proof(&confirm_table, &proof);
}

/* A token may ask for it, too: the password and a code are what lets it. */
static void
remove_own(Request *request)
{
  g_autoptr(GError) error = NULL;
  Proof proof = {0};
  const Principal *who = api_asking_person(request);
  if (who == NULL)
    return;
  Access *access = server_context(request)->access;
  if (api_read_body(request, &remove_table, &proof)) {
    if (password_prove_both(access, who->name, proof.present, proof.code, request_client(request),
                            &error) &&
        second_factor_remove(access, who->name, who->name, &error))
      respond_empty(request, MHD_HTTP_NO_CONTENT);
    else if (g_error_matches(error, ASSAY_ERROR, ASSAY_ERROR_MISMATCH))
      respond_oci_error(request, MHD_HTTP_FORBIDDEN, "DENIED", error->message, NULL);
    else
      respond_error(request, error);
  }
  clear_proof(&remove_table, &proof);
}

/* --- another's --- */

static void
remove_of(Request *request)
{
  g_autoptr(GError) error = NULL;
  if (!api_is_administrator(request))
    return;
  if (second_factor_remove(server_context(request)->access, request_parameter(request, "user"),
                           api_asker(request), &error))
    respond_empty(request, MHD_HTTP_NO_CONTENT);
  else
    respond_error(request, error);
}

const Route api_second_factor_routes[] = {
    {"POST", "/api/v1/user/totp", "api-own", VERB_NONE, ON_ONESELF, WORK_WAITS, .finish = begin_own,
     .body_limit = ACCOUNT_BODY_MAX},
    {"PUT", "/api/v1/user/totp", "api-own", VERB_NONE, ON_ONESELF, WORK_WAITS,
     .finish = confirm_own, .body_limit = ACCOUNT_BODY_MAX},
    {"DELETE", "/api/v1/user/totp", "api-own", VERB_NONE, ON_ONESELF, WORK_WAITS,
     .finish = remove_own, .body_limit = ACCOUNT_BODY_MAX},
    {"DELETE", "/api/v1/users/<user>/totp", "api-user", VERB_MANAGE_ACCESS, ON_SYSTEM, WORK_WAITS,
     .finish = remove_of},
    {NULL},
};
