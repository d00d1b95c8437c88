/* People; see the header. */
#include "access/people/people.h"

#include <string.h>

#include "access/credentials/password_identity.h"
#include "access/credentials/passwords.h"
#include "access/people/names.h"
#include "access/rights/administrators.h"
#include "access/rights/bindings.h"
#include "base/error.h"
#include "base/json.h"
#include "jobs/outbox.h"

/* --- making --- */

typedef struct {
  const NewPerson *person;
  const Account *account;
} Creation;

static bool
make_administrator(SqlConnection *db, int64_t id, const char *by, GError **error)
{
  g_auto(Binding) binding = {.kind = SUBJECT_PRINCIPAL,
                             .subject = id,
                             .role = g_strdup("administrator"),
                             .pattern = g_strdup("*")};
  return binding_insert(db, &binding, by, error);
}

static bool
create(SqlConnection *db, void *data, GError **error)
{
  const Creation *creation = data;
  const Account *account = creation->account;
  bool administrator = creation->person->administrator;
  int64_t id = 0;
  g_autoptr(json_t) told = json_object();
  json_set_string(told, "source", account->source);
  json_object_set_new(told, "administrator", json_boolean(administrator));
  json_object_set_new(told, "password", json_boolean(account->password != NULL));
  return access_changed(db, error) && account_insert(db, account, &id, error) &&
         (!administrator || make_administrator(db, id, account->created_by, error)) &&
         event_tell(db, "user.created", account->name, told, error);
}

bool
people_create(Access *access, const NewPerson *person, const char *by, GError **error)
{
  const char *source = person->source != NULL ? person->source : SOURCE_LOCAL;
  if (!account_name_check("a user", person->name, error) ||
      !account_text_check("the displayed name", person->display, error) ||
      !account_text_check("the mail address", person->mail, error) ||
      (person->password != NULL && !password_check_strength(person->password, error)))
    return false;
  g_autofree char *hash = person->password == NULL ? NULL : password_hash(person->password, error);
  if (person->password != NULL && hash == NULL)
    return false;
  g_auto(Account) account = {.kind = PRINCIPAL_PERSON,
                             .name = g_strdup(person->name),
                             .display = g_strdup(person->display),
                             .mail = g_strdup(person->mail),
                             .source = g_strdup(source),
                             .external = g_strdup(person->external),
                             .password = g_steal_pointer(&hash),
                             .created_by = g_strdup(by)};
  Creation creation = {person, &account};
  if (!sql_transact(access_sql(access), create, &creation, error))
    return false;
  access_forget(access);
  return true;
}

/* --- changing --- */

typedef struct {
  SqlPool *sql;
  const char *name, *hash, *by;
  const PersonChange *change;
} Changing;

static const char *
text_or_null(const char *text)
{
  return *text == '\0' ? NULL : text;
}

static bool
set_texts(SqlConnection *db, int64_t id, const PersonChange *change, json_t *told, GError **error)
{
  if (change->display != NULL) {
    json_set_string(told, "display", change->display);
    if (!sql_run(db, NULL, error, "UPDATE principals SET display = $2 WHERE id = $1",
                 SQL_INTEGER(id), SQL_TEXT(text_or_null(change->display)), SQL_END))
      return false;
  }
  if (change->mail != NULL) {
    json_set_string(told, "mail", change->mail);
    if (!sql_run(db, NULL, error, "UPDATE principals SET mail = $2 WHERE id = $1", SQL_INTEGER(id),
                 SQL_TEXT(text_or_null(change->mail)), SQL_END))
      return false;
  }
  return true;
}

static bool
set_password(SqlConnection *db, const Account *account, const char *hash, json_t *told,
             GError **error)
{
  if (strcmp(account->source, SOURCE_LOCAL) != 0)
    return error_set(error, ASSAY_ERROR_INVALID, "%s logs in by %s: the password is changed there",
                     account->name, account->source);
  json_object_set_new(told, "password", json_true());
  return sql_run(db, NULL, error, "UPDATE principals SET password = $2 WHERE id = $1",
                 SQL_INTEGER(account->id), SQL_TEXT(hash), SQL_END) &&
         sql_run(db, NULL, error, "DELETE FROM sessions WHERE principal = $1",
                 SQL_INTEGER(account->id), SQL_END);
}

static bool
change_person(SqlConnection *db, void *data, GError **error)
{
  const Changing *changing = data;
  const PersonChange *change = changing->change;
  g_auto(Account) account = {0};
  g_autoptr(json_t) told = json_object();
  if (!access_changed(db, error) ||
      !account_require(db, PRINCIPAL_PERSON, changing->name, &account, error) ||
      !set_texts(db, account.id, change, told, error) ||
      (changing->hash != NULL && !set_password(db, &account, changing->hash, told, error)))
    return false;
  if (change->disabled != NULL) {
    json_object_set_new(told, "disabled", json_boolean(*change->disabled));
    if (!account_set_disabled(db, account.id, *change->disabled, error) ||
        (*change->disabled && !administrators_remain(changing->sql, db, error)))
      return false;
  }
  json_set_string(told, "by", changing->by);
  return event_tell(db, "user.changed", account.name, told, error);
}

bool
people_change(Access *access, const char *name, const PersonChange *change, const char *by,
              GError **error)
{
  const char *password = change->password;
  if (!account_text_check("the displayed name", change->display, error) ||
      !account_text_check("the mail address", change->mail, error) ||
      (password != NULL && !password_check_strength(password, error)))
    return false;
  g_autofree char *hash = password == NULL ? NULL : password_hash(password, error);
  if (password != NULL && hash == NULL)
    return false;
  Changing changing = {access_sql(access), name, hash, by, change};
  if (!sql_transact(access_sql(access), change_person, &changing, error))
    return false;
  access_forget(access);
  return true;
}

bool
people_change_own_password(Access *access, const Principal *who, const char *present,
                           const char *address, const char *password, GError **error)
{
  const PersonChange change = {.password = password};
  return password_check_strength(password, error) &&
         password_prove(access, who->name, present, address, error) &&
         people_change(access, who->name, &change, who->name, error);
}

/* --- deleting --- */

static bool
delete_person(SqlConnection *db, void *data, GError **error)
{
  const Changing *changing = data;
  g_auto(Account) account = {0};
  g_autoptr(json_t) told = json_object();
  json_set_string(told, "by", changing->by);
  return access_changed(db, error) &&
         account_require(db, PRINCIPAL_PERSON, changing->name, &account, error) &&
         account_delete(db, account.id, error) && administrators_remain(changing->sql, db, error) &&
         event_tell(db, "user.deleted", account.name, told, error);
}

bool
people_delete(Access *access, const char *name, const char *by, GError **error)
{
  Changing changing = {.sql = access_sql(access), .name = name, .by = by};
  if (!sql_transact(access_sql(access), delete_person, &changing, error))
    return false;
  access_forget(access);
  return true;
}
