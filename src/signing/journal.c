/* The record of the signatures that this server has made; see the header. */
#include "signing/journal.h"

#include "base/json.h"
#include "jobs/event.h"

static const JsonMember members[] = {
    {JSON_MEMBER(MadeSignature, number), .kind = &json_number},
    {JSON_MEMBER(MadeSignature, repository), .kind = &json_text, .required = true},
    {JSON_MEMBER(MadeSignature, image), .kind = &json_digest},
    {JSON_MEMBER(MadeSignature, manifest), .kind = &json_digest},
    {JSON_MEMBER(MadeSignature, format), .kind = &json_text, .required = true},
    {JSON_MEMBER(MadeSignature, attests), .kind = &json_text},
    {JSON_MEMBER(MadeSignature, content), .kind = &json_text},
    {JSON_MEMBER(MadeSignature, rule), .kind = &json_text, .required = true},
    {JSON_MEMBER(MadeSignature, attestor), .kind = &json_text, .required = true},
    {JSON_MEMBER(MadeSignature, key), .kind = &json_text, .required = true},
    {JSON_MEMBER(MadeSignature, version), .kind = &json_text},
    {JSON_MEMBER(MadeSignature, fingerprint), .kind = &json_text, .required = true},
    {JSON_MEMBER(MadeSignature, made), .kind = &json_moment},
};
const JsonTable made_signature_table = JSON_TABLE(MadeSignature, members);

void
made_signature_free(MadeSignature *signature)
{
  if (signature == NULL)
    return;
  json_table_clear(&made_signature_table, signature);
  g_free(signature);
}

typedef struct {
  const MadeSignature *signature;
  bool renews, anew;
  bool told; /* it has an event: it was created or renewed */
  char *content;
} Adding;

static bool
next_number(SqlConnection *db, int64_t *number, GError **error)
{
  g_autoptr(SqlRows) rows = NULL;
  *number = 0;
  Found found = sql_first(db, &rows, error, "SELECT max(number) FROM signatures", SQL_END);
  if (found == FOUND && !sql_rows_is_null(rows, 0))
    *number = sql_rows_integer(rows, 0);
  (*number)++;
  return found != FAILED;
}

static bool
tell(SqlConnection *db, const char *event, const MadeSignature *signature, int64_t number,
     GError **error)
{
  MadeSignature told = *signature;
  told.number = number;
  g_autoptr(json_t) data = json_table_write(&made_signature_table, &told);
  return event_tell(db, event, signature->image.text, data, error);
}

/* "TYPE CONTENT", where the type of a signature is empty, or "". (transfer full) */
static char *
content_of(const MadeSignature *one)
{
  if (one->attests == NULL && one->content == NULL)
    return g_strdup("");
  return g_strconcat(one->attests == NULL ? "" : one->attests, " ",
                     one->content == NULL ? "" : one->content, NULL);
}

static bool
insert(SqlConnection *db, Adding *adding, int64_t number, GError **error)
{
  int64_t changed = 0;
  const MadeSignature *one = adding->signature;
  SqlValue due = adding->renews ? SQL_INTEGER(one->made) : SQL_NULL;
  if (!sql_run(db, &changed, error,
               "INSERT INTO signatures (number, repository, image, manifest, format, rule, "
               "attestor, key, version, fingerprint, content, made, due) "
               "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) "
               "ON CONFLICT (repository, image, fingerprint, format, content) DO NOTHING",
               SQL_INTEGER(number), SQL_TEXT(one->repository), SQL_TEXT(one->image.text),
               SQL_TEXT(one->manifest.text), SQL_TEXT(one->format), SQL_TEXT(one->rule),
               SQL_TEXT(one->attestor), SQL_TEXT(one->key), SQL_TEXT(one->version),
               SQL_TEXT(one->fingerprint), SQL_TEXT(adding->content), SQL_INTEGER(one->made), due,
               SQL_END))
    return false;
  adding->told = changed > 0;
  return !adding->told || tell(db, "signature.created", one, number, error);
}

/* What was found beside the image may be the one that the row has, with `due` asked for. */
static bool
renew(SqlConnection *db, Adding *adding, int64_t number, GError **error)
{
  int64_t changed = 0;
  const MadeSignature *one = adding->signature;
  if (!sql_run(db, &changed, error,
               "UPDATE signatures SET number = $1, manifest = $2, rule = $3, attestor = $4, "
               "key = $5, version = $6, made = $7 WHERE repository = $8 AND image = $9 AND "
               "fingerprint = $10 AND format = $11 AND content = $12 AND made < $7",
               SQL_INTEGER(number), SQL_TEXT(one->manifest.text), SQL_TEXT(one->rule),
               SQL_TEXT(one->attestor), SQL_TEXT(one->key), SQL_TEXT(one->version),
               SQL_INTEGER(one->made), SQL_TEXT(one->repository), SQL_TEXT(one->image.text),
               SQL_TEXT(one->fingerprint), SQL_TEXT(one->format), SQL_TEXT(adding->content),
               SQL_END) ||
      (changed > 0 && !tell(db, "signature.renewed", one, number, error)))
    return false;
  adding->told |= changed > 0;
  return sql_run(db, NULL, error,
                 "UPDATE signatures SET due = CASE WHEN content = $1 THEN made ELSE NULL END "
                 "WHERE repository = $2 AND image = $3 AND fingerprint = $4 AND format = $5 "
                 "AND (content = $1 OR due IS NOT NULL)",
                 SQL_TEXT(adding->content), SQL_TEXT(one->repository), SQL_TEXT(one->image.text),
                 SQL_TEXT(one->fingerprint), SQL_TEXT(one->format), SQL_END);
}

/* It has its row, and was lost beside its image. */
static bool
restore(SqlConnection *db, const Adding *adding, GError **error)
{
  const MadeSignature *one = adding->signature;
  g_autoptr(SqlRows) rows = NULL;
  Found found = sql_first(
      db, &rows, error,
      "UPDATE signatures SET restored = restored + 1, manifest = $6 "
      "WHERE repository = $1 AND image = $2 AND fingerprint = $3 AND format = $4 AND "
      "content = $5 RETURNING number",
      SQL_TEXT(one->repository), SQL_TEXT(one->image.text), SQL_TEXT(one->fingerprint),
      SQL_TEXT(one->format), SQL_TEXT(adding->content), SQL_TEXT(one->manifest.text), SQL_END);
  int64_t number = found == FOUND ? sql_rows_integer(rows, 0) : 0;
  g_clear_pointer(&rows, sql_rows_free);
  return found != FAILED && tell(db, "signature.restored", one, number, error);
}

/* A SqlWork. */
static bool
add(SqlConnection *db, void *data, GError **error)
{
  Adding *adding = data;
  int64_t number = 0;
  adding->told = false;
  return next_number(db, &number, error) && insert(db, adding, number, error) &&
         (!adding->renews || renew(db, adding, number, error)) &&
         (adding->told || !adding->anew || restore(db, adding, error));
}

bool
journal_add(SqlPool *sql, const MadeSignature *signature, bool renews, bool anew, GError **error)
{
  g_autofree char *content = content_of(signature);
  Adding adding = {signature, renews, anew, false, content};
  return sql_transact(sql, add, &adding, error);
}

/* --- those that are due --- */

GPtrArray *
journal_due(SqlPool *sql, const char *rule, int64_t until, unsigned limit, GError **error)
{
  Found found;
  g_autoptr(SqlConnection) db = sql_acquire(sql, error);
  if (db == NULL)
    return NULL;
  g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func((GDestroyNotify)made_signature_free);
  g_autoptr(SqlRows) rows =
      sql_query(db, error,
                "SELECT repository, image FROM signatures WHERE rule = $1 AND due IS NOT NULL AND "
                "due <= $2 ORDER BY due LIMIT $3",
                SQL_TEXT(rule), SQL_INTEGER(until), SQL_INTEGER(limit), SQL_END);
  while ((found = sql_next(rows, error)) == FOUND) {
    MadeSignature *one = g_new0(MadeSignature, 1);
    g_ptr_array_add(list, one);
    one->repository = g_strdup(sql_rows_text(rows, 0));
    digest_parse(sql_rows_text(rows, 1), &one->image, NULL);
  }
  return found == FAILED ? NULL : g_steal_pointer(&list);
}

typedef struct {
  const char *rule;
  int64_t until;
  const GPtrArray *due;
} Asked;

/* A SqlWork. What was made meanwhile is due only later. */
static bool
clear_due(SqlConnection *db, void *data, GError **error)
{
  const Asked *asked = data;
  for (guint i = 0; i < asked->due->len; i++) {
    const MadeSignature *one = g_ptr_array_index(asked->due, i);
    if (!sql_run(db, NULL, error,
                 "UPDATE signatures SET due = NULL WHERE rule = $1 AND repository = $2 AND "
                 "image = $3 AND due <= $4",
                 SQL_TEXT(asked->rule), SQL_TEXT(one->repository), SQL_TEXT(one->image.text),
                 SQL_INTEGER(asked->until), SQL_END))
      return false;
  }
  return true;
}

bool
journal_asked(SqlPool *sql, const char *rule, int64_t until, const GPtrArray *due, GError **error)
{
  Asked asked = {rule, until, due};
  return sql_transact_later(sql, clear_due, &asked, error);
}

static MadeSignature *
take(SqlRows *rows)
{
  MadeSignature *one = g_new0(MadeSignature, 1);
  one->number = sql_rows_integer(rows, 0);
  one->repository = g_strdup(sql_rows_text(rows, 1));
  digest_parse(sql_rows_text(rows, 2), &one->image, NULL);
  digest_parse(sql_rows_text(rows, 3), &one->manifest, NULL);
  one->format = g_strdup(sql_rows_text(rows, 4));
  one->rule = g_strdup(sql_rows_text(rows, 5));
  one->attestor = g_strdup(sql_rows_text(rows, 6));
  one->key = g_strdup(sql_rows_text(rows, 7));
  one->version = g_strdup(sql_rows_text(rows, 8));
  one->fingerprint = g_strdup(sql_rows_text(rows, 9));
  one->made = sql_rows_integer(rows, 10);
  one->restored = sql_rows_integer(rows, 12);
  g_auto(GStrv) content = g_strsplit(sql_rows_text(rows, 11), " ", 2);
  if (content[0] != NULL) {
    one->attests = *content[0] == '\0' ? NULL : g_strdup(content[0]);
    one->content = g_strdup(content[1]);
  }
  return one;
}

GPtrArray *
journal_after(SqlPool *sql, const char *repository, const char *image, int64_t after,
              unsigned limit, GError **error)
{
  Found found;
  g_autoptr(SqlConnection) db = sql_acquire(sql, error);
  if (db == NULL)
    return NULL;
  g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func((GDestroyNotify)made_signature_free);
  g_autoptr(SqlRows) rows = sql_query(
      db, error,
      "SELECT number, repository, image, manifest, format, rule, attestor, key, version, "
      "fingerprint, made, content, restored FROM signatures WHERE number > $1 "
      "AND (CAST($2 AS TEXT) IS NULL OR repository = $2) "
      "AND (CAST($3 AS TEXT) IS NULL OR image = $3) ORDER BY number LIMIT $4",
      SQL_INTEGER(after), SQL_TEXT(repository), SQL_TEXT(image), SQL_INTEGER(limit), SQL_END);
  while ((found = sql_next(rows, error)) == FOUND)
    g_ptr_array_add(list, take(rows));
  return found == FAILED ? NULL : g_steal_pointer(&list);
}
