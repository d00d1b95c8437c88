/* What the files of the audit share. */
#pragma once

#include "access/audit/audit.h"
#include "jobs/actor.h"

/* Keys of notes in memory between two runs of the job. */
#define NOTED_MOST 10000u
/* Of an hour in the database; what comes then is counted as "*". */
#define COUNTED_MOST 20000u

struct Audit {
  const AuditSettings *settings;
  SqlPool *sql;
  TokenKeys *keys;
  int64_t taken; /* number of the last event; the taker's, which runs one at a time */
  /* The writing job's: */
  GHashTable *unwritten; /* as `noted`: taken from there, and not written yet */
  uint64_t undropped;    /* of `dropped`, the same */
  int64_t hour, counted; /* the present hour, and how many keys it has */
  int64_t signed_at;     /* g_get_monotonic_time(); 0: not yet */

  GMutex lock;       /* guards the rest */
  GHashTable *noted; /* key -> Noted */
  uint64_t dropped;
  int64_t crowded; /* the hour that has too many keys */
};

/* --- audit_write.c: within one transaction --- */

typedef struct {
  int64_t number; /* of the last record; 0: there is none */
  char hash[AUDIT_HASH_SIZE];
  int64_t event;       /* the last event that is recorded */
  int64_t signed_last; /* the record of the last signature */
} AuditHead;

typedef struct {
  int64_t time; /* microseconds since 1970 */
  const char *type, *object;
  const json_t *actor; /* an object, or NULL */
  const json_t *more;  /* its other members; an object, or NULL */
} AuditEntry;

/* Others that append wait until the transaction ends. */
bool audit_head_open(SqlConnection *db, AuditHead *head, GError **error);
bool audit_append(SqlConnection *db, AuditHead *head, const AuditEntry *entry, GError **error);
bool audit_head_close(SqlConnection *db, const AuditHead *head, GError **error);
/* "2026-11-26T11:40:00.000000Z" (transfer full) */
char *audit_time_text(int64_t time);

/* --- audit_notes.c --- */

void audit_notes_init(Audit *audit);
void audit_notes_clear(Audit *audit);
/* Writes what is noted, and what was counted in hours that are over. */
bool audit_notes_write(Audit *audit, GError **error);

/* --- audit_upkeep.c --- */

/* Signs the head when that is due, and cuts off what is too old. */
bool audit_sign(Audit *audit, GError **error);
bool audit_cut(Audit *audit, GError **error);

/* --- audit_syslog.c --- */

/* The kind of the job that sends. */
extern const JobKind audit_syslog_kind;
