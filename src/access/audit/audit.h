/* The audit: the record of who did what, chained (audit_chain.h) and kept.
 *
 * - It takes every event of the outbox, and so every change. A change is recorded once, whatever
 *   is killed when: how far it has come is written in the transaction of the record.
 * - What is no change is noted: log-ins, refusals, verdicts that refused a pull. A note is taken
 *   in memory and written by a job within a second, so that no request waits for the disk. The
 *   first of a kind in an hour, by who, from where and about what, is a record; those after it are
 *   counted, and are one record when the hour is over. Pulls are only counted. What there is no
 *   memory for is counted and said in a record ("audit.dropped").
 * - Now and then its head is signed by the key of tokens ("audit.signed").
 * - Records older than `keep` are cut off ("audit.cut").
 *
 * Where the data folder is read-only, nothing is recorded. */
#pragma once

#include "access/audit/audit_chain.h"
#include "access/keys/keys.h"
#include "jobs/outbox.h"

/* `audit` in the configuration. */
typedef struct {
  uint32_t keep;       /* seconds; 0: for ever */
  uint32_t sign_every; /* seconds */
  char *syslog;        /* "tcp://HOST:PORT" or "tls://HOST:PORT"; NULL: to none */
  char *syslog_ca;     /* file of the authorities that its certificate is checked by, in PEM; NULL:
                          those of the system */
} AuditSettings;
extern const Section audit_settings_section;

typedef struct Audit Audit;

/* Adds its kinds to @jobs and its taker to @outbox, before the start. @settings and @sql must
 * outlive it. There is one in the program. (transfer full) */
Audit *audit_new(const AuditSettings *settings, SqlPool *sql, Jobs *jobs, Outbox *outbox);
/* Before the start; @keys must outlive the jobs. Without them the head is not signed. */
void audit_sign_by(Audit *audit, TokenKeys *keys);
/* After the jobs have ended; writes what is noted. */
void audit_free(Audit *audit);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Audit, audit_free)

/* --- notes --- */

typedef enum {
  NOTE_LOGIN,           /* "login.allowed" */
  NOTE_LOGIN_REFUSED,   /* "login.refused" */
  NOTE_ACCESS_REFUSED,  /* "access.refused": the rights did */
  NOTE_VERDICT_REFUSED, /* "verdict.refused": the policy did */
  NOTE_SECRET_USED,     /* "secret.used" */
  NOTE_PULLED,          /* "image.pulled": only counted */
  NOTE_SCAN_ASKED,      /* "scan.asked": of an image of another registry */
  NOTE_COUNT
} NoteKind;

/* Notes what the present thread's actor (jobs/actor.h) does. @object: what to ("team/app:v1");
 * @verb: of access/rights/verb.h; @rule: why. All may be NULL, and are copied. Never blocks;
 * nothing happens where there is no audit. From any thread. */
void audit_note(NoteKind kind, const char *object, const char *verb, const char *rule);

/* --- reading --- */

typedef struct {
  const char *who, *type, *object; /* NULL: any. A type that ends in "." means all that begin so */
  int64_t since, until;            /* microseconds since 1970; 0: no bound. `until` is not within */
} AuditFilter;

/* Records after the number @last in their order, at most @limit: a JSON array. What of a row's
 * columns is not as in its record is given as the column has it, so that its hash is wrong. *more:
 * there are others. (transfer full) */
json_t *audit_records(SqlPool *sql, const AuditFilter *filter, int64_t last, unsigned limit,
                      bool *more, GError **error);
/* The last record of all; 0 and AUDIT_CHAIN_START: there is none. */
bool audit_head(SqlPool *sql, int64_t *number, char hash[AUDIT_HASH_SIZE], GError **error);
