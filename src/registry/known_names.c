/* Names of images, now and before; see the header. */
#include "registry/known_names.h"

#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "registry/registry-private.h"

#define FORMER_OF_A_TAG 20
#define NAMES_MAX       10000
/* Rows of one question: whoever may see few of them gets those, however many others there are. */
#define LOOKED_AT_MAX 100000

/* --- what a tag named before --- */

static bool
drop_oldest(SqlConnection *db, const char *repository, const char *tag, GError **error)
{
  return sql_run(db, NULL, error,
                 "DELETE FROM former_tags WHERE repository = $1 AND name = $2 AND until <= "
                 "(SELECT until FROM former_tags WHERE repository = $1 AND name = $2 "
                 "ORDER BY until DESC LIMIT 1 OFFSET $3)",
                 SQL_TEXT(repository), SQL_TEXT(tag), SQL_INTEGER(FORMER_OF_A_TAG), SQL_END);
}

bool
former_tags_note(SqlConnection *db, const char *repository, const char *tag, const Digest *digest,
                 GError **error)
{
  int64_t moved = 0;
  return sql_run(db, &moved, error,
                 "INSERT INTO former_tags (repository, name, digest, until) "
                 "SELECT repository, name, digest, $4 FROM tags "
                 "WHERE repository = $1 AND name = $2 AND digest <> $3 "
                 "ON CONFLICT (repository, name, digest) DO UPDATE SET until = excluded.until",
                 SQL_TEXT(repository), SQL_TEXT(tag), SQL_TEXT(digest->text),
                 SQL_INTEGER(g_get_real_time()), SQL_END) &&
         (moved == 0 ||
          (sql_run(db, NULL, error,
                   "DELETE FROM former_tags WHERE repository = $1 AND name = $2 AND digest = $3",
                   SQL_TEXT(repository), SQL_TEXT(tag), SQL_TEXT(digest->text), SQL_END) &&
           drop_oldest(db, repository, tag, error)));
}

bool
former_tags_check(const char *const *tags, const Digest *expected, const Digest *digest,
                  const json_t *moved, GError **error)
{
  for (; expected != NULL && *tags != NULL; tags++) {
    const char *before = json_get_string(moved, *tags);
    /* One that is not among them named nothing, or this already. */
    if (g_strcmp0(before == NULL ? "" : before, expected->text) != 0 &&
        strcmp(digest->text, expected->text) != 0)
      return error_set(error, ASSAY_ERROR_CHANGED,
                       "the tag %s was pushed by somebody else meanwhile", *tags);
  }
  return true;
}

bool
former_tags_forget(SqlConnection *db, const char *repository, const char *tag, GError **error)
{
  return sql_run(db, NULL, error, "DELETE FROM former_tags WHERE repository = $1 AND name = $2",
                 SQL_TEXT(repository), SQL_TEXT(tag), SQL_END);
}

bool
former_tags_forget_all(SqlConnection *db, const char *repository, const GPtrArray *tags,
                       GError **error)
{
  for (guint i = 0; i < tags->len; i++)
    if (!former_tags_forget(db, repository, g_ptr_array_index(tags, i), error))
      return false;
  return true;
}

/* --- by which names an image is known --- */

static void
known_name_free(void *data)
{
  KnownName *name = data;
  g_free(name->repository);
  g_free(name->tag);
  g_free(name->named);
  g_free(name->now);
  g_free(name);
}

int
known_name_compare(const KnownName *left, const KnownName *right)
{
  bool tagless = left->tag == NULL, other_tagless = right->tag == NULL;
  if (tagless != other_tagless)
    return tagless ? 1 : -1;
  if ((left->until == 0) != (right->until == 0))
    return left->until == 0 ? -1 : 1;
  if (left->until != right->until)
    return left->until > right->until ? -1 : 1;
  int order = strcmp(left->repository, right->repository);
  return order != 0 ? order : g_strcmp0(left->tag, right->tag);
}

static int
compare_pointed(gconstpointer a, gconstpointer b)
{
  return known_name_compare(*(const KnownName *const *)a, *(const KnownName *const *)b);
}

/* Of five columns, as KnownName has them. */
static bool
take_names(SqlRows *rows, NameSeen seen, void *data, GPtrArray *names, GError **error)
{
  Found found = ABSENT;
  guint most = names->len + NAMES_MAX;
  while (names->len < most && (found = sql_next(rows, error)) == FOUND) {
    if (!seen(sql_rows_text(rows, 0), data))
      continue;
    KnownName *name = g_new0(KnownName, 1);
    name->repository = g_strdup(sql_rows_text(rows, 0));
    name->tag = g_strdup(sql_rows_text(rows, 1));
    name->named = g_strdup(sql_rows_text(rows, 2));
    name->now = g_strdup(sql_rows_text(rows, 3));
    name->until = sql_rows_integer(rows, 4);
    g_ptr_array_add(names, name);
  }
  return found != FAILED;
}

/* Each gives what take_names() reads, of the image $1, and at most $2. CROSS JOIN: SQLite reads the
 * tables in this order then. It would read all tags of a repository before it asks which of them
 * are of indexes. */
static const char *const questions[] = {
    /* The repositories, with the tags that name the image itself. */
    "SELECT manifests.repository, tags.name, tags.digest, CAST(NULL AS TEXT), CAST(0 AS BIGINT) "
    "FROM manifests "
    "LEFT JOIN tags ON tags.repository = manifests.repository AND tags.digest = manifests.digest "
    "WHERE manifests.digest = $1 ORDER BY manifests.repository, tags.name LIMIT $2",
    /* Tags of indexes that have it. */
    "SELECT tags.repository, tags.name, tags.digest, CAST(NULL AS TEXT), CAST(0 AS BIGINT) FROM "
    "manifests CROSS JOIN manifest_references CROSS JOIN tags "
    "WHERE manifests.digest = $1 AND manifest_references.repository = manifests.repository "
    "AND manifest_references.digest = manifests.digest AND manifest_references.kind = 'member' "
    "AND tags.repository = manifest_references.repository "
    "AND tags.digest = manifest_references.manifest ORDER BY tags.repository, tags.name LIMIT $2",
    /* Where the tag names something else now. */
    "SELECT tags.repository, tags.name, former_tags.digest, tags.digest, former_tags.until "
    "FROM manifests CROSS JOIN former_tags CROSS JOIN tags "
    "WHERE manifests.digest = $1 AND former_tags.repository = manifests.repository "
    "AND former_tags.digest = manifests.digest "
    "AND tags.repository = former_tags.repository AND tags.name = former_tags.name ORDER BY "
    "former_tags.until DESC, tags.repository, tags.name "
    "LIMIT $2",
    /* The same of indexes. */
    "SELECT tags.repository, tags.name, former_tags.digest, tags.digest, former_tags.until "
    "FROM manifests CROSS JOIN manifest_references CROSS JOIN former_tags CROSS JOIN tags "
    "WHERE manifests.digest = $1 AND manifest_references.repository = manifests.repository "
    "AND manifest_references.digest = manifests.digest AND manifest_references.kind = 'member' "
    "AND former_tags.repository = manifest_references.repository "
    "AND former_tags.digest = manifest_references.manifest "
    "AND tags.repository = former_tags.repository AND tags.name = former_tags.name ORDER BY "
    "former_tags.until DESC, tags.repository, tags.name "
    "LIMIT $2",
};

GPtrArray *
registry_known_names(Registry *registry, const Digest *manifest, NameSeen seen, void *data,
                     GError **error)
{
  g_autoptr(SqlConnection) db = sql_acquire_snapshot(registry->sql, error);
  if (db == NULL)
    return NULL;
  g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(known_name_free);
  for (size_t i = 0; i < G_N_ELEMENTS(questions); i++) {
    g_autoptr(SqlRows) rows = sql_query(db, error, questions[i], SQL_TEXT(manifest->text),
                                        SQL_INTEGER(LOOKED_AT_MAX), SQL_END);
    if (!take_names(rows, seen, data, names, error))
      return NULL;
  }
  g_ptr_array_sort(names, compare_pointed);
  if (names->len > NAMES_MAX)
    g_ptr_array_set_size(names, NAMES_MAX);
  return g_steal_pointer(&names);
}

/* --- whether it is known at all --- */

Found
registry_knows_manifest(Registry *registry, const char *repository, const Digest *manifest,
                        GError **error)
{
  g_autoptr(SqlConnection) db = sql_acquire(registry->sql, error);
  if (db == NULL)
    return FAILED;
  g_autoptr(SqlRows) rows = NULL;
  return sql_first(db, &rows, error,
                   "SELECT 1 WHERE EXISTS (SELECT 1 FROM manifests WHERE digest = $1 "
                   "AND (CAST($2 AS TEXT) IS NULL OR repository = $2)) "
                   "OR EXISTS (SELECT 1 FROM deleted_manifests WHERE digest = $1 "
                   "AND (CAST($2 AS TEXT) IS NULL OR repository = $2)) "
                   "OR EXISTS (SELECT 1 FROM former_tags WHERE digest = $1 "
                   "AND (CAST($2 AS TEXT) IS NULL OR repository = $2))",
                   SQL_TEXT(manifest->text), SQL_TEXT(repository), SQL_END);
}

Found
registry_knows_tag(Registry *registry, const char *repository, const char *tag,
                   const Digest *manifest, GError **error)
{
  g_autoptr(SqlConnection) db = sql_acquire(registry->sql, error);
  if (db == NULL)
    return FAILED;
  g_autoptr(SqlRows) rows = NULL;
  return sql_first(db, &rows, error,
                   "SELECT 1 WHERE EXISTS (SELECT 1 FROM tags WHERE repository = $1 AND name = $2 "
                   "AND digest <> $3) OR EXISTS (SELECT 1 FROM former_tags WHERE repository = $1 "
                   "AND name = $2 AND digest <> $3)",
                   SQL_TEXT(repository), SQL_TEXT(tag), SQL_TEXT(manifest->text), SQL_END);
}
