/* What somebody may do, by the patterns that their grants name: for who asks about themselves.
 * Pure; what decides is rights.h. */
#pragma once

#include "access/rights/rights.h"

/* On all that fits the pattern. */
typedef struct {
  const char *pattern, *tags; /* @tags NULL: all */
  VerbSet verbs;  /* allowed, and not denied there as a whole, within the limits of who asks */
  VerbSet denied; /* denied there as a whole */
  char **roles;   /* of the grants that allow it. NULL-terminated */
} Holding;

/* Those of @who, one for each pattern of a grant or of a limit, by their patterns. What is denied
 * for a part of a pattern is in the row of that part. As long as the rules and @who are. (transfer
 * full): Holding * */
GPtrArray *access_holdings(const AccessRules *rules, const Principal *who, int64_t now);
