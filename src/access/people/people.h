/* People: made here, or known by a directory; each has a name, and those made here a password. */
#pragma once

#include "access/access.h"
#include "access/people/accounts.h"

#define SOURCE_LOCAL "local"

typedef struct {
  const char *name;
  const char *password;       /* NULL: none, and no log-in by one until it is set */
  const char *display, *mail; /* or NULL */
  const char *source;         /* NULL: SOURCE_LOCAL */
  const char *external;       /* what the directory knows them by, or NULL */
  bool administrator;         /* also gives all rights on "*" */
} NewPerson;

/* All of these: @by: who does it, for the record. They block; ASSAY_ERROR_NOT_FOUND, _EXISTS,
 * _INVALID. */
bool people_create(Access *access, const NewPerson *person, const char *by, GError **error);

/* NULL: stays. An empty text is none. */
typedef struct {
  const char *display, *mail, *password;
  const bool *disabled;
} PersonChange;
/* A new password or disabling ends their sessions. */
bool people_change(Access *access, const char *name, const PersonChange *change, const char *by,
                   GError **error);
/* With their bindings, memberships, tokens and sessions. */
bool people_delete(Access *access, const char *name, const char *by, GError **error);
/* Their own, by the present one, which counts as a log-in: ASSAY_ERROR_DENIED where it is wrong or
 * they must wait. */
bool people_change_own_password(Access *access, const Principal *who, const char *present,
                                const char *address, const char *password, GError **error);
