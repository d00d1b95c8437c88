/* Workloads: a CI job or a service account shows the token that its own platform has signed.
 *
 * What is not signed yet to be believed says which rules could fit; then the issuer's keys are
 * asked for (issuer.h), and the rules again, of what was verified. */
#include "access/directory/workload_identity.h"

#include <string.h>

#include "access/credentials/trusts.h"
#include "access/directory/issuer.h"
#include "access/keys/jwt.h"
#include "access/people/accounts.h"
#include "access/people/robots.h"
#include "base/error.h"
#include "base/json.h"

/* What all begin with: {" in base64url. */
#define JWT_PREFIX "eyJ"
/* Values in the claims of a token. */
#define CLAIMS_VALUES_MAX 2000u

/* --- whose token it says it is --- */

static json_t *
unverified_claims(const char *token)
{
  g_autoptr(Jwt) jwt = jwt_parse(slice_from_string(token), NULL);
  json_t *claims =
      jwt == NULL ? NULL
                  : json_parse_bounded(slice_from_bytes(jwt->payload), CLAIMS_VALUES_MAX, NULL);
  if (json_is_object(claims))
    return claims;
  json_decref(claims);
  return NULL;
}

/* The claims of a token that names no algorithm, or one by a shared secret, are nobody's: jwt.h
 * refuses it. NULL: it is of no issuer of ours. */
static const IssuerSettings *
issuer_of(const AccessSettings *settings, const json_t *claims)
{
  const char *named = json_get_string(claims, "iss");
  for (unsigned i = 0; named != NULL && i < settings->workloads_count; i++)
    if (strcmp(settings->workloads[i].issuer, named) == 0)
      return &settings->workloads[i];
  return NULL;
}

/* --- which rule --- */

static bool
rule_fits(const Trust *trust, const json_t *claims)
{
  return jwt_is_for(claims, trust->audience) && trust_fits(trust->claims, claims);
}

/* The one that fits; where those of several robots do, nobody can say which is meant. */
static const Trust *
choose(const GPtrArray *trusts, const json_t *claims, GError **error)
{
  const Trust *chosen = NULL;
  for (guint i = 0; i < trusts->len; i++) {
    const Trust *trust = g_ptr_array_index(trusts, i);
    if (!rule_fits(trust, claims))
      continue;
    if (chosen != NULL && chosen->robot != trust->robot) {
      error_set(error, ASSAY_ERROR_MISMATCH,
                "the token fits rules of several robots: show it as the password of one of them");
      return NULL;
    }
    if (chosen == NULL)
      chosen = trust;
  }
  if (chosen == NULL)
    error_set(error, ASSAY_ERROR_DENIED,
              "no rule fits the token of %s with the subject %s: assay robot trust list",
              json_get_string(claims, "iss"),
              json_get_string(claims, "sub") != NULL ? json_get_string(claims, "sub") : "(none)");
  return chosen;
}

/* *robot: 0 for all. */
static bool
find_robot(SqlPool *sql, const Shown *shown, int64_t *robot, GError **error)
{
  *robot = 0;
  if (strcmp(shown->scheme, "Basic") != 0)
    return true;
  g_auto(Account) account = {0};
  g_autofree char *name = robot_plain_name(shown->name);
  g_autoptr(SqlConnection) db = sql_acquire(sql, error);
  Found found = db == NULL ? FAILED : account_find(db, name, &account, error);
  if (found == FAILED)
    return false;
  if (found == ABSENT || account.kind != PRINCIPAL_ROBOT)
    return error_set(error, ASSAY_ERROR_DENIED, "there is no robot of that name");
  *robot = account.id;
  return true;
}

/* --- who it is --- */

static bool
become(Access *access, const Trust *trust, const json_t *claims, Principal **who, GError **error)
{
  g_auto(Account) account = {0};
  g_autoptr(Principal) found = NULL;
  g_autoptr(SqlConnection) db = sql_acquire(access_sql(access), error);
  Found there = db == NULL ? FAILED : account_find_by_id(db, trust->robot, &account, error);
  if (there == ABSENT)
    error_set(error, ASSAY_ERROR_DENIED, "the robot is gone");
  if (there != FOUND ||
      account_identified(db, &account, workload_identity.how, &found, error) != FOUND)
    return false;
  g_clear_pointer(&db, sql_release);
  int64_t now = g_get_real_time();
  int64_t ends = jwt_ends(claims);
  if (found->expires == 0 || ends < found->expires)
    found->expires = ends;
  found->proof = trust_proof(trust);
  trust_note_use(access_sql(access), trust, now);
  account_note_use(access_sql(access), account.id, account.last_used, now);
  *who = g_steal_pointer(&found);
  return true;
}

static bool
verify(Access *access, const IssuerSettings *settings, const Shown *shown, const json_t *unverified,
       Principal **who, GError **error)
{
  int64_t robot;
  if (!find_robot(access_sql(access), shown, &robot, error))
    return false;
  g_autoptr(GPtrArray) trusts = trusts_of(access_sql(access), robot, settings->issuer, error);
  const Trust *likely = trusts == NULL ? NULL : choose(trusts, unverified, error);
  if (likely == NULL)
    return false;
  Issuer *issuer = issuers_find(access_issuers(access), settings);
  g_autoptr(json_t) claims = issuer_verify(issuer, shown->secret, likely->audience, error);
  const Trust *trust = claims == NULL ? NULL : choose(trusts, claims, error);
  return trust != NULL && become(access, trust, claims, who, error);
}

static Found
identify(Access *access, const Shown *shown, Principal **who, GError **error)
{
  const AccessSettings *settings = access_settings(access);
  bool basic = g_strcmp0(shown->scheme, "Basic") == 0 && shown->name != NULL;
  if (settings == NULL || settings->workloads_count == 0 || shown->secret == NULL ||
      (!basic && g_strcmp0(shown->scheme, "Bearer") != 0) ||
      !g_str_has_prefix(shown->secret, JWT_PREFIX))
    return ABSENT;
  g_autoptr(json_t) claims = unverified_claims(shown->secret);
  const IssuerSettings *issuer = claims == NULL ? NULL : issuer_of(settings, claims);
  if (issuer == NULL)
    return ABSENT;
  return verify(access, issuer, shown, claims, who, error) ? FOUND : FAILED;
}

const IdentityKind workload_identity = {"workload", identify};
