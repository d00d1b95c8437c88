/* Telling that something came or went beside a manifest; see the header. */
#include "registry/beside-private.h"

#include <string.h>

#include "oci/reference.h"

void
registry_tell_beside(Registry *registry, BesideChanged changed, void *data)
{
  registry->on_beside = changed;
  registry->beside_data = data;
}

/* What cosign's and the specification's tags are for. */
static void
add_subject_of_tag(GPtrArray *subjects, const char *tag)
{
  const char *suffix = tag_suffix_beside(tag);
  char *subject = tag_subject(tag);
  if (subject != NULL &&
      (*suffix == '\0' || strcmp(suffix, ".sig") == 0 || strcmp(suffix, ".att") == 0))
    g_ptr_array_add(subjects, subject);
  else
    g_free(subject);
}

GPtrArray *
beside_subjects(Registry *registry, const char *repository, const char *reference)
{
  GPtrArray *subjects = g_ptr_array_new_with_free_func(g_free);
  if (registry->on_beside == NULL)
    return subjects;
  if (strchr(reference, ':') == NULL) {
    add_subject_of_tag(subjects, reference);
    return subjects;
  }
  g_autoptr(SqlConnection) db = sql_acquire(registry->sql, NULL);
  if (db == NULL)
    return subjects;
  g_autoptr(SqlRows) rows =
      sql_query(db, NULL,
                "SELECT subject, NULL FROM manifests WHERE repository = $1 AND digest = $2 UNION "
                "ALL SELECT NULL, name FROM tags WHERE repository = $1 AND digest = $2",
                SQL_TEXT(repository), SQL_TEXT(reference), SQL_END);
  while (rows != NULL && sql_next(rows, NULL) == FOUND)
    if (sql_rows_text(rows, 1) != NULL)
      add_subject_of_tag(subjects, sql_rows_text(rows, 1));
    else if (sql_rows_text(rows, 0) != NULL)
      g_ptr_array_add(subjects, g_strdup(sql_rows_text(rows, 0)));
  return subjects;
}

void
beside_tell(Registry *registry, const char *repository, const GPtrArray *subjects)
{
  for (guint i = 0; i < subjects->len; i++)
    registry->on_beside(repository, g_ptr_array_index(subjects, i), registry->beside_data);
}

void
beside_tell_pushed(Registry *registry, const char *repository, const Manifest *manifest,
                   const char *const *tags)
{
  g_autoptr(GPtrArray) subjects = g_ptr_array_new_with_free_func(g_free);
  if (registry->on_beside == NULL)
    return;
  if (manifest->subject != NULL)
    g_ptr_array_add(subjects, g_strdup(manifest->subject->digest.text));
  for (; *tags != NULL; tags++)
    add_subject_of_tag(subjects, *tags);
  beside_tell(registry, repository, subjects);
}
