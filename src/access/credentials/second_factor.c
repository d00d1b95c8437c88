/* Second factors as rows; see the header. */
#include "access/credentials/second_factor.h"

#include <sodium.h>
#include <string.h>

#include "access/credentials/secrets.h"
#include "access/credentials/totp.h"
#include "access/people/people.h"
#include "base/error.h"
#include "base/json.h"
#include "jobs/outbox.h"

#define RECOVERY_BYTES 10u
#define RECOVERY_GROUP 4u
/* `totp_last` until the first code. */
#define NOT_CONFIRMED (-1)

/* --- the secret --- */

static char *
purpose_of(int64_t person)
{
  return g_strdup_printf("totp:%" G_GINT64_FORMAT, person);
}

typedef struct {
  Access *access;
  const char *name, *by, *code;
  Slice clear;           /* of a new secret */
  char *const *recovery; /* new recovery codes */
} Change;

/* The sealed secret of a person and the last step that was taken. ABSENT: there is none. */
static Found
read_secret(SqlConnection *db, Access *access, int64_t person, GBytes **clear, int64_t *last,
            GError **error)
{
  g_autofree char *purpose = purpose_of(person);
  g_autoptr(SqlRows) rows = NULL;
  Found found = sql_first(db, &rows, error, "SELECT totp, totp_last FROM principals WHERE id = $1",
                          SQL_INTEGER(person), SQL_END);
  if (found != FOUND || sql_rows_is_null(rows, 0))
    return found == FAILED ? FAILED : ABSENT;
  *last = sql_rows_integer(rows, 1);
  *clear = sealer_unseal(access_sealer(access), purpose, sql_rows_bytes(rows, 0), error);
  return *clear != NULL ? FOUND : FAILED;
}

static bool
forget_recovery(SqlConnection *db, int64_t person, GError **error)
{
  return sql_run(db, NULL, error, "DELETE FROM recovery_codes WHERE principal = $1",
                 SQL_INTEGER(person), SQL_END);
}

/* --- beginning --- */

static bool
begin(SqlConnection *db, void *data, GError **error)
{
  const Change *change = data;
  g_auto(Account) account = {0};
  if (!account_require(db, PRINCIPAL_PERSON, change->name, &account, error))
    return false;
  if (strcmp(account.source, SOURCE_LOCAL) != 0)
    return error_set(error, ASSAY_ERROR_INVALID, "%s logs in by %s, which asks for what it wants",
                     account.name, account.source);
  if (account.second)
    return error_set(error, ASSAY_ERROR_EXISTS,
                     "%s has a second factor; it must be removed before there is another",
                     account.name);
  g_autofree char *purpose = purpose_of(account.id);
  g_autoptr(GBytes) sealed = sealer_seal(access_sealer(change->access), purpose, change->clear);
  return sql_run(db, NULL, error, "UPDATE principals SET totp = $2, totp_last = $3 WHERE id = $1",
                 SQL_INTEGER(account.id), SQL_BYTES(slice_from_bytes(sealed)),
                 SQL_INTEGER(NOT_CONFIRMED), SQL_END) &&
         event_tell(db, "user.second-factor-begun", account.name, NULL, error);
}

bool
second_factor_begin(Access *access, const char *name, char **secret, char **uri, GError **error)
{
  uint8_t bytes[TOTP_SECRET_SIZE];
  randombytes_buf(bytes, sizeof bytes);
  Change change = {.access = access, .name = name, .clear = slice_new(bytes, sizeof bytes)};
  bool begun = sql_transact(access_sql(access), begin, &change, error);
  if (begun) {
    *secret = base32_encode(change.clear);
    *uri = totp_uri(token_keys_settings(access_keys(access))->service, name, *secret);
  }
  explicit_bzero(bytes, sizeof bytes);
  return begun;
}

/* --- recovery codes --- */

/* "abcd-efgh-ijkl-mnop" (transfer full) */
static char *
new_recovery_code(void)
{
  uint8_t bytes[RECOVERY_BYTES];
  randombytes_buf(bytes, sizeof bytes);
  g_autofree char *upper = base32_encode(slice_new(bytes, sizeof bytes));
  GString *code = g_string_new(NULL);
  for (size_t i = 0; upper[i] != '\0'; i++) {
    if (i > 0 && i % RECOVERY_GROUP == 0)
      g_string_append_c(code, '-');
    g_string_append_c(code, g_ascii_tolower(upper[i]));
  }
  explicit_bzero(upper, strlen(upper));
  return g_string_free(code, FALSE);
}

/* As it may have been typed. */
static SecretHash
recovery_hash(const char *typed)
{
  g_autoptr(GString) plain = g_string_new(NULL);
  for (; *typed != '\0'; typed++)
    if (*typed != '-' && *typed != ' ')
      g_string_append_c(plain, g_ascii_tolower(*typed));
  SecretHash hash = secret_hash(plain->str);
  explicit_bzero(plain->str, plain->len);
  return hash;
}

static bool
keep_recovery(SqlConnection *db, int64_t person, char *const *codes, GError **error)
{
  if (!forget_recovery(db, person, error))
    return false;
  for (; *codes != NULL; codes++) {
    SecretHash hash = recovery_hash(*codes);
    if (!sql_run(db, NULL, error, "INSERT INTO recovery_codes (principal, hash) VALUES ($1, $2)",
                 SQL_INTEGER(person), SQL_BYTES(slice_new(hash.bytes, sizeof hash.bytes)), SQL_END))
      return false;
  }
  return true;
}

/* --- confirming --- */

static bool
check_first_code(SqlConnection *db, const Change *change, int64_t person, int64_t *step,
                 GError **error)
{
  g_autoptr(GBytes) clear = NULL;
  int64_t last = 0;
  Found found = read_secret(db, change->access, person, &clear, &last, error);
  if (found == ABSENT || (found == FOUND && last != NOT_CONFIRMED))
    return error_set(error, ASSAY_ERROR_INVALID, "%s has begun no second factor", change->name);
  if (found == FAILED)
    return false;
  *step = totp_step_of(slice_from_bytes(clear), change->code, g_get_real_time() / G_USEC_PER_SEC);
  return *step >= 0 || error_set(error, ASSAY_ERROR_INVALID,
                                 "the code is wrong; is the clock of the app's device right?");
}

static bool
confirm(SqlConnection *db, void *data, GError **error)
{
  const Change *change = data;
  int64_t step = 0;
  g_auto(Account) account = {0};
  return access_changed(db, error) &&
         account_require(db, PRINCIPAL_PERSON, change->name, &account, error) &&
         check_first_code(db, change, account.id, &step, error) &&
         keep_recovery(db, account.id, change->recovery, error) &&
         sql_run(db, NULL, error, "UPDATE principals SET totp_last = $2 WHERE id = $1",
                 SQL_INTEGER(account.id), SQL_INTEGER(step), SQL_END) &&
         sql_run(db, NULL, error, "DELETE FROM sessions WHERE principal = $1",
                 SQL_INTEGER(account.id), SQL_END) &&
         event_tell(db, "user.second-factor-added", account.name, NULL, error);
}

bool
second_factor_confirm(Access *access, const char *name, const char *code, GStrv *codes,
                      GError **error)
{
  g_auto(GStrv) made = g_new0(char *, RECOVERY_CODES + 1);
  for (unsigned i = 0; i < RECOVERY_CODES; i++)
    made[i] = new_recovery_code();
  Change change = {.access = access, .name = name, .code = code, .recovery = made};
  if (!sql_transact(access_sql(access), confirm, &change, error))
    return false;
  access_forget(access);
  *codes = g_steal_pointer(&made);
  return true;
}

/* --- removing --- */

static bool
take_off(SqlConnection *db, void *data, GError **error)
{
  const Change *change = data;
  int64_t changed = 0;
  g_auto(Account) account = {0};
  g_autoptr(json_t) told = json_object();
  json_set_string(told, "by", change->by);
  if (!access_changed(db, error) ||
      !account_require(db, PRINCIPAL_PERSON, change->name, &account, error) ||
      !forget_recovery(db, account.id, error) ||
      !sql_run(db, &changed, error,
               "UPDATE principals SET totp = NULL, totp_last = 0 WHERE id = $1 AND totp IS NOT "
               "NULL",
               SQL_INTEGER(account.id), SQL_END))
    return false;
  if (changed == 0)
    return error_set(error, ASSAY_ERROR_NOT_FOUND, "%s has no second factor", account.name);
  return event_tell(db, "user.second-factor-removed", account.name, told, error);
}

bool
second_factor_remove(Access *access, const char *name, const char *by, GError **error)
{
  Change change = {.access = access, .name = name, .by = by};
  if (!sql_transact(access_sql(access), take_off, &change, error))
    return false;
  access_forget(access);
  return true;
}

/* --- taking a code --- */

typedef struct {
  Access *access;
  const Account *account;
  const char *code;
  Found found;
} Taking;

/* Two that come at once count once: the row changes for one of them. */
static bool
take_step(SqlConnection *db, Taking *taking, GError **error)
{
  int64_t last = 0, changed = 0;
  g_autoptr(GBytes) clear = NULL;
  Found found = read_secret(db, taking->access, taking->account->id, &clear, &last, error);
  if (found != FOUND)
    return found == ABSENT;
  int64_t step =
      totp_step_of(slice_from_bytes(clear), taking->code, g_get_real_time() / G_USEC_PER_SEC);
  if (step < 0)
    return true;
  if (!sql_run(db, &changed, error,
               "UPDATE principals SET totp_last = $2 WHERE id = $1 AND totp_last < $2 AND "
               "totp_last >= 0",
               SQL_INTEGER(taking->account->id), SQL_INTEGER(step), SQL_END))
    return false;
  if (changed == 1)
    taking->found = FOUND;
  return true;
}

static bool
take_recovery(SqlConnection *db, Taking *taking, GError **error)
{
  int64_t changed = 0;
  SecretHash hash = recovery_hash(taking->code);
  if (!sql_run(db, &changed, error, "DELETE FROM recovery_codes WHERE principal = $1 AND hash = $2",
               SQL_INTEGER(taking->account->id),
               SQL_BYTES(slice_new(hash.bytes, sizeof hash.bytes)), SQL_END))
    return false;
  if (changed == 0)
    return true;
  taking->found = FOUND;
  return event_tell(db, "user.recovery-code-used", taking->account->name, NULL, error);
}

static bool
take(SqlConnection *db, void *data, GError **error)
{
  Taking *taking = data;
  taking->found = ABSENT;
  return strlen(taking->code) == TOTP_DIGITS ? take_step(db, taking, error)
                                             : take_recovery(db, taking, error);
}

Found
second_factor_take(Access *access, const Account *account, const char *code, GError **error)
{
  Taking taking = {.access = access, .account = account, .code = code};
  return sql_transact(access_sql(access), take, &taking, error) ? taking.found : FAILED;
}
