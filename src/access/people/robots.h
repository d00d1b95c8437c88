/* Robots: what programs log in as. A robot has up to two secrets, so that a new one can be brought
 * to all who use it while the old one still works. A secret is shown once, when it is made. */
#pragma once

#include "access/access.h"
#include "access/people/accounts.h"

#define ROBOT_SECRET_PREFIX "assay_robot_"
#define ROBOT_SLOTS         2

typedef struct {
  const char *name, *description;
  int64_t expires; /* microseconds since 1970; 0: never */
  bool remove;     /* it is deleted once it has expired */
} NewRobot;

typedef struct {
  int slot;                            /* 1 or 2 */
  int64_t created, expires, last_used; /* 0: never */
} RobotSecret;

/* All: @by: who does it, for the record; they block. *@secret: (transfer full), for secret_free().
 * ASSAY_ERROR_NOT_FOUND, _EXISTS, _INVALID. */
bool robots_create(Access *access, const NewRobot *robot, const char *by, char **secret,
                   GError **error);

/* NULL: stays. */
typedef struct {
  const char *description;
  const int64_t *expires; /* 0: never */
  const bool *disabled, *remove;
} RobotChange;
bool robots_change(Access *access, const char *name, const RobotChange *change, const char *by,
                   GError **error);
bool robots_delete(Access *access, const char *name, const char *by, GError **error);
/* A new secret in the free slot, or in that of the older one where both are taken. The other ends
 * at
 * @other_ends (microseconds since 1970); 0: it stays as it is. */
bool robots_rotate(Access *access, const char *name, int64_t other_ends, const char *by,
                   RobotSecret *made, char **secret, GError **error);
/* Ends one. */
bool robots_end_secret(Access *access, const char *name, int slot, const char *by, GError **error);
/* Of a robot, by slot; *count: how many. */
bool robots_secrets(SqlPool *sql, int64_t robot, RobotSecret secrets[ROBOT_SLOTS], unsigned *count,
                    GError **error);
/* Which secret of a robot it is, as what was made by it says (proof.h); no secret. (transfer full)
 */
#define ROBOT_PROOF "robot."
char *robot_secret_proof(const RobotSecret *secret);
/* Deletes those that have expired and are to go then. *count: how many. */
bool robots_remove_expired(Access *access, unsigned *count, GError **error);

/* What a robot is called here that its clients know by a name of Harbor: "robot$team+ci" is
 * "team.ci", and "robot$ci" is "ci". Any other name is itself. (transfer full) */
char *robot_plain_name(const char *name);
