/* The tokens of the token endpoint; see the header. */
#include "access/credentials/bearer.h"

#include <gnutls/crypto.h>
#include <string.h>

#include "access/credentials/proof.h"
#include "access/keys/jwt.h"
#include "access/keys/keys.h"
#include "access/people/accounts.h"
#include "base/error.h"
#include "base/gnutls_library.h"
#include "text/base64url.h"

/* What all of ours begin with: {" in base64url. */
#define JWT_PREFIX "eyJ"
/* Entries of a token's list; the endpoint grants fewer. */
#define ENTRIES_MAX 1000

VerbSet
bearer_verbs(const char *action)
{
  static const struct {
    const char *action;
    VerbSet verbs;
  } actions[] = {
      {"pull", VERB_BIT(VERB_PULL)},
      {"push", VERB_BIT(VERB_PUSH)},
      {"delete", VERB_BIT(VERB_DELETE)},
      {"*", VERB_BIT(VERB_PULL) | VERB_BIT(VERB_PUSH) | VERB_BIT(VERB_DELETE)},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(actions); i++)
    if (g_strcmp0(action, actions[i].action) == 0)
      return actions[i].verbs;
  return 0;
}

/* --- making --- */

static json_t *
owner_of(const Principal *who)
{
  json_t *owner = json_object();
  g_autofree char *proof = proof_of(who);
  json_object_set_new(owner, "id", json_integer(who->id));
  json_set_string(owner, "token", strcmp(who->how, "token") == 0 ? who->token : NULL);
  json_set_string(owner, "proof", proof);
  return owner;
}

static bool
set_id(json_t *claims, GError **error)
{
  uint8_t bytes[16];
  if (gnutls()->rnd(GNUTLS_RND_NONCE, bytes, sizeof bytes) < 0)
    return error_set(error, ASSAY_ERROR_FAILED, "there are no random numbers");
  g_autofree char *id = base64url_encode(slice_new(bytes, sizeof bytes));
  json_set_string(claims, "jti", id);
  return true;
}

char *
bearer_make(Access *access, const BearerAsk *ask, int64_t *ends, GError **error)
{
  TokenKeys *keys = access_keys(access);
  const TokenSettings *settings = token_keys_settings(keys);
  const Principal *who = ask->who;
  bool named = who->kind == PRINCIPAL_PERSON || who->kind == PRINCIPAL_ROBOT;
  int64_t now = ask->now / G_USEC_PER_SEC;
  *ends = now + settings->token_life;
  if (who->expires != 0)
    *ends = MIN(*ends, who->expires / G_USEC_PER_SEC);
  g_autoptr(json_t) claims = json_object();
  json_set_string(claims, "iss", settings->service);
  json_set_string(claims, "sub", named ? who->name : "");
  json_set_string(claims, "aud", ask->service);
  json_object_set_new(claims, "exp", json_integer(*ends));
  json_object_set_new(claims, "nbf", json_integer(now - JWT_LEEWAY));
  json_object_set_new(claims, "iat", json_integer(now));
  json_object_set(claims, "access", ask->access);
  if (named)
    json_object_set_new(claims, "assay", owner_of(who));
  return set_id(claims, error) ? token_keys_sign(keys, claims, error) : NULL;
}

/* --- whose it is --- */

/* FOUND: those of a token of ours. ABSENT: it is no token, or somebody else's. */
static Found
read_claims(TokenKeys *keys, const Shown *shown, json_t **claims, GError **error)
{
  g_autoptr(GError) wrong = NULL;
  g_autoptr(Jwt) jwt = jwt_parse(slice_from_string(shown->secret), &wrong);
  if (jwt == NULL)
    return ABSENT;
  *claims = token_keys_claims(keys, jwt, &wrong);
  if (*claims != NULL)
    return FOUND;
  if (g_error_matches(wrong, ASSAY_ERROR, ASSAY_ERROR_NOT_FOUND))
    return ABSENT;
  g_propagate_error(error, g_steal_pointer(&wrong));
  return FAILED;
}

static bool
check_claims(const TokenSettings *settings, const Shown *shown, const json_t *claims,
             GError **error)
{
  const char *service = shown->service != NULL ? shown->service : settings->service;
  if (g_strcmp0(json_get_string(claims, "iss"), settings->service) != 0)
    return error_set(error, ASSAY_ERROR_DENIED, "the token is by another issuer");
  if (!jwt_is_for(claims, service))
    return error_set(error, ASSAY_ERROR_DENIED, "the token is for another service");
  return jwt_check_times(claims, g_get_real_time() / G_USEC_PER_SEC, error);
}

/* Of "registry:catalog" all that may be listed; of a repository what the actions say. */
static void
add_limit(Principal *who, const json_t *entry)
{
  const char *type = json_get_string(entry, "type"), *name = json_get_string(entry, "name");
  const json_t *actions = json_get_array(entry, "actions");
  if (g_strcmp0(type, "registry") == 0 && g_strcmp0(name, "catalog") == 0) {
    principal_add_limit(who, "*", VERB_BIT(VERB_LIST));
    return;
  }
  if (g_strcmp0(type, "repository") != 0 || name == NULL || strchr(name, '*') != NULL)
    return;
  VerbSet verbs = 0;
  for (size_t i = 0; i < json_array_size(actions); i++)
    verbs |= bearer_verbs(json_string_value(json_array_get(actions, i)));
  if (verbs != 0)
    principal_add_limit(who, name, verbs);
}

static void
add_limits(Principal *who, const json_t *claims)
{
  const json_t *list = json_get_array(claims, "access");
  principal_add_limit(who, "", 0); /* an empty list allows nothing */
  for (size_t i = 0; i < MIN(json_array_size(list), (size_t)ENTRIES_MAX); i++)
    add_limit(who, json_array_get(list, i));
  who->expires = jwt_ends(claims);
}

/* The personal access token that was shown for it was not revoked. */
static bool
still_has_token(SqlConnection *db, const char *token, int64_t owner, GError **error)
{
  g_autoptr(SqlRows) rows = NULL;
  Found found = sql_first(db, &rows, error, "SELECT 1 FROM tokens WHERE id = $1 AND principal = $2",
                          SQL_TEXT(token), SQL_INTEGER(owner), SQL_END);
  return found == FOUND ||
         (found == ABSENT && error_set(error, ASSAY_ERROR_DENIED,
                                       "the token %s, which it was made by, was revoked", token));
}

/* Nor has the secret or password ended. */
static bool
still_proves(Access *access, const Account *account, const char *proof, GError **error)
{
  Found found = proof == NULL ? FOUND : proof_holds(access, account, proof, error);
  return found == FOUND ||
         (found == ABSENT && error_set(error, ASSAY_ERROR_DENIED,
                                       "what %s showed for the token has ended", account->name));
}

static Principal *
find_owner(Access *access, const json_t *owner, GError **error)
{
  g_auto(Account) account = {0};
  g_autoptr(Principal) who = NULL;
  const char *token = json_get_string(owner, "token");
  g_autoptr(SqlConnection) db = sql_acquire(access_sql(access), error);
  Found found = db == NULL
                    ? FAILED
                    : account_find_by_id(db, json_get_integer(owner, "id", 0), &account, error);
  if (found == ABSENT)
    error_set(error, ASSAY_ERROR_DENIED, "the owner of the token is gone");
  if (found != FOUND ||
      account_identified(db, &account, bearer_identity.how, &who, error) != FOUND ||
      (token != NULL && !still_has_token(db, token, who->id, error)))
    return NULL;
  who->token = g_strdup(token);
  g_clear_pointer(&db, sql_release);
  if (!still_proves(access, &account, json_get_string(owner, "proof"), error))
    return NULL;
  return g_steal_pointer(&who);
}

static Found
identify(Access *access, const Shown *shown, Principal **who, GError **error)
{
  TokenKeys *keys = access_keys(access);
  g_autoptr(json_t) claims = NULL;
  if (keys == NULL || g_strcmp0(shown->scheme, "Bearer") != 0 || shown->secret == NULL ||
      !g_str_has_prefix(shown->secret, JWT_PREFIX))
    return ABSENT;
  Found found = read_claims(keys, shown, &claims, error);
  if (found != FOUND)
    return found;
  if (!check_claims(token_keys_settings(keys), shown, claims, error))
    return FAILED;
  const json_t *owner = json_get_object(claims, "assay");
  g_autoptr(Principal) principal =
      owner == NULL ? principal_new(PRINCIPAL_ANONYMOUS, 0,
                                    principal_kind_name(PRINCIPAL_ANONYMOUS), bearer_identity.how)
                    : find_owner(access, owner, error);
  if (principal == NULL)
    return FAILED;
  add_limits(principal, claims);
  *who = g_steal_pointer(&principal);
  return FOUND;
}

const IdentityKind bearer_identity = {"bearer", identify};
