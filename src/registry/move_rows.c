/* The rows of a move. Tables that refer to a repository's row by a foreign key get the new one
 * first: the new row, the manifests as copies, then what refers to these, then the old ones go. */
#include <string.h>

#include "base/json.h"
#include "registry/move-private.h"
#include "registry/registry-private.h"

static bool
copy_manifests(SqlConnection *db, const char *from, const char *to, GError **error)
{
  return sql_run(db, NULL, error,
                 "INSERT INTO repositories (name, created) SELECT CAST($2 AS TEXT), created "
                 "FROM repositories WHERE name = $1",
                 SQL_TEXT(from), SQL_TEXT(to), SQL_END) &&
         sql_run(db, NULL, error,
                 "INSERT INTO manifests (repository, digest, media_type, artifact_type, subject, "
                 "annotations, content, pushed) SELECT CAST($2 AS TEXT), digest, media_type, "
                 "artifact_type, subject, annotations, content, pushed FROM manifests "
                 "WHERE repository = $1",
                 SQL_TEXT(from), SQL_TEXT(to), SQL_END) &&
         sql_run(db, NULL, error, "UPDATE tags SET repository = $2 WHERE repository = $1",
                 SQL_TEXT(from), SQL_TEXT(to), SQL_END) &&
         sql_run(db, NULL, error, "DELETE FROM manifests WHERE repository = $1", SQL_TEXT(from),
                 SQL_END) &&
         sql_run(db, NULL, error,
                 "UPDATE repository_blobs SET repository = $2 WHERE repository = $1",
                 SQL_TEXT(from), SQL_TEXT(to), SQL_END) &&
         sql_run(db, NULL, error, "DELETE FROM repositories WHERE name = $1", SQL_TEXT(from),
                 SQL_END);
}

/* What was left of a repository of the new name, before. */
static bool
clear_left(SqlConnection *db, const char *to, GError **error)
{
  return sql_run(db, NULL, error, "DELETE FROM image_use WHERE repository = $1", SQL_TEXT(to),
                 SQL_END) &&
         sql_run(db, NULL, error, "DELETE FROM pull_counts WHERE repository = $1", SQL_TEXT(to),
                 SQL_END) &&
         sql_run(db, NULL, error, "DELETE FROM former_tags WHERE repository = $1", SQL_TEXT(to),
                 SQL_END) &&
         sql_run(db, NULL, error, "DELETE FROM gone_manifests WHERE repository = $1", SQL_TEXT(to),
                 SQL_END) &&
         sql_run(db, NULL, error, "DELETE FROM unrecorded_manifests WHERE repository = $1",
                 SQL_TEXT(to), SQL_END) &&
         sql_run(db, NULL, error, "DELETE FROM manifest_references WHERE repository = $1",
                 SQL_TEXT(to), SQL_END);
}

static bool
rename_others(SqlConnection *db, const char *from, const char *to, GError **error)
{
  return sql_run(db, NULL, error,
                 "UPDATE manifest_references SET repository = $2 WHERE repository = $1",
                 SQL_TEXT(from), SQL_TEXT(to), SQL_END) &&
         sql_run(db, NULL, error,
                 "UPDATE unrecorded_manifests SET repository = $2 WHERE repository = $1",
                 SQL_TEXT(from), SQL_TEXT(to), SQL_END) &&
         sql_run(db, NULL, error,
                 "UPDATE deleted_manifests SET repository = $2 WHERE repository = $1",
                 SQL_TEXT(from), SQL_TEXT(to), SQL_END) &&
         sql_run(db, NULL, error, "UPDATE gone_manifests SET repository = $2 WHERE repository = $1",
                 SQL_TEXT(from), SQL_TEXT(to), SQL_END) &&
         sql_run(db, NULL, error, "UPDATE image_use SET repository = $2 WHERE repository = $1",
                 SQL_TEXT(from), SQL_TEXT(to), SQL_END) &&
         sql_run(db, NULL, error, "UPDATE former_tags SET repository = $2 WHERE repository = $1",
                 SQL_TEXT(from), SQL_TEXT(to), SQL_END) &&
         sql_run(db, NULL, error, "UPDATE pull_counts SET repository = $2 WHERE repository = $1",
                 SQL_TEXT(from), SQL_TEXT(to), SQL_END);
}

/* --- quarantine --- */

/* "NAME" and "NAME@DIGEST". (transfer full): char * */
static GPtrArray *
quarantined(SqlConnection *db, const char *name, GError **error)
{
  g_autofree char *first = g_strconcat(name, "@", NULL), *end = g_strconcat(name, "A", NULL);
  g_autoptr(SqlRows) rows = sql_query(
      db, error, "SELECT target FROM quarantine WHERE target = $1 OR (target > $2 AND target < $3)",
      SQL_TEXT(name), SQL_TEXT(first), SQL_TEXT(end), SQL_END);
  return sql_texts(rows, error);
}

static bool
move_quarantine(SqlConnection *db, const char *from, const char *to, GError **error)
{
  g_autoptr(GPtrArray) targets = quarantined(db, from, error);
  for (guint i = 0; targets != NULL && i < targets->len; i++) {
    const char *target = g_ptr_array_index(targets, i);
    g_autofree char *changed = g_strconcat(to, target + strlen(from), NULL);
    if (!sql_run(db, NULL, error, "DELETE FROM quarantine WHERE target = $1", SQL_TEXT(changed),
                 SQL_END) ||
        !sql_run(db, NULL, error, "UPDATE quarantine SET target = $2 WHERE target = $1",
                 SQL_TEXT(target), SQL_TEXT(changed), SQL_END))
      return false;
  }
  return targets != NULL;
}

bool
move_rows(SqlConnection *db, const char *from, const char *to, GError **error)
{
  return copy_manifests(db, from, to, error) && clear_left(db, to, error) &&
         rename_others(db, from, to, error) && move_quarantine(db, from, to, error);
}

/* --- settings of a namespace --- */

/* "FROM/..." and "!FROM/..." in all texts of @value. (transfer full) */
static json_t *
with_new_name(const json_t *value, const char *from, const char *to)
{
  size_t index, length = strlen(from);
  const char *key;
  json_t *member, *made = NULL;
  if (json_is_string(value)) {
    const char *text = json_string_value(value), *name = text + (text[0] == '!');
    if (strncmp(name, from, length) != 0 || strchr("/:", name[length]) == NULL)
      return json_incref((json_t *)(uintptr_t)value);
    g_autofree char *changed = g_strconcat(text[0] == '!' ? "!" : "", to, name + length, NULL);
    return json_string(changed);
  }
  if (json_is_array(value)) {
    made = json_array();
    json_array_foreach(value, index, member) {
      json_array_append_new(made, with_new_name(member, from, to));
    }
  } else if (json_is_object(value)) {
    made = json_object();
    json_object_foreach((json_t *)(uintptr_t)value, key, member) {
      json_object_set_new(made, key, with_new_name(member, from, to));
    }
  }
  return made != NULL ? made : json_incref((json_t *)(uintptr_t)value);
}

/* (transfer full), NULL with *error, or without one where @rows has none. */
static char *
changed_text(SqlRows *rows, Found found, const char *from, const char *to, GError **error)
{
  g_autoptr(json_t) object =
      found != FOUND ? NULL : json_parse(slice_from_string(sql_rows_text(rows, 0)), error);
  g_autoptr(json_t) changed = object == NULL ? NULL : with_new_name(object, from, to);
  return changed == NULL ? NULL : json_to_text(changed);
}

/* What is set of a namespace, as JSON in one column of its row. */
static bool
move_row(SqlConnection *db, const char *select, const char *update, const char *from,
         const char *to, GError **error)
{
  g_autoptr(SqlRows) rows = NULL;
  Found found = sql_first(db, &rows, error, select, SQL_TEXT(from), SQL_END);
  g_autofree char *text = changed_text(rows, found, from, to, error);
  g_clear_pointer(&rows, sql_rows_free);
  if (text == NULL)
    return found == ABSENT;
  return sql_run(db, NULL, error, update, SQL_TEXT(from), SQL_TEXT(to), SQL_TEXT(text),
                 SQL_INTEGER(g_get_real_time()), SQL_END);
}

bool
move_settings(SqlConnection *db, const char *from, const char *to, GError **error)
{
  return move_row(db, "SELECT settings FROM namespaces WHERE name = $1",
                  "UPDATE namespaces SET name = $2, settings = $3, version = version + 1, "
                  "changed = $4 WHERE name = $1",
                  from, to, error) &&
         move_row(db, "SELECT rules FROM retention WHERE namespace = $1",
                  "UPDATE retention SET namespace = $2, rules = $3, version = version + 1, "
                  "changed = $4 WHERE namespace = $1",
                  from, to, error);
}
