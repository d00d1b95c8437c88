/* Personal access tokens; see the header. */
#include "access/credentials/tokens.h"

#include <string.h>

#include "access/credentials/secrets.h"
#include "access/people/accounts.h"
#include "access/people/names.h"
#include "base/error.h"
#include "base/json.h"
#include "jobs/outbox.h"

/* Tokens that have ended are listed for a week more. */
#define ENDED_KEPT_US ((int64_t)7 * 24 * 3600 * G_USEC_PER_SEC)

void
token_free(Token *token)
{
  if (token == NULL)
    return;
  g_free(token->id);
  g_free(token->owner);
  g_free(token->name);
  g_clear_pointer(&token->scopes, g_array_unref);
  g_free(token->last_address);
  g_free(token);
}

/* --- scopes --- */

static void
scope_clear(void *data)
{
  Scope *scope = data;
  g_free(scope->pattern);
}

json_t *
scopes_to_json(const GArray *scopes)
{
  json_t *list = json_array();
  for (guint i = 0; scopes != NULL && i < scopes->len; i++) {
    const Scope *scope = &g_array_index(scopes, Scope, i);
    json_t *one = json_object(), *verbs = json_array();
    json_set_string(one, "pattern", scope->pattern);
    for (unsigned verb = VERB_NONE + 1; verb < VERB_COUNT; verb++)
      if ((scope->verbs & VERB_BIT(verb)) != 0)
        json_array_append_new(verbs, json_string(verb_name((Verb)verb)));
    json_object_set_new(one, "verbs", verbs);
    json_array_append_new(list, one);
  }
  return list;
}

static bool
read_verbs(const json_t *json, VerbSet *verbs, GError **error)
{
  size_t index;
  json_t *each;
  *verbs = 0;
  json_array_foreach(json_get_array(json, "verbs"), index, each) {
    Verb verb;
    if (!verb_find(json_string_value(each), &verb)) {
      g_autofree char *all = verbs_text(VERBS_ALL);
      return error_set(error, ASSAY_ERROR_INVALID, "scopes: \"verbs\" must be of %s", all);
    }
    *verbs |= VERB_BIT(verb);
  }
  return *verbs != 0 ||
         error_set(error, ASSAY_ERROR_INVALID, "scopes: each needs \"verbs\", such as [\"pull\"]");
}

GArray *
scopes_from_json(const json_t *json, GError **error)
{
  g_autoptr(GArray) scopes = g_array_new(FALSE, FALSE, sizeof(Scope));
  g_array_set_clear_func(scopes, scope_clear);
  size_t index;
  json_t *each;
  if (json_array_size(json) == 0 || json_array_size(json) > TOKEN_SCOPES_MOST) {
    error_set(error, ASSAY_ERROR_INVALID, "scopes must be a list of 1 to %d", TOKEN_SCOPES_MOST);
    return NULL;
  }
  json_array_foreach(json, index, each) {
    VerbSet verbs = 0;
    const char *pattern = json_get_string(each, "pattern");
    if (!access_pattern_check(pattern, error) || !read_verbs(each, &verbs, error))
      return NULL;
    Scope scope = {g_strdup(pattern), verbs};
    g_array_append_val(scopes, scope);
  }
  return g_steal_pointer(&scopes);
}

/* --- making --- */

typedef struct {
  const NewToken *token;
  const char *id, *owner, *by;
  char *scopes; /* JSON, or NULL */
  SecretHash hash;
} Work;

/* What ended long ago is of no use to anybody, and would use up the room of new ones: `assay login`
 * makes one each time. */
static bool
drop_ended(SqlConnection *db, const Account *owner, GError **error)
{
  return sql_run(db, NULL, error, "DELETE FROM tokens WHERE principal = $1 AND expires <= $2",
                 SQL_INTEGER(owner->id), SQL_INTEGER(g_get_real_time() - ENDED_KEPT_US), SQL_END);
}

static bool
has_room(SqlConnection *db, const Account *owner, const char *name, GError **error)
{
  g_autoptr(SqlRows) rows = NULL;
  if (sql_first(db, &rows, error,
                "SELECT count(*), CAST(COALESCE(SUM(CASE WHEN name = $2 THEN 1 ELSE 0 END), 0) AS "
                "BIGINT) FROM tokens WHERE principal = $1",
                SQL_INTEGER(owner->id), SQL_TEXT(name), SQL_END) != FOUND)
    return false;
  if (sql_rows_integer(rows, 1) > 0)
    return error_set(error, ASSAY_ERROR_EXISTS, "%s has a token named \"%s\" already", owner->name,
                     name);
  return sql_rows_integer(rows, 0) < TOKENS_MOST ||
         error_set(error, ASSAY_ERROR_LIMIT,
                   "%s has %d tokens, and no more are allowed: revoke one first", owner->name,
                   TOKENS_MOST);
}

static bool
create(SqlConnection *db, void *data, GError **error)
{
  const Work *work = data;
  const NewToken *token = work->token;
  g_auto(Account) owner = {0};
  g_autoptr(json_t) told = json_object();
  if (!access_changed(db, error) ||
      !account_require(db, PRINCIPAL_PERSON, token->owner, &owner, error) ||
      !drop_ended(db, &owner, error) || !has_room(db, &owner, token->name, error))
    return false;
  json_set_string(told, "owner", owner.name);
  json_set_string(told, "name", token->name);
  json_set_string(told, "by", work->by);
  json_object_set_new(told, "scoped", json_boolean(token->scopes != NULL));
  json_object_set_new(told, "expires", json_boolean(token->expires != 0));
  return sql_run(db, NULL, error,
                 "INSERT INTO tokens (id, principal, name, hash, scopes, created, expires) "
                 "VALUES ($1, $2, $3, $4, $5, $6, $7)",
                 SQL_TEXT(work->id), SQL_INTEGER(owner.id), SQL_TEXT(token->name),
                 SQL_BYTES(slice_new(work->hash.bytes, SECRET_HASH_SIZE)), SQL_TEXT(work->scopes),
                 SQL_INTEGER(g_get_real_time()),
                 token->expires == 0 ? SQL_NULL : SQL_INTEGER(token->expires), SQL_END) &&
         event_tell(db, "token.created", work->id, told, error);
}

bool
tokens_create(Access *access, const NewToken *token, const char *by, char **id, char **secret,
              GError **error)
{
  if (token->name == NULL || *token->name == '\0')
    return error_set(error, ASSAY_ERROR_INVALID, "a token needs a name");
  if (!account_text_check("a token's name", token->name, error))
    return false;
  if (token->expires != 0 && token->expires <= g_get_real_time())
    return error_set(error, ASSAY_ERROR_INVALID, "it would expire in the past");
  g_autofree char *fresh_id = secret_random_text(TOKEN_ID_LENGTH);
  g_autofree char *prefix = g_strconcat(TOKEN_PREFIX, fresh_id, "_", NULL);
  g_autoptr(SecretText) fresh = secret_new(prefix);
  g_autoptr(json_t) scopes = token->scopes == NULL ? NULL : scopes_to_json(token->scopes);
  g_autofree char *scopes_text = scopes == NULL ? NULL : json_to_text(scopes);
  Work work = {
      .token = token, .id = fresh_id, .by = by, .scopes = scopes_text, .hash = secret_hash(fresh)};
  if (!sql_transact(access_sql(access), create, &work, error))
    return false;
  access_forget(access);
  *id = g_steal_pointer(&fresh_id);
  *secret = g_steal_pointer(&fresh);
  return true;
}

/* --- revoking --- */

static bool
revoke_in(SqlConnection *db, void *data, GError **error)
{
  const Work *work = data;
  g_autoptr(SqlRows) rows = NULL;
  g_autoptr(json_t) told = json_object();
  if (!access_changed(db, error))
    return false;
  Found found = sql_first(db, &rows, error,
                          "SELECT p.name, t.name FROM tokens AS t JOIN principals AS p ON p.id = "
                          "t.principal WHERE t.id = $1",
                          SQL_TEXT(work->id), SQL_END);
  if (found == FAILED)
    return false;
  if (found == ABSENT || (work->owner != NULL && strcmp(work->owner, sql_rows_text(rows, 0)) != 0))
    return error_set(error, ASSAY_ERROR_NOT_FOUND, "there is no token with the id %s", work->id);
  json_set_string(told, "owner", sql_rows_text(rows, 0));
  json_set_string(told, "name", sql_rows_text(rows, 1));
  json_set_string(told, "by", work->by);
  g_clear_pointer(&rows, sql_rows_free);
  return sql_run(db, NULL, error, "DELETE FROM tokens WHERE id = $1", SQL_TEXT(work->id),
                 SQL_END) &&
         event_tell(db, "token.revoked", work->id, told, error);
}

bool
tokens_revoke(Access *access, const char *id, const char *owner, const char *by, GError **error)
{
  Work work = {.id = id, .owner = owner, .by = by};
  if (!sql_transact(access_sql(access), revoke_in, &work, error))
    return false;
  access_forget(access);
  return true;
}

/* --- listing --- */

static int64_t
moment(SqlRows *rows, int column)
{
  return sql_rows_is_null(rows, column) ? 0 : sql_rows_integer(rows, column);
}

static Token *
take(SqlRows *rows)
{
  Token *token = g_new0(Token, 1);
  const char *scopes = sql_rows_text(rows, 3);
  g_autoptr(json_t) json = scopes == NULL ? NULL : json_parse(slice_from_string(scopes), NULL);
  token->id = g_strdup(sql_rows_text(rows, 0));
  token->owner = g_strdup(sql_rows_text(rows, 1));
  token->name = g_strdup(sql_rows_text(rows, 2));
  token->scopes = json == NULL ? NULL : scopes_from_json(json, NULL);
  token->created = sql_rows_integer(rows, 4);
  token->expires = moment(rows, 5);
  token->last_used = moment(rows, 6);
  token->last_address = g_strdup(sql_rows_text(rows, 7));
  return token;
}

#define TOKEN_ROWS                                                                                 \
  "SELECT t.id, p.name, t.name, t.scopes, t.created, t.expires, t.last_used, t.last_address "      \
  "FROM tokens AS t JOIN principals AS p ON p.id = t.principal "                                   \
  "WHERE (CAST($1 AS TEXT) IS NULL OR p.name = $1) "

Token *
tokens_find(SqlPool *sql, const char *owner, const char *id, GError **error)
{
  g_autoptr(SqlConnection) db = sql_acquire(sql, error);
  if (db == NULL)
    return NULL;
  g_autoptr(SqlRows) rows = NULL;
  Found found = sql_first(db, &rows, error, TOKEN_ROWS "AND t.id = $2", SQL_TEXT(owner),
                          SQL_TEXT(id), SQL_END);
  if (found == ABSENT)
    error_set(error, ASSAY_ERROR_NOT_FOUND, "there is no token with the id %s", id);
  return found == FOUND ? take(rows) : NULL;
}

GPtrArray *
tokens_after(SqlPool *sql, const char *owner, const char *after, unsigned limit, GError **error)
{
  g_autoptr(SqlConnection) db = sql_acquire(sql, error);
  if (db == NULL)
    return NULL;
  g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func((GDestroyNotify)token_free);
  g_autoptr(SqlRows) rows =
      sql_query(db, error, TOKEN_ROWS "AND t.id > $2 ORDER BY t.id LIMIT $3", SQL_TEXT(owner),
                SQL_TEXT(after != NULL ? after : ""), SQL_INTEGER(limit), SQL_END);
  Found found;
  while ((found = sql_next(rows, error)) == FOUND)
    g_ptr_array_add(list, take(rows));
  return found == FAILED ? NULL : g_steal_pointer(&list);
}
