/* What retention must know of a repository: its manifests with their tags, what they need, when
 * they were pushed and pulled, and what is in quarantine. */
#include <string.h>

#include "registry/pulls-private.h"
#include "registry/registry-private.h"
#include "registry/retention-private.h"

static void
image_free(void *data)
{
  RetentionImage *image = data;
  g_free(image->artifact_type);
  g_free(image->subject);
  g_ptr_array_unref(image->tags);
  g_ptr_array_unref(image->needed_by);
  g_free(image->running);
  g_free(image->reason);
  g_free(image);
}

void
retention_facts_free(RetentionFacts *facts)
{
  if (facts == NULL)
    return;
  namespace_free(facts->space);
  g_clear_pointer(&facts->by_digest, g_hash_table_unref);
  g_clear_pointer(&facts->images, g_ptr_array_unref);
  g_clear_pointer(&facts->quarantined, g_ptr_array_unref);
  g_free(facts);
}

static bool
load_images(SqlConnection *db, RetentionFacts *facts, GHashTable *pulled, GError **error)
{
  Found found;
  g_autoptr(SqlRows) rows = sql_query(
      db, error,
      "SELECT manifests.digest, artifact_type, subject, manifests.pushed, image_use.pushed, pulled "
      "FROM manifests LEFT JOIN image_use ON image_use.repository = manifests.repository "
      "AND image_use.digest = manifests.digest WHERE manifests.repository = $1 "
      "ORDER BY manifests.digest",
      SQL_TEXT(facts->repository), SQL_END);
  while ((found = sql_next(rows, error)) == FOUND) {
    RetentionImage *image = g_new0(RetentionImage, 1);
    g_ptr_array_add(facts->images, image);
    g_strlcpy(image->digest.text, sql_rows_text(rows, 0), sizeof image->digest.text);
    image->artifact_type = g_strdup(sql_rows_text(rows, 1));
    image->subject = g_strdup(sql_rows_text(rows, 2));
    image->pushed = sql_rows_integer(rows, 3);
    if (!sql_rows_is_null(rows, 4)) {
      image->pushed = MAX(image->pushed, sql_rows_integer(rows, 4));
      image->pulled = sql_rows_integer(rows, 5);
    }
    const int64_t *noted = g_hash_table_lookup(pulled, image->digest.text);
    image->pulled = MAX(image->pulled, noted == NULL ? 0 : *noted);
    image->tags = g_ptr_array_new_with_free_func(g_free);
    image->needed_by = g_ptr_array_new();
    g_hash_table_insert(facts->by_digest, image->digest.text, image);
  }
  return found != FAILED;
}

static bool
load_tags(SqlConnection *db, RetentionFacts *facts, GError **error)
{
  Found found;
  g_autoptr(SqlRows) rows = sql_query(
      db, error, "SELECT digest, name, updated FROM tags WHERE repository = $1 ORDER BY name",
      SQL_TEXT(facts->repository), SQL_END);
  while ((found = sql_next(rows, error)) == FOUND) {
    RetentionImage *image = g_hash_table_lookup(facts->by_digest, sql_rows_text(rows, 0));
    if (image == NULL)
      continue;
    g_ptr_array_add(image->tags, g_strdup(sql_rows_text(rows, 1)));
    image->pushed = MAX(image->pushed, sql_rows_integer(rows, 2));
  }
  return found != FAILED;
}

static bool
load_needs(SqlConnection *db, RetentionFacts *facts, GError **error)
{
  Found found;
  g_autoptr(SqlRows) rows = sql_query(db, error,
                                      "SELECT digest, manifest FROM manifest_references "
                                      "WHERE repository = $1 AND kind = 'member'",
                                      SQL_TEXT(facts->repository), SQL_END);
  while ((found = sql_next(rows, error)) == FOUND) {
    RetentionImage *member = g_hash_table_lookup(facts->by_digest, sql_rows_text(rows, 0));
    RetentionImage *index = g_hash_table_lookup(facts->by_digest, sql_rows_text(rows, 1));
    if (member != NULL && index != NULL && member != index)
      g_ptr_array_add(member->needed_by, index);
  }
  return found != FAILED;
}

static bool
load_quarantine(SqlConnection *db, RetentionFacts *facts, GError **error)
{
  g_autoptr(SqlRows) rows =
      sql_query(db, error, "SELECT target FROM quarantine WHERE until = 0 OR until > $1",
                SQL_INTEGER(g_get_real_time()), SQL_END);
  facts->quarantined = sql_texts(rows, error);
  for (guint i = 0; facts->quarantined != NULL && i < facts->quarantined->len; i++) {
    const char *target = g_ptr_array_index(facts->quarantined, i), *at = strchr(target, '@');
    size_t length = strlen(facts->repository);
    bool of_repository =
        strncmp(target, facts->repository, length) == 0 && (target + length == at || at == NULL);
    for (guint j = 0; of_repository && target[length] == '\0' && j < facts->images->len; j++)
      ((RetentionImage *)g_ptr_array_index(facts->images, j))->quarantine = target;
    RetentionImage *image =
        g_hash_table_lookup(facts->by_digest, at != NULL && of_repository ? at + 1 : target);
    if (image != NULL)
      image->quarantine = target;
  }
  return facts->quarantined != NULL;
}

static bool
load_running(SqlConnection *db, RetentionFacts *facts, GError **error)
{
  Found found;
  g_autoptr(SqlRows) rows =
      sql_query(db, error,
                "SELECT digest, cluster, namespace, ended FROM running_images "
                "WHERE repository = $1 ORDER BY ended DESC",
                SQL_TEXT(facts->repository), SQL_END);
  while ((found = sql_next(rows, error)) == FOUND) {
    RetentionImage *image = g_hash_table_lookup(facts->by_digest, sql_rows_text(rows, 0));
    if (image == NULL)
      continue;
    g_free(image->running);
    image->running = g_strdup_printf("%s in %s of cluster %s",
                                     sql_rows_integer(rows, 3) == 0 ? "it runs" : "it ran lately",
                                     sql_rows_text(rows, 2), sql_rows_text(rows, 1));
  }
  return found != FAILED;
}

RetentionFacts *
retention_facts_load(Registry *registry, SqlConnection *db, const char *space,
                     const char *repository, GError **error)
{
  g_autoptr(RetentionFacts) facts = g_new0(RetentionFacts, 1);
  g_autoptr(GHashTable) pulled = pulls_noted_of(registry, repository);
  facts->repository = repository;
  facts->images = g_ptr_array_new_with_free_func(image_free);
  facts->by_digest = g_hash_table_new(g_str_hash, g_str_equal);
  facts->space = namespace_load(db, space, error);
  return facts->space != NULL && load_images(db, facts, pulled, error) &&
                 load_tags(db, facts, error) && load_needs(db, facts, error) &&
                 load_quarantine(db, facts, error) && load_running(db, facts, error)
             ? g_steal_pointer(&facts)
             : NULL;
}
