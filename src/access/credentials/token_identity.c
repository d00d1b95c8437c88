/* Log-in by a personal access token: as password with any name, or as Bearer. */
#include <string.h>

#include "access/access.h"
#include "access/credentials/secrets.h"
#include "access/credentials/tokens.h"
#include "access/people/accounts.h"
#include "base/error.h"
#include "base/json.h"
#include "base/log.h"

#define NOTED_EVERY_US ((int64_t)60 * G_USEC_PER_SEC)

typedef struct {
  char id[TOKEN_ID_LENGTH + 1];
  int64_t principal, expires, last_used;
  char *scopes;
} Row;

/* *row: what is stored of the token that was shown, whose hash is the same. */
static Found
find(SqlConnection *db, const char *shown, Row *row, GError **error)
{
  const SecretHash hash = secret_hash(shown);
  g_autoptr(SqlRows) rows = NULL;
  memcpy(row->id, shown + strlen(TOKEN_PREFIX), TOKEN_ID_LENGTH);
  Found found =
      sql_first(db, &rows, error,
                "SELECT principal, hash, scopes, COALESCE(expires, 0), COALESCE(last_used, 0) "
                "FROM tokens WHERE id = $1",
                SQL_TEXT(row->id), SQL_END);
  if (found != FOUND)
    return found;
  if (!secret_matches(sql_rows_bytes(rows, 1), &hash))
    return ABSENT;
  row->principal = sql_rows_integer(rows, 0);
  row->scopes = g_strdup(sql_rows_text(rows, 2));
  row->expires = sql_rows_integer(rows, 3);
  row->last_used = sql_rows_integer(rows, 4);
  return FOUND;
}

static bool
add_limits(Principal *who, const char *text, GError **error)
{
  g_autoptr(json_t) json = json_parse(slice_from_string(text), error);
  g_autoptr(GArray) scopes = json == NULL ? NULL : scopes_from_json(json, error);
  for (guint i = 0; scopes != NULL && i < scopes->len; i++) {
    const Scope *scope = &g_array_index(scopes, Scope, i);
    principal_add_limit(who, scope->pattern, scope->verbs);
  }
  return scopes != NULL;
}

static Found
identify_owner(SqlConnection *db, const Row *row, Principal **who, GError **error)
{
  g_auto(Account) owner = {0};
  g_autoptr(Principal) found = NULL;
  Found there = account_find_by_id(db, row->principal, &owner, error);
  if (there == ABSENT)
    error_set(error, ASSAY_ERROR_DENIED, "the owner of the token %s is gone", row->id);
  if (there != FOUND || account_identified(db, &owner, token_identity.how, &found, error) != FOUND)
    return FAILED;
  if (row->scopes != NULL && !add_limits(found, row->scopes, error))
    return FAILED;
  found->token = g_strdup(row->id);
  if (row->expires != 0 && (found->expires == 0 || row->expires < found->expires))
    found->expires = row->expires;
  *who = g_steal_pointer(&found);
  return FOUND;
}

static Found
look_up(SqlConnection *db, const Shown *shown, Row *row, Principal **who, GError **error)
{
  Found found = find(db, shown->secret, row, error);
  if (found == ABSENT)
    error_set(error, ASSAY_ERROR_DENIED, "there is no token %s, or not any more", row->id);
  if (found != FOUND)
    return FAILED;
  if (row->expires != 0 && row->expires <= g_get_real_time()) {
    error_set(error, ASSAY_ERROR_DENIED, "the token %s has expired", row->id);
    return FAILED;
  }
  return identify_owner(db, row, who, error);
}

static void
note_use(SqlPool *sql, const Row *row, const char *address)
{
  g_autoptr(GError) error = NULL;
  int64_t now = g_get_real_time();
  if (now - row->last_used < NOTED_EVERY_US || sql_pool_is_read_only(sql))
    return;
  if (!sql_write_later(sql, NULL, &error,
                       "UPDATE tokens SET last_used = $2, last_address = $3 WHERE id = $1",
                       SQL_TEXT(row->id), SQL_INTEGER(now), SQL_TEXT(address), SQL_END))
    log_warning("the last use of a token cannot be noted", "error", error->message, NULL);
}

/* Whether it has the form of one, so that the check of its end is right. */
static bool
is_token(const char *text)
{
  size_t before = strlen(TOKEN_PREFIX) + TOKEN_ID_LENGTH + 1;
  if (!g_str_has_prefix(text, TOKEN_PREFIX) || strlen(text) < before || text[before - 1] != '_')
    return false;
  g_autofree char *prefix = g_strndup(text, before);
  return secret_is_well_formed(text, prefix);
}

static Found
identify(Access *access, const Shown *shown, Principal **who, GError **error)
{
  bool either = g_strcmp0(shown->scheme, "Basic") == 0 || g_strcmp0(shown->scheme, "Bearer") == 0;
  if (!either || shown->secret == NULL || !is_token(shown->secret))
    return ABSENT;
  Row row = {0};
  g_autoptr(SqlConnection) db = sql_acquire(access_sql(access), error);
  Found found = db == NULL ? FAILED : look_up(db, shown, &row, who, error);
  g_clear_pointer(&db, sql_release);
  if (found == FOUND)
    note_use(access_sql(access), &row, shown->address);
  g_free(row.scopes);
  return found;
}

const IdentityKind token_identity = {"token", identify};
