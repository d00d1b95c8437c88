/* Sessions: what a browser has after its person has logged in by name and password. The cookie is a
 * secret of which the hash alone is stored; a new one is made at each log-in, and what a client
 * brings along is never taken over. A session ends when it was not used for a while, after a
 * longest time, with a new password of its person, when they are disabled or deleted, and by hand.
 *
 * A browser sends cookies whoever has asked it to; so what writes must also send the session's CSRF
 * token, which other sites cannot read (server/http/authorise.h asks for it).
 *
 * All of this blocks. */
#pragma once

#include "access/access.h"

#define SESSION_PREFIX "assay_session_"
/* A person has so many at most; with the next one the oldest ends. */
#define SESSIONS_MOST 50u
/* Microseconds: of no use, and since the log-in. */
#define SESSION_IDLE    ((int64_t)3600 * G_USEC_PER_SEC)
#define SESSION_LONGEST ((int64_t)12 * 3600 * G_USEC_PER_SEC)

typedef struct Session {
  char *id;     /* no secret: the first digits of the hash */
  char *secret; /* the cookie; only of a new one */
  char *csrf, *name, *address, *agent;
  int64_t created, expires, last_used; /* microseconds since 1970 */
} Session;
void session_free(Session *session);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Session, session_free)

/* @code: of the second factor, or NULL. @agent: what the client calls itself, or NULL. NULL:
 * ASSAY_ERROR_DENIED: name or password are wrong, or they must wait; _MISMATCH: the code is missing
 * or wrong. (transfer full) */
Session *session_open(Access *access, const char *name, const char *password, const char *code,
                      const char *address, const char *agent, GError **error);

/* Of a person whom a provider has proven: @by, for the record. ASSAY_ERROR_DENIED: they are
 * disabled here. (transfer full) */
Session *session_open_proven(Access *access, int64_t person, const char *by, const char *address,
                             const char *agent, GError **error);

/* Of the person, newest first: Session. (transfer full) */
GPtrArray *sessions_of(Access *access, int64_t person, GError **error);
/* ASSAY_ERROR_NOT_FOUND: the person has no such session. */
bool session_end(Access *access, int64_t person, const char *id, GError **error);

/* A cookie that is no session's is nobody's, not wrong: so a browser with an old one can log in. */
extern const IdentityKind session_identity;
