/* What a request shows to say who asks, and the kinds that know it: each kind is one file with a
 * `const IdentityKind`, and one line in the list of identity.c. */
#pragma once

#include "access/principal.h"
#include "base/found.h"

typedef struct Access Access;

/* Strings of C, as the client sent them; hostile. */
typedef struct {
  /* "Basic": `name` and `secret`. "Bearer": `secret`. "Session": `secret` is the cookie.
   * "Certificate": `secret` is the client's certificate (DER in base64), which the server has
   * checked (client_trust.h). */
  const char *scheme, *name, *secret;
  const char *address; /* of the client, as text */
  const char *agent;   /* or NULL */
  const char *service; /* what a token must have been made for: access_service() */
} Shown;

typedef struct {
  const char *how; /* Principal.how of what it finds */
  /* FOUND: *who (transfer full). ABSENT: it is none of this kind's, and the next is asked. FAILED
   * with ASSAY_ERROR_DENIED: it is this kind's, and wrong, ended or locked; the message is for the
   * record, not for the client. FAILED with ASSAY_ERROR_MISMATCH: the same, and the message is for
   * the client, too. FAILED with another error: nobody can say now. It may block, and
   * runs on any thread. */
  Found (*identify)(Access *access, const Shown *shown, Principal **who, GError **error);
} IdentityKind;

/* password_identity is the last: it counts what nobody knows as a wrong password. */
extern const IdentityKind token_identity, robot_identity, password_identity;

/* What whoever was found must pass as well, whatever the kind: as IdentityKind.identify, false is
 * FAILED. It may block. */
typedef bool (*IdentityCheck)(Access *access, const Principal *who, GError **error);
/* NULL-terminated. */
extern const IdentityCheck identity_checks[];

/* In the order in which they are asked. NULL-terminated. */
extern const IdentityKind *const identity_kinds[];
