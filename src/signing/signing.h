/* Keys, attestors and signing rules of this server: rows, and all of them in memory as one value.
 *
 * - A signing key is a key's URI (sign/keys/key.h) with a name: the key stays where it is.
 * - An attestor is who signs, as policies name him: a signing key of ours, or public keys of
 *   others.
 * - A rule says what is signed for which attestor, and when. That it may use the key is for a key
 *   grant to say (access/rights/key_grants.h), which whoever signs asks for each time.
 *
 * A key either signs images or attests what is known of them, and never both: there are verifiers
 * that take any statement by a key about an image for the image's signature (cosign 3).
 *
 * All are few, so each change reads them anew; a value that was given stays as it was. Each change
 * tells one event in its transaction ("signing-key.created", "attestor.changed", ...), and so the
 * audit has it. Any thread; what takes an error blocks on the database. */
#pragma once

#include <glib.h>

#include "base/json_table.h"
#include "sign/attestor.h"
#include "sign/keys/key.h"
#include "storage/sql.h"

#define SIGNING_MOST      1000u /* of each kind */
#define SIGNING_NAME_MOST 100u
#define SIGNING_KEYS_MOST 20u /* of an attestor, and former ones of a key */

/* A public key, and when what it signed counts. */
typedef struct {
  char *name;   /* as people call it; or NULL */
  char *public; /* PEM */
  char *fingerprint;
  int64_t not_before, not_after; /* microseconds since 1970; 0: no bound */
  int64_t revoked;               /* nothing that it signs counts any more; 0: it is not */
} TrustedKey;
void trusted_key_free(TrustedKey *key);

typedef struct {
  char *name, *description;
  char *uri;
  char *password_file, *pin_file, *token_file, *ca_file; /* KeyOptions, files on the server */
  uint32_t timeout;                                      /* seconds; 0: the default */
  char *algorithm;                                       /* "ECDSA P-256" */
  char *public; /* PEM, as the key itself told when it was added */
  char *fingerprint, *version;
  /* In PEM, its own first and the root last, by which it signs as the Notary Project has it
   * (chains.h); or NULL. */
  char *certificates;
  int64_t certificates_until; /* when the first of them ends; 0: there are none */
  GPtrArray *former;          /* TrustedKey: those before it was turned over */
  char *state;                /* "active", "revoked" */
  int64_t revoked, created;
  char *created_by;
} SigningKey;
/* This and its likes: without anything in it. (transfer full) */
SigningKey *signing_key_row_new(void);
void signing_key_row_free(SigningKey *key);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SigningKey, signing_key_row_free)
KeyOptions signing_key_options(const SigningKey *key);

/* Whose certificates count, as AttestorIdentity has it. */
typedef struct {
  char *subject, *name, *issuer;
} TrustedIdentity;
void trusted_identity_free(TrustedIdentity *identity);

typedef struct {
  char *name, *description;
  char *key;             /* a signing key of ours; or NULL */
  GPtrArray *keys;       /* TrustedKey: of others */
  char *roots;           /* certificates in PEM, to which a signature's must lead; or NULL */
  GPtrArray *identities; /* TrustedIdentity: one of them; empty: each that leads to a root */
  char *time_roots;      /* in PEM, of whom time stamps are taken; or NULL */
  char *trusted_root;    /* of Sigstore, in JSON; or NULL */
  GStrv rekor, ctlogs; /* public keys in PEM: of logs of signatures and of certificates; or NULL */
  GStrv formats;       /* of signature_format_names; NULL: all */
  int64_t created;
  char *created_by;
} AttestorRow;
AttestorRow *attestor_row_new(void);
void attestor_row_free(AttestorRow *attestor);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(AttestorRow, attestor_row_free)

/* When a rule signs. */
typedef enum {
  TRIGGER_MANUAL, /* when somebody asks */
  TRIGGER_PUSH,   /* what is pushed, once it is stored */
  TRIGGER_PASSED, /* once it is scanned, and the policy lets it out */
  /* the same, of an image that repairs another one which is known here (oci/repair_mark.h) */
  TRIGGER_REPAIRED,
} SigningTrigger;
extern const char *const signing_trigger_names[];

typedef enum { ATTEST_VULNERABILITIES, ATTEST_SBOM, ATTESTATION_KINDS } AttestationKind;
extern const char *const signing_attestation_names[];

typedef struct {
  char *name, *description;
  char *attestor;
  GStrv repositories; /* patterns (text/glob.h); never empty */
  GStrv tags;         /* patterns; NULL: all, also what has no tag */
  SigningTrigger trigger;
  GStrv formats; /* NULL: cosign and bundle */
  /* What of a scanned image it attests, of signing_attestation_names, and signs no image; NULL: it
   * signs the image. */
  GStrv attest;
  bool members;   /* of an index, its members as well */
  uint32_t renew; /* seconds after which it attests vulnerabilities anew; 0: the default */
  int64_t created;
  char *created_by;
} SigningRule;
void signing_rule_free(SigningRule *rule);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SigningRule, signing_rule_free)
/* Seconds. */
#define SIGNING_RENEW_LEAST   10u
#define SIGNING_RENEW_DEFAULT 86400u
#define SIGNING_RENEW_MOST    (3653u * 86400)
uint32_t signing_rule_renewal(const SigningRule *rule);
bool signing_rule_attests(const SigningRule *rule, AttestationKind kind);
/* Whether it may be for any image of the repository; for one that has @tags. */
bool signing_rule_covers(const SigningRule *rule, const char *repository);
bool signing_rule_fits(const SigningRule *rule, const char *repository, const char *const *tags);
/* Whether it signs nothing but what passes. */
bool signing_rule_asks_verdict(const SigningRule *rule);

/* As the API and the rows have them. */
extern const JsonTable signing_key_table, attestor_row_table, signing_rule_table;

/* All of them, by name; immutable, counted. */
typedef struct {
  gatomicrefcount references;
  GPtrArray *keys, *attestors, *rules;
} SigningSet;
SigningSet *signing_set_ref(SigningSet *set);
void signing_set_unref(SigningSet *set);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SigningSet, signing_set_unref)
/* NULL: there is none. (transfer none) */
const SigningKey *signing_set_key(const SigningSet *set, const char *name);
const AttestorRow *signing_set_attestor(const SigningSet *set, const char *name);
const SigningRule *signing_set_rule(const SigningSet *set, const char *name);
/* As signatures are verified by (sign/verify.h): the row's keys and roots, and of a signing key of
 * ours the former ones as well. ASSAY_ERROR_INVALID: one is damaged. (transfer full) */
Attestor *signing_attestor(const SigningSet *set, const AttestorRow *row, GError **error);
/* All of them; one that is damaged is left out, and so vouches for nothing. (transfer full):
 * Attestor */
GPtrArray *signing_attestors(const SigningSet *set);

typedef struct Signing Signing;
/* (transfer full) */
Signing *signing_new(SqlPool *sql, GError **error);
void signing_free(Signing *signing);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Signing, signing_free)
/* (transfer full) */
SigningSet *signing_get(Signing *signing);
/* Rises with each change. */
uint64_t signing_generation(const Signing *signing);
/* @changed is called after each change, from any thread; before the start. */
void signing_on_change(Signing *signing, void (*changed)(void *data), void *data);

/* Called in the transaction that removes a key or a rule (the other is NULL), so that what names it
 * goes as well; false with *error: it stays. Before the start. */
typedef bool (*SigningRemoved)(SqlConnection *db, const char *rule, const char *key,
                               GError **error);
void signing_on_remove(Signing *signing, SigningRemoved removed);

/* Adds it. ASSAY_ERROR_INVALID, _EXISTS, _LIMIT; _NOT_FOUND: what it names is not there. */
bool signing_add_key(Signing *signing, const SigningKey *key, GError **error);
bool signing_add_attestor(Signing *signing, const AttestorRow *attestor, GError **error);
bool signing_add_rule(Signing *signing, const SigningRule *rule, GError **error);
/* In the place of one of that name. */
/* @before: the row that the change was made of; @read: when it was `created`, or 0:
 * ASSAY_ERROR_CHANGED: it is another by now. */
bool signing_change_key(Signing *signing, const SigningKey *key, const SigningKey *before,
                        const char *event, GError **error);
bool signing_change_attestor(Signing *signing, const AttestorRow *attestor, int64_t read,
                             GError **error);
bool signing_change_rule(Signing *signing, const SigningRule *rule, int64_t read, GError **error);
/* ASSAY_ERROR_NOT_FOUND; _EXISTS: something else needs it. */
bool signing_remove_key(Signing *signing, const char *name, GError **error);
bool signing_remove_attestor(Signing *signing, const char *name, GError **error);
bool signing_remove_rule(Signing *signing, const char *name, GError **error);
