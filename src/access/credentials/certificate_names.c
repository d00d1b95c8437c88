/* Names in client certificates as rows; see the header. */
#include "access/credentials/certificate_names.h"

#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "jobs/outbox.h"

const char *const certificate_name_kinds[] = {[CERTIFICATE_URI] = "uri",
                                              [CERTIFICATE_DNS] = "dns",
                                              [CERTIFICATE_EMAIL] = "email",
                                              [CERTIFICATE_SUBJECT] = "subject",
                                              NULL};

#define NAME_COLUMNS                                                                               \
  "SELECT c.id, c.principal, c.kind, c.value, p.name, c.created, c.created_by "                    \
  "FROM certificate_names AS c JOIN principals AS p ON p.id = c.principal "

void
certificate_name_free(CertificateName *name)
{
  if (name == NULL)
    return;
  g_free(name->value);
  g_free(name->principal);
  g_free(name->created_by);
  g_free(name);
}

/* --- changing --- */

typedef struct {
  const char *principal, *value, *by;
  CertificateNameKind kind;
  int64_t id;
} Work;

static bool
tell(SqlConnection *db, const char *type, const char *principal, const Work *work, GError **error)
{
  g_autoptr(json_t) told = json_object();
  json_object_set_new(told, "certificate", json_integer(work->id));
  json_set_string(told, "by", work->by);
  if (work->value != NULL) {
    json_set_string(told, "kind", certificate_name_kinds[work->kind]);
    json_set_string(told, "value", work->value);
  }
  return event_tell(db, type, principal, told, error);
}

static bool
check_free(SqlConnection *db, const Work *work, GError **error)
{
  g_autoptr(SqlRows) rows = NULL;
  Found found =
      sql_first(db, &rows, error, "SELECT 1 FROM certificate_names WHERE kind = $1 AND value = $2",
                SQL_TEXT(certificate_name_kinds[work->kind]), SQL_TEXT(work->value), SQL_END);
  if (found == FOUND)
    return error_set(error, ASSAY_ERROR_EXISTS, "%s %s is somebody's already",
                     certificate_name_kinds[work->kind], work->value);
  return found == ABSENT;
}

static bool
find_principal(SqlConnection *db, const char *name, Account *account, GError **error)
{
  Found found = account_find(db, name, account, error);
  return found == FOUND ||
         (found == ABSENT &&
          error_set(error, ASSAY_ERROR_NOT_FOUND, "there is no person or robot named %s", name));
}

static bool
add(SqlConnection *db, void *data, GError **error)
{
  Work *work = data;
  g_auto(Account) account = {0};
  work->id = account_random_id();
  return access_changed(db, error) && find_principal(db, work->principal, &account, error) &&
         check_free(db, work, error) &&
         sql_run(db, NULL, error,
                 "INSERT INTO certificate_names (id, kind, value, principal, created, created_by) "
                 "VALUES ($1, $2, $3, $4, $5, $6)",
                 SQL_INTEGER(work->id), SQL_TEXT(certificate_name_kinds[work->kind]),
                 SQL_TEXT(work->value), SQL_INTEGER(account.id), SQL_INTEGER(g_get_real_time()),
                 SQL_TEXT(work->by), SQL_END) &&
         tell(db, "certificate.added", account.name, work, error);
}

bool
certificate_names_add(Access *access, const char *principal, CertificateNameKind kind,
                      const char *value, const char *by, int64_t *id, GError **error)
{
  size_t size = strlen(value);
  if (size == 0 || size > CERTIFICATE_NAME_MAX || strchr(value, '*') != NULL)
    return error_set(error, ASSAY_ERROR_INVALID,
                     "the name in a certificate has 1 to %u bytes, and no \"*\"",
                     CERTIFICATE_NAME_MAX);
  g_autofree char *plain = kind == CERTIFICATE_DNS ? g_ascii_strdown(value, -1) : g_strdup(value);
  Work work = {.principal = principal, .value = plain, .by = by, .kind = kind};
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
  g_autoptr(SqlRows) rows = NULL;
  if (!access_changed(db, error))
    return false;
  Found found =
      sql_first(db, &rows, error, NAME_COLUMNS "WHERE c.id = $1", SQL_INTEGER(work->id), SQL_END);
  if (found == ABSENT)
    error_set(error, ASSAY_ERROR_NOT_FOUND,
              "there is no name %" G_GINT64_FORMAT " of a certificate", work->id);
  if (found != FOUND)
    return false;
  g_autofree char *principal = g_strdup(sql_rows_text(rows, 4));
  g_clear_pointer(&rows, sql_rows_free);
  return sql_run(db, NULL, error, "DELETE FROM certificate_names WHERE id = $1",
                 SQL_INTEGER(work->id), SQL_END) &&
         tell(db, "certificate.removed", principal, work, error);
}

bool
certificate_names_remove(Access *access, int64_t id, const char *by, GError **error)
{
  Work work = {.by = by, .id = id};
  if (!sql_transact(access_sql(access), take_away, &work, error))
    return false;
  access_forget(access);
  return true;
}

/* --- reading --- */

static CertificateName *
take(SqlRows *rows)
{
  CertificateName *name = g_new0(CertificateName, 1);
  name->id = sql_rows_integer(rows, 0);
  name->principal_id = sql_rows_integer(rows, 1);
  for (unsigned i = 0; certificate_name_kinds[i] != NULL; i++)
    if (g_strcmp0(certificate_name_kinds[i], sql_rows_text(rows, 2)) == 0)
      name->kind = i;
  name->value = g_strdup(sql_rows_text(rows, 3));
  name->principal = g_strdup(sql_rows_text(rows, 4));
  name->created = sql_rows_integer(rows, 5);
  name->created_by = g_strdup(sql_rows_text(rows, 6));
  return name;
}

GPtrArray *
certificate_names_after(SqlPool *sql, int64_t after, unsigned limit, GError **error)
{
  g_autoptr(SqlConnection) db = sql_acquire(sql, error);
  if (db == NULL)
    return NULL;
  g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func((GDestroyNotify)certificate_name_free);
  g_autoptr(SqlRows) rows =
      sql_query(db, error, NAME_COLUMNS "WHERE c.id > $1 ORDER BY c.id LIMIT $2",
                SQL_INTEGER(after), SQL_INTEGER(limit), SQL_END);
  Found found;
  while ((found = sql_next(rows, error)) == FOUND)
    g_ptr_array_add(list, take(rows));
  return found == FAILED ? NULL : g_steal_pointer(&list);
}

Found
certificate_names_find(SqlPool *sql, CertificateNameKind kind, const char *value,
                       CertificateName **name, GError **error)
{
  g_autoptr(SqlConnection) db = sql_acquire(sql, error);
  g_autoptr(SqlRows) rows = NULL;
  Found found = db == NULL
                    ? FAILED
                    : sql_first(db, &rows, error, NAME_COLUMNS "WHERE c.kind = $1 AND c.value = $2",
                                SQL_TEXT(certificate_name_kinds[kind]), SQL_TEXT(value), SQL_END);
  if (found == FOUND)
    *name = take(rows);
  return found;
}

/* --- what was made by it --- */

char *
certificate_proof(const CertificateName *name)
{
  return g_strdup_printf(CERTIFICATE_PROOF "%" G_GINT64_FORMAT, name->id);
}

Found
certificate_proof_holds(SqlPool *sql, int64_t principal, int64_t id, GError **error)
{
  g_autoptr(SqlConnection) db = sql_acquire(sql, error);
  g_autoptr(SqlRows) rows = NULL;
  return db == NULL ? FAILED
                    : sql_first(db, &rows, error,
                                "SELECT 1 FROM certificate_names WHERE id = $1 AND principal = $2",
                                SQL_INTEGER(id), SQL_INTEGER(principal), SQL_END);
}
