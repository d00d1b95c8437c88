/* Small lock files, each with a trap, and what they hold. */
#pragma once

typedef struct {
  const char *name;
  const char *path;
  const char *text;
  const char *expected; /* lines "type name version", sorted */
} LockfileCase;

/* Ends with a row without a name. */
extern const LockfileCase lockfile_cases[];
