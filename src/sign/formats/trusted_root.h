/* Whom Sigstore's clients trust, as a file says it (protobuf-specs, sigstore_trustroot.proto):
 * authorities of certificates and of time stamps, and logs. How the file came here, and whether it
 * is the newest, is not asked. Nothing blocks. */
#pragma once

#include "sign/keys/public_key.h"

#define TRUSTED_ROOT_MAX ((size_t)1024 * 1024)
/* Of each of its lists. */
#define TRUSTED_ROOT_LIST_MAX 100u

/* In seconds since 1970, both inclusive; 0: no end. */
typedef struct {
  int64_t from, until;
} Validity;

bool validity_holds(const Validity *validity, int64_t at);

/* A log of signatures (Rekor), or of certificates. */
typedef struct {
  PublicKey *key;
  GBytes *id;   /* by which its word names it */
  char *origin; /* the host of its checkpoints; NULL: nobody says */
  Validity validity;
} TransparencyLog;

typedef struct {
  GPtrArray *chain; /* GBytes in DER, from who signs to the root */
  Validity validity;
} TrustedAuthority;

typedef struct {
  GPtrArray *authorities;      /* TrustedAuthority: of certificates */
  GPtrArray *time_authorities; /* TrustedAuthority: of time stamps */
  GPtrArray *logs;             /* TransparencyLog: of signatures */
  GPtrArray *certificate_logs; /* TransparencyLog */
} TrustedRoot;

/* Empty. (transfer full) */
TrustedRoot *trusted_root_new(void);
void trusted_root_free(TrustedRoot *root);

/* Adds what the file has. ASSAY_ERROR_INVALID, _UNSUPPORTED, _LIMIT; some of it may be added then.
 */
bool trusted_root_read(Slice json, TrustedRoot *root, GError **error);
/* Adds a log by its public key alone: a file as public_key_read() has it. */
bool trusted_root_add_log(Slice file, GPtrArray *logs, GError **error);

/* SHA-256 of the three after one another. */
void transparency_hash(Slice first, Slice second, Slice third, uint8_t hash[32]);
