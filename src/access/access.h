/* Access as the rest of the program holds it: the rules in force, the kinds of identities, and what
 * is remembered of both.
 *
 * The rules are a snapshot (rights.h) of the tables. Each transaction that changes what may be done
 * ends with access_changed(); the snapshot is read again at the next look, and what was remembered
 * of identities is forgotten. All may be called from any thread. */
#pragma once

#include "access/access_settings.h"
#include "access/credentials/identity.h"
#include "access/credentials/lockout.h"
#include "access/directory/issuer.h"
#include "access/keys/keys.h"
#include "access/rights/rights.h"
#include "storage/sql.h"

/* Both must outlive it; @settings NULL: the defaults of a closed registry. (transfer full) */
Access *access_new(SqlPool *sql, const AccessSettings *settings, GError **error);
void access_free(Access *access);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Access, access_free)

SqlPool *access_sql(const Access *access);
/* NULL: the defaults. */
const AccessSettings *access_settings(const Access *access);
/* The operator's secret (operator.h), for as long as it lives; NULL: nobody is the operator. Set
 * before anything is served; copied. */
void access_set_operator_secret(Access *access, const char *secret);
const char *access_operator_secret(const Access *access);

/* What seals (sealed.h), and the keys that sign tokens (keys.h): NULL until they are set, before
 * anything is served. Both must outlive it. */
void access_set_keys(Access *access, const Sealer *sealer, TokenKeys *keys);
const Sealer *access_sealer(const Access *access);
TokenKeys *access_keys(const Access *access);

/* Issuers of tokens of others, for those of the settings. (transfer none) */
Issuers *access_issuers(const Access *access);
/* Who must wait after wrong passwords. (transfer none) */
Lockout *access_lockout(const Access *access);
/* Last in a transaction that changes principals, teams, members, tokens, roles, bindings or
 * sessions. */
bool access_changed(SqlConnection *db, GError **error);
/* The same, and a number that never was one before: the id of a new row. */
bool access_next_id(SqlConnection *db, int64_t *id, GError **error);
/* The rules as a transaction sees them. (transfer full) */
AccessRules *access_rules_read(SqlConnection *db, GError **error);
/* After that commit: the snapshot and what is remembered are too old. */
void access_forget(Access *access);

/* The rules in force. NULL: they cannot be read. It blocks when they have changed. (transfer full)
 */
AccessRules *access_rules(Access *access, GError **error);

/* The same without blocking; NULL: access_rules() must look. (transfer full) */
AccessRules *access_rules_at_hand(Access *access);

/* Whether anybody may do all: access.mode. */
bool access_is_open(const Access *access);

/* Asks the kinds in their order; as IdentityKind.identify, but nobody's is ASSAY_ERROR_DENIED. What
 * was found is remembered for a minute, as long as nothing changes. */
Principal *access_identify(Access *access, const Shown *shown, GError **error);
/* What is remembered of it, without blocking; NULL: access_identify() must say. (transfer full) */
Principal *access_remembered(Access *access, const Shown *shown);
