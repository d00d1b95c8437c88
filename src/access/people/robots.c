/* Robots; see the header. */
#include "access/people/robots.h"

#include <string.h>

#include "access/credentials/secrets.h"
#include "access/people/names.h"
#include "access/people/people.h"
#include "base/error.h"
#include "base/json.h"
#include "jobs/outbox.h"

#define HARBOR_PREFIX "robot$"
/* Of those that have expired, in one transaction. */
#define REMOVED_AT_ONCE 100

char *
robot_plain_name(const char *name)
{
  if (!g_str_has_prefix(name, HARBOR_PREFIX))
    return g_strdup(name);
  return g_strdelimit(g_strdup(name + strlen(HARBOR_PREFIX)), "+", '.');
}

static SqlValue
sql_moment(int64_t time)
{
  return time == 0 ? SQL_NULL : SQL_INTEGER(time);
}

static bool
check_expiry(int64_t expires, GError **error)
{
  if (expires == 0 || expires > g_get_real_time())
    return true;
  return error_set(error, ASSAY_ERROR_INVALID, "it would expire in the past");
}

/* What each of the works below takes and gives. */
typedef struct {
  Access *access;
  const char *name, *by;
  const Account *account;    /* to create */
  const RobotChange *change; /* to change */
  int slot;                  /* to end */
  SecretHash hash;           /* of a new secret */
  int64_t other_ends;
  RobotSecret made;
  unsigned count;
} Work;

static bool
run(Access *access, SqlWork work, Work *data, GError **error)
{
  data->access = access;
  if (!sql_transact(access_sql(access), work, data, error))
    return false;
  access_forget(access);
  return true;
}

/* --- secrets --- */

static bool
put_secret(SqlConnection *db, int64_t robot, int slot, const SecretHash *hash, GError **error)
{
  return sql_run(db, NULL, error, "DELETE FROM robot_secrets WHERE robot = $1 AND slot = $2",
                 SQL_INTEGER(robot), SQL_INTEGER(slot), SQL_END) &&
         sql_run(db, NULL, error,
                 "INSERT INTO robot_secrets (robot, slot, hash, created) VALUES ($1, $2, $3, $4)",
                 SQL_INTEGER(robot), SQL_INTEGER(slot),
                 SQL_BYTES(slice_new(hash->bytes, SECRET_HASH_SIZE)),
                 SQL_INTEGER(g_get_real_time()), SQL_END);
}

static bool
read_secrets(SqlConnection *db, int64_t robot, RobotSecret secrets[ROBOT_SLOTS], unsigned *count,
             GError **error)
{
  g_autoptr(SqlRows) rows = sql_query(
      db, error,
      "SELECT slot, created, COALESCE(expires, 0), COALESCE(last_used, 0) FROM robot_secrets "
      "WHERE robot = $1 ORDER BY slot",
      SQL_INTEGER(robot), SQL_END);
  Found found;
  *count = 0;
  while ((found = sql_next(rows, error)) == FOUND && *count < ROBOT_SLOTS)
    secrets[(*count)++] = (RobotSecret){(int)sql_rows_integer(rows, 0), sql_rows_integer(rows, 1),
                                        sql_rows_integer(rows, 2), sql_rows_integer(rows, 3)};
  return found != FAILED;
}

char *
robot_secret_proof(const RobotSecret *secret)
{
  return g_strdup_printf(ROBOT_PROOF "%d.%" G_GINT64_FORMAT, secret->slot, secret->created);
}

bool
robots_secrets(SqlPool *sql, int64_t robot, RobotSecret secrets[ROBOT_SLOTS], unsigned *count,
               GError **error)
{
  g_autoptr(SqlConnection) db = sql_acquire(sql, error);
  return db != NULL && read_secrets(db, robot, secrets, count, error);
}

/* --- making --- */

static bool
create(SqlConnection *db, void *data, GError **error)
{
  Work *work = data;
  int64_t id = 0;
  g_autoptr(json_t) told = json_object();
  json_set_string(told, "by", work->by);
  json_object_set_new(told, "expires", json_boolean(work->account->expires != 0));
  return access_changed(db, error) && account_insert(db, work->account, &id, error) &&
         put_secret(db, id, 1, &work->hash, error) &&
         event_tell(db, "robot.created", work->account->name, told, error);
}

bool
robots_create(Access *access, const NewRobot *robot, const char *by, char **secret, GError **error)
{
  if (!account_name_check("a robot", robot->name, error) ||
      !account_text_check("the description", robot->description, error) ||
      !check_expiry(robot->expires, error))
    return false;
  g_autoptr(SecretText) fresh = secret_new(ROBOT_SECRET_PREFIX);
  g_auto(Account) account = {.kind = PRINCIPAL_ROBOT,
                             .name = g_strdup(robot->name),
                             .source = g_strdup(SOURCE_LOCAL),
                             .description = g_strdup(robot->description),
                             .expires = robot->expires,
                             .remove = robot->remove,
                             .created_by = g_strdup(by)};
  Work work = {.account = &account, .by = by, .hash = secret_hash(fresh)};
  if (!run(access, create, &work, error))
    return false;
  *secret = g_steal_pointer(&fresh);
  return true;
}

/* --- changing --- */

static bool
change_columns(SqlConnection *db, int64_t id, const RobotChange *change, json_t *told,
               GError **error)
{
  if (change->description != NULL) {
    json_set_string(told, "description", change->description);
    if (!sql_run(db, NULL, error, "UPDATE principals SET description = $2 WHERE id = $1",
                 SQL_INTEGER(id), SQL_TEXT(change->description), SQL_END))
      return false;
  }
  if (change->expires != NULL) {
    json_object_set_new(told, "expires", json_boolean(*change->expires != 0));
    if (!sql_run(db, NULL, error, "UPDATE principals SET expires = $2 WHERE id = $1",
                 SQL_INTEGER(id), sql_moment(*change->expires), SQL_END))
      return false;
  }
  if (change->remove != NULL) {
    json_object_set_new(told, "remove_expired", json_boolean(*change->remove));
    if (!sql_run(db, NULL, error, "UPDATE principals SET remove_expired = $2 WHERE id = $1",
                 SQL_INTEGER(id), SQL_INTEGER(*change->remove), SQL_END))
      return false;
  }
  if (change->disabled != NULL)
    json_object_set_new(told, "disabled", json_boolean(*change->disabled));
  return change->disabled == NULL || account_set_disabled(db, id, *change->disabled, error);
}

static bool
change_robot(SqlConnection *db, void *data, GError **error)
{
  Work *work = data;
  g_auto(Account) account = {0};
  g_autoptr(json_t) told = json_object();
  json_set_string(told, "by", work->by);
  return access_changed(db, error) &&
         account_require(db, PRINCIPAL_ROBOT, work->name, &account, error) &&
         change_columns(db, account.id, work->change, told, error) &&
         event_tell(db, "robot.changed", account.name, told, error);
}

bool
robots_change(Access *access, const char *name, const RobotChange *change, const char *by,
              GError **error)
{
  Work work = {.name = name, .by = by, .change = change};
  return account_text_check("the description", change->description, error) &&
         (change->expires == NULL || check_expiry(*change->expires, error)) &&
         run(access, change_robot, &work, error);
}

static bool
delete_robot(SqlConnection *db, void *data, GError **error)
{
  Work *work = data;
  g_auto(Account) account = {0};
  g_autoptr(json_t) told = json_object();
  json_set_string(told, "by", work->by);
  return access_changed(db, error) &&
         account_require(db, PRINCIPAL_ROBOT, work->name, &account, error) &&
         account_delete(db, account.id, error) &&
         event_tell(db, "robot.deleted", account.name, told, error);
}

bool
robots_delete(Access *access, const char *name, const char *by, GError **error)
{
  Work work = {.name = name, .by = by};
  return run(access, delete_robot, &work, error);
}

/* --- turning a secret over --- */

/* The slot for a new one. */
static int
slot_for_new(const RobotSecret *secrets, unsigned count)
{
  if (count == 0)
    return 1;
  if (count == 1)
    return secrets[0].slot == 1 ? 2 : 1;
  return secrets[0].created <= secrets[1].created ? secrets[0].slot : secrets[1].slot;
}

static bool
rotate(SqlConnection *db, void *data, GError **error)
{
  Work *work = data;
  g_auto(Account) account = {0};
  RobotSecret secrets[ROBOT_SLOTS];
  unsigned count = 0;
  if (!access_changed(db, error) ||
      !account_require(db, PRINCIPAL_ROBOT, work->name, &account, error) ||
      !read_secrets(db, account.id, secrets, &count, error))
    return false;
  int slot = slot_for_new(secrets, count);
  work->made = (RobotSecret){.slot = slot, .created = g_get_real_time()};
  g_autoptr(json_t) told = json_object();
  json_set_string(told, "by", work->by);
  json_object_set_new(told, "slot", json_integer(slot));
  json_object_set_new(told, "other_ends", json_boolean(work->other_ends != 0));
  return (work->other_ends == 0 ||
          sql_run(db, NULL, error, "UPDATE robot_secrets SET expires = $2 WHERE robot = $1",
                  SQL_INTEGER(account.id), SQL_INTEGER(work->other_ends), SQL_END)) &&
         put_secret(db, account.id, slot, &work->hash, error) &&
         event_tell(db, "robot.rotated", account.name, told, error);
}

bool
robots_rotate(Access *access, const char *name, int64_t other_ends, const char *by,
              RobotSecret *made, char **secret, GError **error)
{
  g_autoptr(SecretText) fresh = secret_new(ROBOT_SECRET_PREFIX);
  Work work = {.name = name, .by = by, .other_ends = other_ends, .hash = secret_hash(fresh)};
  if (!run(access, rotate, &work, error))
    return false;
  *made = work.made;
  *secret = g_steal_pointer(&fresh);
  return true;
}

static bool
end_secret(SqlConnection *db, void *data, GError **error)
{
  Work *work = data;
  g_auto(Account) account = {0};
  int64_t changed = 0;
  g_autoptr(json_t) told = json_object();
  json_set_string(told, "by", work->by);
  json_object_set_new(told, "slot", json_integer(work->slot));
  if (!access_changed(db, error) ||
      !account_require(db, PRINCIPAL_ROBOT, work->name, &account, error) ||
      !sql_run(db, &changed, error, "DELETE FROM robot_secrets WHERE robot = $1 AND slot = $2",
               SQL_INTEGER(account.id), SQL_INTEGER(work->slot), SQL_END))
    return false;
  if (changed == 0)
    return error_set(error, ASSAY_ERROR_NOT_FOUND, "the robot %s has no secret in slot %d",
                     account.name, work->slot);
  return event_tell(db, "robot.secret_ended", account.name, told, error);
}

bool
robots_end_secret(Access *access, const char *name, int slot, const char *by, GError **error)
{
  Work work = {.name = name, .by = by, .slot = slot};
  return run(access, end_secret, &work, error);
}

/* --- those that have expired --- */

static bool
remove_expired(SqlConnection *db, void *data, GError **error)
{
  Work *work = data;
  work->count = 0;
  g_autoptr(SqlRows) rows =
      sql_query(db, error,
                "SELECT name FROM principals WHERE kind = 'robot' AND remove_expired = 1 "
                "AND expires <= $1 ORDER BY name LIMIT $2",
                SQL_INTEGER(g_get_real_time()), SQL_INTEGER(REMOVED_AT_ONCE), SQL_END);
  g_autoptr(GPtrArray) names = rows == NULL ? NULL : sql_texts(rows, error);
  if (names == NULL || !access_changed(db, error))
    return false;
  for (guint i = 0; i < names->len; i++) {
    Work one = {.name = g_ptr_array_index(names, i), .by = "expiry"};
    if (!delete_robot(db, &one, error))
      return false;
  }
  work->count = names->len;
  return true;
}

/* Most of the time there is none, and nothing is written. */
static Found
any_expired(Access *access, GError **error)
{
  g_autoptr(SqlConnection) db = sql_acquire(access_sql(access), error);
  g_autoptr(SqlRows) rows = NULL;
  if (db == NULL)
    return FAILED;
  return sql_first(db, &rows, error,
                   "SELECT 1 FROM principals WHERE kind = 'robot' AND remove_expired = 1 "
                   "AND expires <= $1 LIMIT 1",
                   SQL_INTEGER(g_get_real_time()), SQL_END);
}

bool
robots_remove_expired(Access *access, unsigned *count, GError **error)
{
  Found found;
  *count = 0;
  while ((found = any_expired(access, error)) == FOUND) {
    Work work = {0};
    if (!run(access, remove_expired, &work, error))
      return false;
    *count += work.count;
  }
  return found == ABSENT;
}
