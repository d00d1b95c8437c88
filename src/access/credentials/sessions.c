/* Sessions as rows; see the header. */
#include "access/credentials/sessions.h"

#include <string.h>

#include "access/credentials/password_identity.h"
#include "access/credentials/secrets.h"
#include "access/people/accounts.h"
#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "jobs/outbox.h"

#define ID_BYTES    8u
#define AGENT_MAX   200u
#define NOTED_EVERY ((int64_t)60 * G_USEC_PER_SEC)

void
session_free(Session *session)
{
  if (session == NULL)
    return;
  secret_free(session->secret);
  secret_free(session->csrf);
  g_free(session->id);
  g_free(session->name);
  g_free(session->address);
  g_free(session->agent);
  g_free(session);
}

static char *
id_of(Slice hash)
{
  GString *id = g_string_new(NULL);
  for (size_t i = 0; i < MIN(hash.size, ID_BYTES); i++)
    g_string_append_printf(id, "%02x", hash.data[i]);
  return g_string_free(id, FALSE);
}

/* --- opening --- */

typedef struct {
  const Account *account;
  const Session *session;
  const char *by; /* which provider, or NULL */
  SecretHash hash;
} Opening;

static Slice
slice_of(const SecretHash *hash)
{
  return slice_new(hash->bytes, sizeof hash->bytes);
}

/* What has ended, and of this person the oldest, goes. */
static bool
make_room(SqlConnection *db, const Opening *opening, GError **error)
{
  int64_t now = opening->session->created;
  return sql_run(db, NULL, error, "DELETE FROM sessions WHERE expires <= $1 OR last_used <= $2",
                 SQL_INTEGER(now), SQL_INTEGER(now - SESSION_IDLE), SQL_END) &&
         sql_run(db, NULL, error,
                 "DELETE FROM sessions WHERE principal = $1 AND hash NOT IN (SELECT hash FROM "
                 "sessions WHERE principal = $1 ORDER BY created DESC LIMIT $2)",
                 SQL_INTEGER(opening->account->id), SQL_INTEGER(SESSIONS_MOST - 1), SQL_END);
}

static bool
open_session(SqlConnection *db, void *data, GError **error)
{
  const Opening *opening = data;
  const Session *session = opening->session;
  g_autoptr(json_t) told = json_object();
  json_set_string(told, "session", session->id);
  json_set_string(told, "address", session->address);
  json_object_set_new(told, "second_factor", json_boolean(opening->account->second));
  json_set_string(told, "by", opening->by);
  return make_room(db, opening, error) &&
         sql_run(db, NULL, error,
                 "INSERT INTO sessions (hash, principal, csrf, created, expires, last_used, "
                 "address, agent) VALUES ($1, $2, $3, $4, $5, $4, $6, $7)",
                 SQL_BYTES(slice_of(&opening->hash)), SQL_INTEGER(opening->account->id),
                 SQL_TEXT(session->csrf), SQL_INTEGER(session->created),
                 SQL_INTEGER(session->expires), SQL_TEXT(session->address),
                 SQL_TEXT(session->agent), SQL_END) &&
         event_tell(db, "session.opened", session->name, told, error);
}

/* Who is disabled or has expired is refused as they are with any credentials. */
static bool
find_person(Access *access, const char *name, Account *account, GError **error)
{
  g_autoptr(Principal) who = NULL;
  g_autoptr(SqlConnection) db = sql_acquire(access_sql(access), error);
  return db != NULL && account_require(db, PRINCIPAL_PERSON, name, account, error) &&
         account_identified(db, account, session_identity.how, &who, error) == FOUND;
}

static Session *
open_for(Access *access, const Account *account, const char *by, const char *address,
         const char *agent, GError **error)
{
  g_autoptr(Session) session = g_new0(Session, 1);
  session->secret = secret_new(SESSION_PREFIX);
  session->csrf = secret_random_text(SECRET_RANDOM_LENGTH);
  session->name = g_strdup(account->name);
  session->address = g_strdup(address);
  session->agent =
      agent == NULL ? NULL : g_utf8_make_valid(agent, (gssize)MIN(strlen(agent), AGENT_MAX));
  session->created = session->last_used = g_get_real_time();
  session->expires = session->created + SESSION_LONGEST;
  Opening opening = {account, session, by, secret_hash(session->secret)};
  session->id = id_of(slice_of(&opening.hash));
  if (!sql_transact(access_sql(access), open_session, &opening, error))
    return NULL;
  return g_steal_pointer(&session);
}

Session *
session_open(Access *access, const char *name, const char *password, const char *code,
             const char *address, const char *agent, GError **error)
{
  g_auto(Account) account = {0};
  if (!password_prove_both(access, name, password, code, address, error) ||
      !find_person(access, name, &account, error))
    return NULL;
  return open_for(access, &account, NULL, address, agent, error);
}

static Found
find_proven(Access *access, int64_t person, Account *account, GError **error)
{
  g_autoptr(Principal) who = NULL;
  g_autoptr(SqlConnection) db = sql_acquire(access_sql(access), error);
  Found found = db == NULL ? FAILED : account_find_by_id(db, person, account, error);
  return found != FOUND ? found
                        : account_identified(db, account, session_identity.how, &who, error);
}

Session *
session_open_proven(Access *access, int64_t person, const char *by, const char *address,
                    const char *agent, GError **error)
{
  g_auto(Account) account = {0};
  Found found = find_proven(access, person, &account, error);
  if (found == ABSENT)
    error_set(error, ASSAY_ERROR_DENIED, "the person was deleted");
  return found == FOUND ? open_for(access, &account, by, address, agent, error) : NULL;
}

/* --- listing and ending --- */

GPtrArray *
sessions_of(Access *access, int64_t person, GError **error)
{
  int64_t now = g_get_real_time();
  g_autoptr(SqlConnection) db = sql_acquire(access_sql(access), error);
  if (db == NULL)
    return NULL;
  g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func((GDestroyNotify)session_free);
  g_autoptr(SqlRows) rows =
      sql_query(db, error,
                "SELECT hash, created, expires, last_used, address, agent FROM sessions "
                "WHERE principal = $1 AND expires > $2 AND last_used > $3 ORDER BY created DESC",
                SQL_INTEGER(person), SQL_INTEGER(now), SQL_INTEGER(now - SESSION_IDLE), SQL_END);
  Found found;
  while ((found = sql_next(rows, error)) == FOUND) {
    Session *session = g_new0(Session, 1);
    session->id = id_of(sql_rows_bytes(rows, 0));
    session->created = sql_rows_integer(rows, 1);
    session->expires = sql_rows_integer(rows, 2);
    session->last_used = sql_rows_integer(rows, 3);
    session->address = g_strdup(sql_rows_text(rows, 4));
    session->agent = g_strdup(sql_rows_text(rows, 5));
    g_ptr_array_add(list, session);
  }
  return found == FAILED ? NULL : g_steal_pointer(&list);
}

typedef struct {
  int64_t person;
  const char *id;
} Ending;

/* *hash stays NULL where there is none. */
static bool
find_hash(SqlConnection *db, const Ending *ending, GBytes **hash, GError **error)
{
  g_autoptr(SqlRows) rows = sql_query(db, error, "SELECT hash FROM sessions WHERE principal = $1",
                                      SQL_INTEGER(ending->person), SQL_END);
  Found found = ABSENT;
  while (*hash == NULL && (found = sql_next(rows, error)) == FOUND) {
    Slice bytes = sql_rows_bytes(rows, 0);
    g_autofree char *id = id_of(bytes);
    if (strcmp(id, ending->id) == 0)
      *hash = g_bytes_new(bytes.data, bytes.size);
  }
  return found != FAILED;
}

static bool
end_session(SqlConnection *db, void *data, GError **error)
{
  const Ending *ending = data;
  g_autoptr(GBytes) hash = NULL;
  g_autoptr(SqlRows) rows = NULL;
  g_autoptr(json_t) told = json_object();
  json_set_string(told, "session", ending->id);
  if (!access_changed(db, error) || !find_hash(db, ending, &hash, error))
    return false;
  if (hash == NULL)
    return error_set(error, ASSAY_ERROR_NOT_FOUND, "there is no session %s", ending->id);
  if (sql_first(db, &rows, error, "SELECT name FROM principals WHERE id = $1",
                SQL_INTEGER(ending->person), SQL_END) != FOUND)
    return false;
  g_autofree char *name = g_strdup(sql_rows_text(rows, 0));
  g_clear_pointer(&rows, sql_rows_free);
  return sql_run(db, NULL, error, "DELETE FROM sessions WHERE hash = $1",
                 SQL_BYTES(slice_from_bytes(hash)), SQL_END) &&
         event_tell(db, "session.ended", name, told, error);
}

bool
session_end(Access *access, int64_t person, const char *id, GError **error)
{
  Ending ending = {person, id};
  if (!sql_transact(access_sql(access), end_session, &ending, error))
    return false;
  access_forget(access);
  return true;
}

/* --- whose it is --- */

static void
note_use(Access *access, const SecretHash *hash, int64_t last_used, int64_t now)
{
  g_autoptr(GError) error = NULL;
  if (now - last_used < NOTED_EVERY || sql_pool_is_read_only(access_sql(access)))
    return;
  if (!sql_write_later(access_sql(access), NULL, &error,
                       "UPDATE sessions SET last_used = $2 WHERE hash = $1",
                       SQL_BYTES(slice_of(hash)), SQL_INTEGER(now), SQL_END))
    log_warning("the last use of a session cannot be noted", "error", error->message, NULL);
}

/* ABSENT: there is none that still counts. */
static Found
find_session(SqlConnection *db, const SecretHash *hash, Session *session, int64_t *person,
             GError **error)
{
  int64_t now = g_get_real_time();
  g_autoptr(SqlRows) rows = NULL;
  Found found = sql_first(
      db, &rows, error, "SELECT principal, csrf, expires, last_used FROM sessions WHERE hash = $1",
      SQL_BYTES(slice_of(hash)), SQL_END);
  if (found != FOUND)
    return found;
  *person = sql_rows_integer(rows, 0);
  session->csrf = g_strdup(sql_rows_text(rows, 1));
  session->expires = sql_rows_integer(rows, 2);
  session->last_used = sql_rows_integer(rows, 3);
  session->id = id_of(slice_of(hash));
  return session->expires <= now || session->last_used <= now - SESSION_IDLE ? ABSENT : FOUND;
}

static Found
identify_session(Access *access, const SecretHash *hash, Session *session, Principal **who,
                 GError **error)
{
  int64_t person = 0;
  g_auto(Account) account = {0};
  g_autoptr(SqlConnection) db = sql_acquire(access_sql(access), error);
  if (db == NULL)
    return FAILED;
  Found found = find_session(db, hash, session, &person, error);
  if (found == FOUND)
    found = account_find_by_id(db, person, &account, error);
  if (found == FOUND)
    found = account_identified(db, &account, session_identity.how, who, error);
  return found;
}

static Found
identify(Access *access, const Shown *shown, Principal **who, GError **error)
{
  if (g_strcmp0(shown->scheme, "Session") != 0)
    return ABSENT;
  SecretHash hash = secret_hash(shown->secret);
  g_autoptr(Session) session = g_new0(Session, 1);
  Found found = secret_is_well_formed(shown->secret, SESSION_PREFIX)
                    ? identify_session(access, &hash, session, who, error)
                    : ABSENT;
  if (found == FAILED)
    return FAILED;
  if (found == ABSENT) {
    *who = principal_nobody(PRINCIPAL_ANONYMOUS);
    return FOUND;
  }
  (*who)->token = g_steal_pointer(&session->id);
  (*who)->csrf = g_steal_pointer(&session->csrf);
  if ((*who)->expires == 0 || session->expires < (*who)->expires)
    (*who)->expires = session->expires;
  note_use(access, &hash, session->last_used, g_get_real_time());
  return FOUND;
}

const IdentityKind session_identity = {.how = "session", .identify = identify};
