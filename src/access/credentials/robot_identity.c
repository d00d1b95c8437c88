/* Log-in by the name of a robot and one of its secrets. What is not of a secret's form is left to
 * the next kinds, so that a wrong password takes as long for a robot's name as for any other. */
#include "access/access.h"
#include "access/credentials/secrets.h"
#include "access/people/accounts.h"
#include "access/people/robots.h"
#include "base/error.h"
#include "base/log.h"

#define NOTED_EVERY_US ((int64_t)60 * G_USEC_PER_SEC)

/* @expires: of the secret; 0: never. */
static Found
find_secret(SqlConnection *db, int64_t robot, const char *shown, RobotSecret *secret,
            GError **error)
{
  const SecretHash hash = secret_hash(shown);
  g_autoptr(SqlRows) rows =
      sql_query(db, error,
                "SELECT slot, created, COALESCE(expires, 0), COALESCE(last_used, 0), hash "
                "FROM robot_secrets WHERE robot = $1 ORDER BY slot",
                SQL_INTEGER(robot), SQL_END);
  Found found;
  while ((found = sql_next(rows, error)) == FOUND) {
    *secret = (RobotSecret){(int)sql_rows_integer(rows, 0), sql_rows_integer(rows, 1),
                            sql_rows_integer(rows, 2), sql_rows_integer(rows, 3)};
    if (secret_matches(sql_rows_bytes(rows, 4), &hash))
      return FOUND;
  }
  return found;
}

static void
note_use(SqlPool *sql, int64_t robot, const RobotSecret *secret, int64_t now)
{
  g_autoptr(GError) error = NULL;
  if (now - secret->last_used < NOTED_EVERY_US || sql_pool_is_read_only(sql))
    return;
  if (!sql_write_later(sql, NULL, &error,
                       "UPDATE robot_secrets SET last_used = $3 WHERE robot = $1 AND slot = $2",
                       SQL_INTEGER(robot), SQL_INTEGER(secret->slot), SQL_INTEGER(now), SQL_END))
    log_warning("the last use of a robot's secret cannot be noted", "error", error->message, NULL);
}

static Found
look_up(SqlConnection *db, const Shown *shown, Account *account, RobotSecret *secret,
        Principal **who, GError **error)
{
  g_autofree char *name = robot_plain_name(shown->name);
  Found found = account_find(db, name, account, error);
  if (found == FOUND && account->kind == PRINCIPAL_ROBOT)
    found = find_secret(db, account->id, shown->secret, secret, error);
  else if (found == FOUND)
    found = ABSENT;
  if (found == ABSENT)
    error_set(error, ASSAY_ERROR_DENIED, "it is no secret of a robot of that name");
  if (found != FOUND)
    return FAILED;
  if (secret->expires != 0 && secret->expires <= g_get_real_time()) {
    error_set(error, ASSAY_ERROR_DENIED, "the secret in slot %d of the robot %s has ended",
              secret->slot, account->name);
    return FAILED;
  }
  return account_identified(db, account, robot_identity.how, who, error);
}

static Found
identify(Access *access, const Shown *shown, Principal **who, GError **error)
{
  if (g_strcmp0(shown->scheme, "Basic") != 0 || shown->name == NULL || shown->secret == NULL ||
      !secret_is_well_formed(shown->secret, ROBOT_SECRET_PREFIX))
    return ABSENT;
  SqlPool *sql = access_sql(access);
  g_auto(Account) account = {0};
  RobotSecret secret = {0};
  g_autoptr(SqlConnection) db = sql_acquire(sql, error);
  Found found = db == NULL ? FAILED : look_up(db, shown, &account, &secret, who, error);
  g_clear_pointer(&db, sql_release);
  if (found != FOUND)
    return found;
  if (secret.expires != 0 && ((*who)->expires == 0 || secret.expires < (*who)->expires))
    (*who)->expires = secret.expires;
  (*who)->proof = robot_secret_proof(&secret);
  const int64_t now = g_get_real_time();
  account_note_use(sql, account.id, account.last_used, now);
  note_use(sql, account.id, &secret, now);
  return FOUND;
}

const IdentityKind robot_identity = {"robot", identify};
