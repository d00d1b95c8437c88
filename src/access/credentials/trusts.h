/* Whom a robot trusts: rules by which a token of somebody else's issuer (a CI job's, a Kubernetes
 * service account's) counts as the robot, so that no secret is stored anywhere.
 *
 * A rule names the issuer, an audience that the token must be for, and claims: each must be there
 * and fit its pattern, in which "*" stands for any characters. A number or a boolean is compared as
 * JSON writes it, and of a list one entry must fit. At least one claim is named, and none by "*"
 * alone: an issuer that serves strangers, too, would let all of them in. */
#pragma once

#include <jansson.h>

#include "access/access.h"
#include "access/people/accounts.h"

#define TRUSTS_MOST        50u /* of a robot */
#define TRUST_CLAIMS_MOST  16u
#define TRUST_TEXT_MAX     512u
#define TRUST_AUDIENCE_MAX 255u

typedef struct {
  int64_t id, robot;
  char *issuer, *audience;
  json_t *claims; /* an object: name -> pattern */
  int64_t created;
  char *created_by;
  int64_t last_used; /* 0: never */
} Trust;
void trust_free(Trust *trust);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Trust, trust_free)

typedef struct {
  const char *issuer, *audience;
  const json_t *claims;
} NewTrust;
/* @by: who does it, for the record. ASSAY_ERROR_NOT_FOUND: no such robot; _INVALID: the rule, or
 * the configuration (`access.workloads`) has no such issuer; _LIMIT. They block. */
bool trusts_add(Access *access, const char *robot, const NewTrust *trust, const char *by,
                int64_t *id, GError **error);
bool trusts_remove(Access *access, const char *robot, int64_t id, const char *by, GError **error);
/* Those of a robot, or with 0 of all, for @issuer (NULL: any): Trust. (transfer full) */
GPtrArray *trusts_of(SqlPool *sql, int64_t robot, const char *issuer, GError **error);
/* As accounts.h: at most once a minute. */
void trust_note_use(SqlPool *sql, const Trust *trust, int64_t now);

/* What a bearer's token carries that was made by this rule (proof.h), and whether it still counts.
 * (transfer full) */
#define TRUST_PROOF "trust."
char *trust_proof(const Trust *trust);
Found trust_proof_holds(SqlPool *sql, int64_t robot, int64_t id, GError **error);

/* Whether all patterns fit. Pure. */
bool trust_fits(const json_t *patterns, const json_t *claims);
