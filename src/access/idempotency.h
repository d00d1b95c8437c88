/* Requests that are not to be done twice, by the keys that clients give them: rows of
 * `idempotency_keys` (draft-ietf-httpapi-idempotency-key-header).
 *
 * A row is claimed in the transaction of the change itself, so that it is there if and only if the
 * change is. What was answered is written beside it afterwards; when that is lost, the row still
 * says that the change was made. Rows end after a day. */
#pragma once

#include "storage/sql.h"

/* So many of one who asks are kept. */
#define IDEMPOTENCY_KEYS_MOST 10000

typedef struct {
  const char *who;         /* whose key it is: keys of others are others */
  const char *key;         /* as the client has chosen it */
  const char *fingerprint; /* of the whole request */
  const char *attempt;     /* of this one request, among those of the same key */
} KeyedRequest;

typedef struct {
  char *fingerprint, *attempt;
  int64_t status;          /* 0: what was answered is not known */
  char *location, *answer; /* or NULL: there was none, or it is not kept */
} KeptRequest;
void kept_request_clear(KeptRequest *kept);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(KeptRequest, kept_request_clear)

/* What is known of a key of @who. */
Found idempotency_find(SqlPool *sql, const char *who, const char *key, KeptRequest *kept,
                       GError **error);
/* Whether @who may have one more. */
bool idempotency_has_room(SqlPool *sql, const char *who, bool *room, GError **error);
/* In the transaction of the change, as often as one is begun for the same attempt. Another attempt
 * that has claimed it meanwhile: ASSAY_ERROR_EXISTS. */
bool idempotency_claim(SqlConnection *db, const KeyedRequest *request, GError **error);
/* What the attempt has answered. @answer: NULL where it is not to be kept. */
bool idempotency_keep(SqlPool *sql, const KeyedRequest *request, unsigned status,
                      const char *location, const char *answer, GError **error);
/* The attempt has failed after all: the key is free again. */
bool idempotency_release(SqlPool *sql, const KeyedRequest *request, GError **error);
/* Removes what has ended. */
bool idempotency_sweep(SqlPool *sql, int64_t *count, GError **error);
