/* Rules of trust as rows; see the header. */
#include "access/credentials/trusts.h"

#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "jobs/outbox.h"
#include "text/glob.h"

#define NOTED_EVERY_US ((int64_t)60 * G_USEC_PER_SEC)

void
trust_free(Trust *trust)
{
  if (trust == NULL)
    return;
  g_free(trust->issuer);
  g_free(trust->audience);
  g_free(trust->created_by);
  json_decref(trust->claims);
  g_free(trust);
}

/* --- whether a token fits --- */

static bool
value_fits(const char *pattern, const json_t *value)
{
  if (json_is_string(value))
    return strlen(json_string_value(value)) == json_string_length(value) &&
           glob_matches_across(pattern, json_string_value(value));
  if (!json_is_integer(value) && !json_is_boolean(value))
    return false;
  g_autofree char *text = json_to_text(value);
  return glob_matches_across(pattern, text);
}

static bool
claim_fits(const char *pattern, const json_t *claim)
{
  size_t index;
  json_t *one;
  if (!json_is_array(claim))
    return value_fits(pattern, claim);
  json_array_foreach((json_t *)(uintptr_t)claim, index, one) {
    if (value_fits(pattern, one))
      return true;
  }
  return false;
}

bool
trust_fits(const json_t *patterns, const json_t *claims)
{
  const char *name;
  json_t *pattern;
  json_object_foreach((json_t *)(uintptr_t)patterns, name, pattern) {
    const json_t *claim = json_object_get(claims, name);
    if (claim == NULL || !json_is_string(pattern) || !claim_fits(json_string_value(pattern), claim))
      return false;
  }
  return json_object_size(patterns) > 0;
}

/* --- making --- */

static bool
check_text(const char *what, const char *text, size_t most, GError **error)
{
  size_t size = text == NULL ? 0 : strlen(text);
  return (size > 0 && size <= most) ||
         error_set(error, ASSAY_ERROR_INVALID, "%s must have 1 to %zu bytes", what, most);
}

static bool
check_claims(const json_t *claims, GError **error)
{
  const char *name;
  json_t *pattern;
  if (!json_is_object(claims) || json_object_size(claims) == 0 ||
      json_object_size(claims) > TRUST_CLAIMS_MOST)
    return error_set(error, ASSAY_ERROR_INVALID,
                     "a rule names 1 to %u claims, each with a pattern: {\"sub\": \"repo:org/*\"}",
                     TRUST_CLAIMS_MOST);
  json_object_foreach((json_t *)(uintptr_t)claims, name, pattern) {
    const char *text = json_string_value(pattern);
    if (!check_text("the name of a claim", name, TRUST_TEXT_MAX, error) ||
        !check_text("the pattern of a claim", text, TRUST_TEXT_MAX, error))
      return false;
    if (text[strspn(text, "*")] == '\0')
      return error_set(error, ASSAY_ERROR_INVALID, "the claim %s: \"*\" alone says nothing", name);
  }
  return true;
}

static bool
check_issuer(const AccessSettings *settings, const char *issuer, GError **error)
{
  for (unsigned i = 0; settings != NULL && i < settings->workloads_count; i++)
    if (g_strcmp0(settings->workloads[i].issuer, issuer) == 0)
      return true;
  return error_set(error, ASSAY_ERROR_INVALID,
                   "the issuer %s is none of those that access.workloads names", issuer);
}

typedef struct {
  const char *robot, *by;
  const NewTrust *trust;
  char *claims; /* as text */
  int64_t id;
} Work;

static bool
check_room(SqlConnection *db, int64_t robot, GError **error)
{
  g_autoptr(SqlRows) rows = NULL;
  if (sql_first(db, &rows, error, "SELECT count(*) FROM robot_trusts WHERE robot = $1",
                SQL_INTEGER(robot), SQL_END) != FOUND)
    return false;
  return sql_rows_integer(rows, 0) < TRUSTS_MOST ||
         error_set(error, ASSAY_ERROR_LIMIT, "the robot has %u rules already", TRUSTS_MOST);
}

static bool
tell(SqlConnection *db, const char *type, const Work *work, const NewTrust *trust, GError **error)
{
  g_autoptr(json_t) told = json_object();
  json_object_set_new(told, "trust", json_integer(work->id));
  json_set_string(told, "by", work->by);
  if (trust != NULL) {
    json_set_string(told, "issuer", trust->issuer);
    json_set_string(told, "audience", trust->audience);
    json_object_set_new(told, "claims", json_deep_copy(trust->claims));
  }
  return event_tell(db, type, work->robot, told, error);
}

static bool
add(SqlConnection *db, void *data, GError **error)
{
  Work *work = data;
  const NewTrust *trust = work->trust;
  g_auto(Account) account = {0};
  work->id = account_random_id();
  return access_changed(db, error) &&
         account_require(db, PRINCIPAL_ROBOT, work->robot, &account, error) &&
         check_room(db, account.id, error) &&
         sql_run(db, NULL, error,
                 "INSERT INTO robot_trusts (id, robot, issuer, audience, claims, created, "
                 "created_by) VALUES ($1, $2, $3, $4, $5, $6, $7)",
                 SQL_INTEGER(work->id), SQL_INTEGER(account.id), SQL_TEXT(trust->issuer),
                 SQL_TEXT(trust->audience), SQL_TEXT(work->claims), SQL_INTEGER(g_get_real_time()),
                 SQL_TEXT(work->by), SQL_END) &&
         tell(db, "robot.trust-added", work, trust, error);
}

bool
trusts_add(Access *access, const char *robot, const NewTrust *trust, const char *by, int64_t *id,
           GError **error)
{
  if (!check_issuer(access_settings(access), trust->issuer, error) ||
      !check_text("the audience", trust->audience, TRUST_AUDIENCE_MAX, error) ||
      !check_claims(trust->claims, error))
    return false;
  g_autofree char *claims = json_to_text(trust->claims);
  Work work = {.robot = robot, .by = by, .trust = trust, .claims = claims};
  if (!sql_transact(access_sql(access), add, &work, error))
    return false;
  access_forget(access);
  *id = work.id;
  return true;
}

static bool
take_away(SqlConnection *db, void *data, GError **error)
{
  const Work *work = data;
  int64_t changed = 0;
  g_auto(Account) account = {0};
  if (!access_changed(db, error) ||
      !account_require(db, PRINCIPAL_ROBOT, work->robot, &account, error) ||
      !sql_run(db, &changed, error, "DELETE FROM robot_trusts WHERE robot = $1 AND id = $2",
               SQL_INTEGER(account.id), SQL_INTEGER(work->id), SQL_END))
    return false;
  if (changed == 0)
    return error_set(error, ASSAY_ERROR_NOT_FOUND, "%s has no rule %" G_GINT64_FORMAT, account.name,
                     work->id);
  return tell(db, "robot.trust-removed", work, NULL, error);
}

bool
trusts_remove(Access *access, const char *robot, int64_t id, const char *by, GError **error)
{
  Work work = {.robot = robot, .by = by, .id = id};
  if (!sql_transact(access_sql(access), take_away, &work, error))
    return false;
  access_forget(access);
  return true;
}

/* --- reading --- */

/* NULL: the claims are no JSON any more, so that it fits nothing. */
static Trust *
take(SqlRows *rows)
{
  Trust *trust = g_new0(Trust, 1);
  trust->id = sql_rows_integer(rows, 0);
  trust->robot = sql_rows_integer(rows, 1);
  trust->issuer = g_strdup(sql_rows_text(rows, 2));
  trust->audience = g_strdup(sql_rows_text(rows, 3));
  trust->claims = json_parse(slice_from_string(sql_rows_text(rows, 4)), NULL);
  trust->created = sql_rows_integer(rows, 5);
  trust->created_by = g_strdup(sql_rows_text(rows, 6));
  trust->last_used = sql_rows_integer(rows, 7);
  return trust;
}

GPtrArray *
trusts_of(SqlPool *sql, int64_t robot, const char *issuer, GError **error)
{
  g_autoptr(SqlConnection) db = sql_acquire(sql, error);
  if (db == NULL)
    return NULL;
  g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func((GDestroyNotify)trust_free);
  g_autoptr(SqlRows) rows = sql_query(
      db, error,
      "SELECT id, robot, issuer, audience, claims, created, created_by, COALESCE(last_used, 0) "
      "FROM robot_trusts WHERE (robot = $1 OR $1 = 0) AND (issuer = $2 OR $2 = '') ORDER BY id",
      SQL_INTEGER(robot), SQL_TEXT(issuer != NULL ? issuer : ""), SQL_END);
  Found found;
  while ((found = sql_next(rows, error)) == FOUND)
    g_ptr_array_add(list, take(rows));
  return found == FAILED ? NULL : g_steal_pointer(&list);
}

void
trust_note_use(SqlPool *sql, const Trust *trust, int64_t now)
{
  g_autoptr(GError) error = NULL;
  if (now - trust->last_used < NOTED_EVERY_US || sql_pool_is_read_only(sql))
    return;
  if (!sql_write_later(sql, NULL, &error, "UPDATE robot_trusts SET last_used = $2 WHERE id = $1",
                       SQL_INTEGER(trust->id), SQL_INTEGER(now), SQL_END))
    log_warning("the last use of a rule of trust cannot be noted", "error", error->message, NULL);
}

/* --- what was made by it --- */

char *
trust_proof(const Trust *trust)
{
  return g_strdup_printf(TRUST_PROOF "%" G_GINT64_FORMAT, trust->id);
}

Found
trust_proof_holds(SqlPool *sql, int64_t robot, int64_t id, GError **error)
{
  g_autoptr(SqlConnection) db = sql_acquire(sql, error);
  g_autoptr(SqlRows) rows = NULL;
  return db == NULL ? FAILED
                    : sql_first(db, &rows, error,
                                "SELECT 1 FROM robot_trusts WHERE id = $1 AND robot = $2",
                                SQL_INTEGER(id), SQL_INTEGER(robot), SQL_END);
}
