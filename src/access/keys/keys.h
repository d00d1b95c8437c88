/* The keys by which tokens are signed: ES256, made by the server itself, kept as rows that are
 * sealed (sealed.h), and turned over by age. The next key is published some time before it signs,
 * so that other nodes and other services know it by then; an old one is published as long as
 * tokens by it may live.
 *
 * A key's name is its fingerprint as Docker's libtrust makes it, and it comes with a certificate
 * by itself: so a registry of distribution knows it by its `rootcertbundle` as well as by the JSON
 * Web Key Set.
 *
 * May be called from any thread. What takes an error may block on the database, except signing. */
#pragma once

#include "access/keys/jwt.h"
#include "access/keys/sealed.h"
#include "base/settings.h"
#include "jobs/jobs.h"
#include "storage/sql.h"

typedef struct {
  char *service;       /* who issues tokens, and whom they are for; "assay" */
  char **services;     /* other services that take our tokens. NULL-terminated */
  char *realm;         /* the URL of the token endpoint; NULL: on the host that a client names */
  uint32_t token_life; /* seconds; 300 */
  uint32_t key_age;    /* seconds that a key signs; 90 days */
} TokenSettings;
/* Keys of `access`. */
extern const Section token_settings_section;

typedef struct TokenKeys TokenKeys;

/* Reads the keys, and makes the first. Where nothing can be written, and there is none, it has one
 * that nobody else knows. All must outlive it. ASSAY_ERROR_MISMATCH: see sealer_unseal(). (transfer
 * full) */
TokenKeys *token_keys_new(SqlPool *sql, const Sealer *sealer, const TokenSettings *settings,
                          GError **error);
void token_keys_free(TokenKeys *keys);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TokenKeys, token_keys_free)
const TokenSettings *token_keys_settings(const TokenKeys *keys);

/* Makes the next key and drops the last where that is due at @now (microseconds since 1970), and
 * reads what others have made. */
bool token_keys_turn(TokenKeys *keys, int64_t now, GError **error);

/* A JobKind that does so each hour; its room is the TokenKeys. */
extern const JobKind token_keys_job;

/* By the key that signs now. (transfer full) */
char *token_keys_sign(TokenKeys *keys, const json_t *claims, GError **error);
/* As jwt_claims(). A key that is not known may be new: the rows are read again, once a second at
 * most. */
json_t *token_keys_claims(TokenKeys *keys, const Jwt *jwt, GError **error);
/* What is published: a JSON Web Key Set, and certificates in PEM. (transfer full) */
json_t *token_keys_jwks(TokenKeys *keys);
char *token_keys_certificates(TokenKeys *keys);
