/* Rows of `principals`; see the header. */
#include "access/people/accounts.h"

#include <sodium.h>

#include "base/error.h"
#include "base/log.h"

#define NOTED_EVERY_US ((int64_t)60 * G_USEC_PER_SEC)
/* As many bits as every reader of JSON keeps. */
#define ID_BITS 52

#define ACCOUNT_COLUMNS                                                                            \
  "id, kind, name, display, mail, source, external, password, "                                    \
  "CASE WHEN totp_last >= 0 AND totp IS NOT NULL THEN 1 ELSE 0 END, description, disabled, "       \
  "remove_expired, expires, created, created_by, last_used"

void
account_clear(Account *account)
{
  g_free(account->name);
  g_free(account->display);
  g_free(account->mail);
  g_free(account->source);
  g_free(account->external);
  g_free(account->description);
  g_free(account->password);
  g_free(account->created_by);
  *account = (Account){0};
}

void
account_free(Account *account)
{
  account_clear(account);
  g_free(account);
}

static int64_t
moment(SqlRows *rows, int column)
{
  return sql_rows_is_null(rows, column) ? 0 : sql_rows_integer(rows, column);
}

static SqlValue
sql_moment(int64_t time)
{
  return time == 0 ? SQL_NULL : SQL_INTEGER(time);
}

static void
take(SqlRows *rows, Account *account)
{
  account_clear(account);
  account->id = sql_rows_integer(rows, 0);
  account->kind =
      g_strcmp0(sql_rows_text(rows, 1), "robot") == 0 ? PRINCIPAL_ROBOT : PRINCIPAL_PERSON;
  account->name = g_strdup(sql_rows_text(rows, 2));
  account->display = g_strdup(sql_rows_text(rows, 3));
  account->mail = g_strdup(sql_rows_text(rows, 4));
  account->source = g_strdup(sql_rows_text(rows, 5));
  account->external = g_strdup(sql_rows_text(rows, 6));
  account->password = g_strdup(sql_rows_text(rows, 7));
  account->second = sql_rows_integer(rows, 8) != 0;
  account->description = g_strdup(sql_rows_text(rows, 9));
  account->disabled = !sql_rows_is_null(rows, 10);
  account->remove = sql_rows_integer(rows, 11) != 0;
  account->expires = moment(rows, 12);
  account->created = sql_rows_integer(rows, 13);
  account->created_by = g_strdup(sql_rows_text(rows, 14));
  account->last_used = moment(rows, 15);
}

/* --- making and finding --- */

int64_t
account_random_id(void)
{
  uint64_t bits = 0;
  while (bits == 0) {
    randombytes_buf(&bits, sizeof bits);
    bits >>= 64 - ID_BITS;
  }
  return (int64_t)bits;
}

bool
account_insert(SqlConnection *db, const Account *account, int64_t *id, GError **error)
{
  g_auto(Account) other = {0};
  Found found = account_find(db, account->name, &other, error);
  if (found == FOUND)
    error_set(error, ASSAY_ERROR_EXISTS, "a %s named %s exists already",
              principal_kind_name(other.kind), account->name);
  if (found != ABSENT)
    return false;
  *id = account_random_id();
  return sql_run(
      db, NULL, error,
      "INSERT INTO principals (id, kind, name, display, mail, source, external, password, "
      "description, disabled, remove_expired, expires, created, created_by) "
      "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
      SQL_INTEGER(*id), SQL_TEXT(principal_kind_name(account->kind)), SQL_TEXT(account->name),
      SQL_TEXT(account->display), SQL_TEXT(account->mail), SQL_TEXT(account->source),
      SQL_TEXT(account->external), SQL_TEXT(account->password), SQL_TEXT(account->description),
      account->disabled ? SQL_INTEGER(g_get_real_time()) : SQL_NULL, SQL_INTEGER(account->remove),
      sql_moment(account->expires), SQL_INTEGER(g_get_real_time()), SQL_TEXT(account->created_by),
      SQL_END);
}

Found
account_find(SqlConnection *db, const char *name, Account *account, GError **error)
{
  g_autoptr(SqlRows) rows = NULL;
  Found found =
      sql_first(db, &rows, error, "SELECT " ACCOUNT_COLUMNS " FROM principals WHERE name = $1",
                SQL_TEXT(name), SQL_END);
  if (found == FOUND)
    take(rows, account);
  return found;
}

Found
account_find_by_id(SqlConnection *db, int64_t id, Account *account, GError **error)
{
  g_autoptr(SqlRows) rows = NULL;
  Found found =
      sql_first(db, &rows, error, "SELECT " ACCOUNT_COLUMNS " FROM principals WHERE id = $1",
                SQL_INTEGER(id), SQL_END);
  if (found == FOUND)
    take(rows, account);
  return found;
}

bool
account_require(SqlConnection *db, PrincipalKind kind, const char *name, Account *account,
                GError **error)
{
  g_autoptr(SqlRows) rows = NULL;
  Found found = sql_first(db, &rows, error,
                          "SELECT " ACCOUNT_COLUMNS
                          " FROM principals WHERE name = $1 AND kind = $2 " SQL_LOCK,
                          SQL_TEXT(name), SQL_TEXT(principal_kind_name(kind)), SQL_END);
  if (found == FOUND)
    take(rows, account);
  else if (found == ABSENT)
    error_set(error, ASSAY_ERROR_NOT_FOUND, "there is no %s named %s", principal_kind_name(kind),
              name);
  return found == FOUND;
}

GPtrArray *
accounts_after(SqlPool *sql, PrincipalKind kind, const char *after, unsigned limit, GError **error)
{
  g_autoptr(SqlConnection) db = sql_acquire(sql, error);
  if (db == NULL)
    return NULL;
  g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func((GDestroyNotify)account_free);
  g_autoptr(SqlRows) rows =
      sql_query(db, error,
                "SELECT " ACCOUNT_COLUMNS
                " FROM principals WHERE kind = $1 AND name > $2 ORDER BY name LIMIT $3",
                SQL_TEXT(principal_kind_name(kind)), SQL_TEXT(after != NULL ? after : ""),
                SQL_INTEGER(limit), SQL_END);
  Found found;
  while ((found = sql_next(rows, error)) == FOUND) {
    Account *account = g_new0(Account, 1);
    take(rows, account);
    g_ptr_array_add(list, account);
  }
  return found == FAILED ? NULL : g_steal_pointer(&list);
}

/* --- changing --- */

bool
account_delete(SqlConnection *db, int64_t id, GError **error)
{
  SqlValue it = SQL_INTEGER(id);
  return sql_run(db, NULL, error, "DELETE FROM bindings WHERE kind = 'principal' AND subject = $1",
                 it, SQL_END) &&
         sql_run(db, NULL, error, "DELETE FROM team_members WHERE principal = $1", it, SQL_END) &&
         sql_run(db, NULL, error, "DELETE FROM robot_secrets WHERE robot = $1", it, SQL_END) &&
         sql_run(db, NULL, error, "DELETE FROM robot_trusts WHERE robot = $1", it, SQL_END) &&
         sql_run(db, NULL, error, "DELETE FROM certificate_names WHERE principal = $1", it,
                 SQL_END) &&
         sql_run(db, NULL, error, "DELETE FROM tokens WHERE principal = $1", it, SQL_END) &&
         sql_run(db, NULL, error, "DELETE FROM sessions WHERE principal = $1", it, SQL_END) &&
         sql_run(db, NULL, error, "DELETE FROM recovery_codes WHERE principal = $1", it, SQL_END) &&
         sql_run(db, NULL, error, "DELETE FROM directory_people WHERE principal = $1", it,
                 SQL_END) &&
         sql_run(db, NULL, error, "DELETE FROM oidc_people WHERE principal = $1", it, SQL_END) &&
         sql_run(db, NULL, error, "DELETE FROM principals WHERE id = $1", it, SQL_END);
}

bool
account_set_disabled(SqlConnection *db, int64_t id, bool disabled, GError **error)
{
  SqlValue when = disabled ? SQL_INTEGER(g_get_real_time()) : SQL_NULL;
  return sql_run(db, NULL, error, "UPDATE principals SET disabled = $2 WHERE id = $1",
                 SQL_INTEGER(id), when, SQL_END) &&
         (!disabled || sql_run(db, NULL, error, "DELETE FROM sessions WHERE principal = $1",
                               SQL_INTEGER(id), SQL_END));
}

void
account_note_use(SqlPool *sql, int64_t id, int64_t used, int64_t now)
{
  g_autoptr(GError) error = NULL;
  if (now - used < NOTED_EVERY_US || sql_pool_is_read_only(sql))
    return;
  if (!sql_write_later(sql, NULL, &error, "UPDATE principals SET last_used = $2 WHERE id = $1",
                       SQL_INTEGER(id), SQL_INTEGER(now), SQL_END))
    log_warning("the last use of an account cannot be noted", "error", error->message, NULL);
}

/* --- who it is --- */

bool
account_add_teams(SqlConnection *db, Principal *who, GError **error)
{
  g_autoptr(SqlRows) rows = sql_query(
      db, error, "SELECT DISTINCT team FROM team_members WHERE principal = $1 ORDER BY team",
      SQL_INTEGER(who->id), SQL_END);
  Found found;
  while ((found = sql_next(rows, error)) == FOUND)
    principal_add_team(who, sql_rows_integer(rows, 0));
  return found == ABSENT;
}

Found
account_identified(SqlConnection *db, const Account *account, const char *how, Principal **who,
                   GError **error)
{
  const char *kind = principal_kind_name(account->kind);
  if (account->disabled) {
    error_set(error, ASSAY_ERROR_DENIED, "the %s %s is disabled", kind, account->name);
    return FAILED;
  }
  if (account->expires != 0 && account->expires <= g_get_real_time()) {
    error_set(error, ASSAY_ERROR_DENIED, "the %s %s has expired", kind, account->name);
    return FAILED;
  }
  g_autoptr(Principal) found = principal_new(account->kind, account->id, account->name, how);
  found->expires = account->expires;
  if (!account_add_teams(db, found, error))
    return FAILED;
  *who = g_steal_pointer(&found);
  return FOUND;
}
