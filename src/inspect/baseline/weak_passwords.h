/* Whether the hash of a password is that of one that everybody tries first. Bounded: trying costs
 * what log-ins cost, so an estimate of each try is taken from a budget that a file has. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Microseconds of one core, by the estimates: of all tries for a file. */
#ifdef ASSAY_FUZZING
#define PASSWORD_BUDGET 3000u
#else
#define PASSWORD_BUDGET 700000u
#endif

typedef enum {
  PASSWORD_NOT_TRIED, /* of a kind that is not tried, too dear, or the budget is spent */
  PASSWORD_HOLDS,     /* none of those that were tried */
  PASSWORD_EMPTY,
  PASSWORD_IS_NAME,
  PASSWORD_IS_COMMON,
} PasswordStrength;

/* @name: of the account. @hash: as crypt(5) writes it. Takes from *@budget. */
PasswordStrength password_try(const char *name, const char *hash, uint64_t *budget);

/* The same of a hash of mysql_native_password: "*" and 40 hex digits. */
PasswordStrength password_try_mysql(const char *name, const char *hash, uint64_t *budget);

/* The kind of hash: "des", "md5"; NULL: none that is weak by itself. */
const char *password_weak_kind(const char *hash);

/* Whether it is one of those that everybody tries first. */
bool password_is_common(const char *password);
