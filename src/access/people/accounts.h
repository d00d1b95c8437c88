/* What people and robots have in common: their rows in `principals`. */
#pragma once

#include "access/principal.h"
#include "storage/sql.h"

typedef struct {
  int64_t id;
  PrincipalKind kind; /* PRINCIPAL_PERSON or _ROBOT */
  char *name;
  char *display, *mail; /* of people; or NULL */
  char *source;         /* "local", or the directory that knows it by `external` */
  char *external, *description;
  char *password;             /* argon2id; NULL: none */
  bool second;                /* a second factor is asked for */
  bool disabled;              /* nothing that it shows counts */
  bool remove;                /* once it has expired */
  int64_t expires;            /* microseconds since 1970; 0: never */
  int64_t created, last_used; /* 0: never */
  char *created_by;
} Account;
void account_clear(Account *account);
void account_free(Account *account);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Account, account_clear)

/* For a row that something may remember after it is gone. */
int64_t account_random_id(void);
/* All of @account is written except `created`, `last_used` and `id`, which is chosen: it is random,
 * so that what remembers one that is gone never means another. ASSAY_ERROR_EXISTS: a person or a
 * robot has that name. */
bool account_insert(SqlConnection *db, const Account *account, int64_t *id, GError **error);
/* FAILED with ASSAY_ERROR_NOT_FOUND never: ABSENT. *account: cleared by the caller either way. */
Found account_find(SqlConnection *db, const char *name, Account *account, GError **error);
Found account_find_by_id(SqlConnection *db, int64_t id, Account *account, GError **error);
/* As above, of that kind; false with ASSAY_ERROR_NOT_FOUND when there is none. In a transaction it
 * is locked until the end. */
bool account_require(SqlConnection *db, PrincipalKind kind, const char *name, Account *account,
                     GError **error);
/* By name, those after @after (or NULL), at most @limit: Account. (transfer full) */
GPtrArray *accounts_after(SqlPool *sql, PrincipalKind kind, const char *after, unsigned limit,
                          GError **error);
/* With all that belongs to it: bindings, memberships, secrets, tokens, sessions. */
bool account_delete(SqlConnection *db, int64_t id, GError **error);
bool account_set_disabled(SqlConnection *db, int64_t id, bool disabled, GError **error);
/* Adds the teams of the row that it has. */
bool account_add_teams(SqlConnection *db, Principal *who, GError **error);
/* Written at most once a minute, and not when it cannot be. @used: what is known of before. */
void account_note_use(SqlPool *sql, int64_t id, int64_t used, int64_t now);
/* With its teams, as what identified it says. FAILED with ASSAY_ERROR_DENIED: disabled or expired.
 */
Found account_identified(SqlConnection *db, const Account *account, const char *how,
                         Principal **who, GError **error);
