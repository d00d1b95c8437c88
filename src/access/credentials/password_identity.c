/* Log-in by name and password: the kind of identity that is asked last, since it counts what is
 * wrong. All answers take the time of one argon2id, whether the name is there or not, except those
 * to who must wait. */
#include "access/credentials/password_identity.h"

#include "access/credentials/lockout.h"
#include "access/credentials/passwords.h"
#include "access/credentials/second_factor.h"
#include "access/people/accounts.h"
#include "access/people/names.h"
#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "jobs/outbox.h"

/* --- the record of guessing --- */

typedef struct {
  const char *name, *address;
  LockoutBegun begun;
} Waiting;

static bool
tell_one(SqlConnection *db, const char *type, const char *subject, const Waiting *waiting,
         int64_t wait, unsigned failures, GError **error)
{
  g_autoptr(json_t) told = json_object();
  json_set_string(told, "name", waiting->name);
  json_set_string(told, "address", waiting->address);
  json_set_number(told, "failures", failures);
  json_set_number(told, "seconds", (uint64_t)(wait / G_USEC_PER_SEC));
  return wait == 0 || event_tell(db, type, subject, told, error);
}

/* A SqlWork. */
static bool
tell_wait(SqlConnection *db, void *data, GError **error)
{
  const Waiting *waiting = data;
  const LockoutBegun *begun = &waiting->begun;
  return tell_one(db, "user.locked", waiting->name, waiting, begun->name, begun->of_name, error) &&
         tell_one(db, "address.locked", waiting->address, waiting, begun->address,
                  begun->of_address, error);
}

static void
note_failure(Access *access, const char *name, const char *address)
{
  g_autoptr(GError) error = NULL;
  Waiting waiting = {.name = name, .address = address};
  lockout_failed(access_lockout(access), name, address, g_get_monotonic_time(), &waiting.begun);
  if ((waiting.begun.name == 0 && waiting.begun.address == 0) ||
      sql_pool_is_read_only(access_sql(access)))
    return;
  if (!sql_transact(access_sql(access), tell_wait, &waiting, &error))
    log_warning("a lock-out cannot be recorded", "error", error->message, NULL);
}

/* --- one attempt --- */

/* Names that nobody can have count together. */
static const char *
counted_name(const char *name)
{
  return account_name_check("a user", name, NULL) ? name : "";
}

/* The person of that name, or zero bytes where there is none with a password. */
static bool
look_up(Access *access, const char *name, Account *account, GError **error)
{
  g_autoptr(SqlConnection) db = sql_acquire(access_sql(access), error);
  Found found = db == NULL      ? FAILED
                : *name == '\0' ? ABSENT
                                : account_find(db, name, account, error);
  if (found == FOUND && (account->kind != PRINCIPAL_PERSON || account->password == NULL))
    account_clear(account);
  return found != FAILED;
}

typedef struct {
  const char *name, *password, *address;
  const char *code; /* of the second factor, or NULL */
  bool both;        /* the second factor is asked for where there is one */
} Attempt;

static bool
check_wait(Access *access, const Attempt *attempt, GError **error)
{
  int64_t wait =
      lockout_wait(access_lockout(access), attempt->name, attempt->address, g_get_monotonic_time());
  return wait <= 0 ||
         error_set(error, ASSAY_ERROR_DENIED,
                   "too many wrong passwords: none is looked at for %" G_GINT64_FORMAT " s",
                   wait / G_USEC_PER_SEC + 1);
}

static bool
check_password(Access *access, const Attempt *attempt, Account *account, GError **error)
{
  if (!look_up(access, attempt->name, account, error))
    return false;
  Found right = password_verify(account->password, attempt->password, error);
  if (right != ABSENT)
    return right == FOUND;
  note_failure(access, attempt->name, attempt->address);
  return error_set(error, ASSAY_ERROR_DENIED, "%s",
                   account->name != NULL ? "the password is wrong"
                                         : "there is no person of that name with a password");
}

/* What is missing is no guess, and what is right makes up for no wrong code of before. */
static bool
check_second(Access *access, const Attempt *attempt, const Account *account, GError **error)
{
  if (!attempt->both || !account->second)
    return true;
  if (attempt->code == NULL || *attempt->code == '\0')
    return error_set(error, ASSAY_ERROR_MISMATCH, "the code of the second factor is missing");
  Found found = second_factor_take(access, account, attempt->code, error);
  if (found != ABSENT)
    return found == FOUND;
  note_failure(access, attempt->name, attempt->address);
  return error_set(error, ASSAY_ERROR_MISMATCH,
                   "the code of the second factor is wrong, or was used");
}

static bool
try(Access *access, const Attempt *attempt, Account *account, GError **error)
{
  if (!check_wait(access, attempt, error) || !check_password(access, attempt, account, error) ||
      !check_second(access, attempt, account, error))
    return false;
  lockout_succeeded(access_lockout(access), attempt->name, attempt->address,
                    g_get_monotonic_time());
  return true;
}

static bool
try_in_turn(Access *access, const Attempt *attempt, GError **error)
{
  g_auto(Account) account = {0};
  lockout_enter(access_lockout(access), attempt->name);
  bool right = try(access, attempt, &account, error);
  lockout_leave(access_lockout(access), attempt->name);
  return right;
}

bool
password_prove(Access *access, const char *name, const char *password, const char *address,
               GError **error)
{
  const Attempt attempt = {counted_name(name), password, address, NULL, false};
  return try_in_turn(access, &attempt, error);
}

bool
password_prove_both(Access *access, const char *name, const char *password, const char *code,
                    const char *address, GError **error)
{
  const Attempt attempt = {counted_name(name), password, address, code, true};
  return try_in_turn(access, &attempt, error);
}

static Found
identify_in_turn(Access *access, const Shown *shown, Account *account, Principal **who,
                 GError **error)
{
  /* Others of the same client may have waited for the same answer. */
  *who = access_remembered(access, shown);
  if (*who != NULL)
    return FOUND;
  const Attempt attempt = {counted_name(shown->name), shown->secret, shown->address, NULL, true};
  if (!try(access, &attempt, account, error)) {
    if (account->second && error != NULL &&
        g_error_matches(*error, ASSAY_ERROR, ASSAY_ERROR_MISMATCH)) {
      g_clear_error(error);
      error_set(error, ASSAY_ERROR_MISMATCH,
                "%s has a second factor: log in by a personal access token instead of the password",
                account->name);
    }
    return FAILED;
  }
  g_autoptr(SqlConnection) db = sql_acquire(access_sql(access), error);
  if (db == NULL)
    return FAILED;
  Found found = account_identified(db, account, password_identity.how, who, error);
  if (found == FOUND)
    (*who)->proof = password_proof(account->password);
  return found;
}

static Found
identify(Access *access, const Shown *shown, Principal **who, GError **error)
{
  if (g_strcmp0(shown->scheme, "Basic") != 0 || shown->name == NULL || shown->secret == NULL)
    return ABSENT;
  if (*shown->secret == '\0') {
    error_set(error, ASSAY_ERROR_DENIED, "an empty password is nobody's");
    return FAILED;
  }
  g_auto(Account) account = {0};
  const char *counted = counted_name(shown->name);
  lockout_enter(access_lockout(access), counted);
  Found found = identify_in_turn(access, shown, &account, who, error);
  lockout_leave(access_lockout(access), counted);
  if (found == FOUND && account.name != NULL)
    account_note_use(access_sql(access), account.id, account.last_used, g_get_real_time());
  return found;
}

const IdentityKind password_identity = {"password", identify};
