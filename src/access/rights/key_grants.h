/* Which signing rule may use which key, for what, where, until when, and by whose word. A key is no
 * part of this: the registry holds the grant to use it. Whoever signs asks key_use_find() each
 * time, so a grant that is ended counts no more from then on, on all nodes.
 *
 * Who grants a key's use must manage access on the whole pattern, and have the verb there himself,
 * for as long (delegation.h); who manages access on the pattern may end it. A change and its event
 * are one transaction. All but the decision blocks. */
#pragma once

#include "access/access.h"

#define KEY_GRANTS_MOST 10000u

typedef struct {
  int64_t id;
  char *rule, *key; /* their names */
  char *verb;       /* "sign" or "verify" */
  char *pattern;    /* of repositories, as in a binding */
  int64_t until;    /* microseconds since 1970; 0: no end */
  int64_t created;
  char *created_by;
} KeyGrant;
void key_grant_free(KeyGrant *grant);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KeyGrant, key_grant_free)

typedef struct {
  const char *rule, *key;
  Verb verb;
  const char *repository;
} KeyUse;

/* Whether one of @grants (KeyGrant) allows that use at @now: the one that does, by its id the
 * first; NULL: none. Pure. (transfer none) */
const KeyGrant *key_use_decide(const GPtrArray *grants, const KeyUse *use, int64_t now);
/* The same of the rows as they are: FOUND with the grant that allows it (transfer full), ABSENT: no
 * grant does. */
Found key_use_find(Access *access, const KeyUse *use, KeyGrant **grant, GError **error);

/* Those that @asker manages, with an id above @after, at most @limit; of @rule and of @key alone,
 * where they are not NULL: KeyGrant. (transfer full) */
GPtrArray *key_grants_after(Access *access, const Principal *asker, const char *rule,
                            const char *key, int64_t after, unsigned limit, GError **error);
/* NULL, ASSAY_ERROR_NOT_FOUND: there is none, or @asker does not manage it. (transfer full) */
KeyGrant *key_grant_get(Access *access, const Principal *asker, int64_t id, GError **error);
/* Of @wanted: rule, key, verb, pattern, until; sets its id, which is never used again.
 * ASSAY_ERROR_INVALID, _DENIED, _EXISTS (there is the same), _LIMIT. */
bool key_grant_create(Access *access, const Principal *by, KeyGrant *wanted, GError **error);
/* Ends those of @rule, or of @key, which is no more: one that is added later by that name is
 * another. NULL: of any. Within a transaction. */
bool key_grants_end_of(SqlConnection *db, const char *rule, const char *key, GError **error);
/* ASSAY_ERROR_NOT_FOUND, _DENIED. */
bool key_grant_end(Access *access, const Principal *by, int64_t id, GError **error);
