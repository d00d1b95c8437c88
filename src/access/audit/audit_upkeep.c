/* Signing the head, and cutting off what is too old. */
#include <string.h>

#include "access/audit/audit-private.h"
#include "access/keys/jwt.h"
#include "base/json.h"

typedef struct {
  Audit *audit;
  int64_t before; /* what is older goes */
} Upkeep;

static bool
append_own(SqlConnection *db, AuditHead *head, const char *type, json_t *data, GError **error)
{
  g_autoptr(json_t) more = json_object();
  g_autoptr(json_t) actor = json_pack("{s:s,s:s}", "kind", "system", "name", "system");
  json_object_set(more, "data", data);
  const AuditEntry entry = {g_get_real_time(), type, "audit", actor, more};
  return audit_append(db, head, &entry, error);
}

/* --- signing --- */

/* The public key that has signed. (transfer full); NULL: it is not known any more */
static json_t *
key_of(TokenKeys *keys, const char *token)
{
  g_autoptr(Jwt) jwt = jwt_parse(slice_from_string(token), NULL);
  g_autoptr(json_t) set = token_keys_jwks(keys);
  size_t index;
  json_t *key;
  json_array_foreach(json_get_array(set, "keys"), index, key) {
    if (jwt != NULL && g_strcmp0(json_get_string(key, "kid"), jwt->kid) == 0)
      return json_incref(key);
  }
  return NULL;
}

/* A SqlWork. What is signed is no token: it is for nobody, and has no end. */
static bool
sign_head(SqlConnection *db, void *data, GError **error)
{
  const Upkeep *upkeep = data;
  AuditHead head;
  if (!audit_head_open(db, &head, error))
    return false;
  if (head.number == 0 || head.number == head.signed_last)
    return true;
  g_autoptr(json_t) claims =
      json_pack("{s:s,s:I,s:s,s:I}", "sub", "audit-head", "number", (json_int_t)head.number, "hash",
                head.hash, "iat", (json_int_t)(g_get_real_time() / G_USEC_PER_SEC));
  g_autofree char *jwt = token_keys_sign(upkeep->audit->keys, claims, error);
  if (jwt == NULL)
    return false;
  g_autoptr(json_t) said = json_pack("{s:I,s:s,s:s}", "number", (json_int_t)head.number, "hash",
                                     head.hash, "signature", jwt);
  json_t *key = key_of(upkeep->audit->keys, jwt);
  if (key != NULL)
    json_object_set_new(said, "key", key);
  head.signed_last = head.number + 1;
  return append_own(db, &head, AUDIT_SIGNED, said, error) && audit_head_close(db, &head, error);
}

bool
audit_sign(Audit *audit, GError **error)
{
  Upkeep upkeep = {.audit = audit};
  int64_t now = g_get_monotonic_time();
  if (audit->keys == NULL ||
      (audit->signed_at != 0 &&
       now - audit->signed_at < (int64_t)audit->settings->sign_every * G_USEC_PER_SEC))
    return true;
  if (!sql_transact(audit->sql, sign_head, &upkeep, error))
    return false;
  audit->signed_at = now;
  return true;
}

/* --- cutting --- */

/* The first that is young enough; of none, the one that will be next. */
static bool
first_kept(SqlConnection *db, const AuditHead *head, int64_t before, int64_t *first, GError **error)
{
  g_autoptr(SqlRows) rows = sql_query(db, error, "SELECT min(number) FROM audit WHERE time >= $1",
                                      SQL_INTEGER(before), SQL_END);
  *first = head->number + 1;
  return sql_number(rows, first, error);
}

/* What record @first continues from; ABSENT: nothing is before it. */
static Found
hash_before(SqlConnection *db, int64_t first, char hash[AUDIT_HASH_SIZE], GError **error)
{
  g_autoptr(SqlRows) rows = NULL;
  Found found = sql_first(db, &rows, error, "SELECT hash FROM audit WHERE number = $1",
                          SQL_INTEGER(first - 1), SQL_END);
  if (found == FOUND)
    g_strlcpy(hash, sql_rows_text(rows, 0), AUDIT_HASH_SIZE);
  return found;
}

/* A SqlWork. */
static bool
cut_off(SqlConnection *db, void *data, GError **error)
{
  const Upkeep *upkeep = data;
  AuditHead head;
  char hash[AUDIT_HASH_SIZE] = "";
  int64_t first = 0, removed = 0;
  if (!audit_head_open(db, &head, error) || !first_kept(db, &head, upkeep->before, &first, error))
    return false;
  Found found = hash_before(db, first, hash, error);
  if (found != FOUND)
    return found == ABSENT;
  if (!sql_run(db, &removed, error, "DELETE FROM audit WHERE number < $1", SQL_INTEGER(first),
               SQL_END))
    return false;
  g_autoptr(json_t) said = json_pack("{s:I,s:s,s:I}", "first", (json_int_t)first, "hash", hash,
                                     "removed", (json_int_t)removed);
  return append_own(db, &head, AUDIT_CUT, said, error) && audit_head_close(db, &head, error);
}

bool
audit_cut(Audit *audit, GError **error)
{
  Upkeep upkeep = {.audit = audit,
                   .before = g_get_real_time() - (int64_t)audit->settings->keep * G_USEC_PER_SEC};
  return audit->settings->keep == 0 || sql_transact(audit->sql, cut_off, &upkeep, error);
}
