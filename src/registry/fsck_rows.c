/* The check of rows: links, references against the text of manifests, uploads. */
#include <string.h>

#include "base/error.h"
#include "oci/reference.h"
#include "registry/fsck-private.h"
#include "registry/registry-private.h"

/* --- rows that speak of what is not there --- */

typedef struct {
  FsckKind kind;
  char *repository, *object, *other; /* `repository` and `other` may be NULL */
} Row;

static void
row_free(void *data)
{
  Row *row = data;
  g_free(row->repository);
  g_free(row->object);
  g_free(row->other);
  g_free(row);
}

/* Of a query whose columns are these. */
static GPtrArray *
take_rows(SqlRows *rows, FsckKind kind, GError **error)
{
  Found found;
  g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(row_free);
  while ((found = sql_next(rows, error)) == FOUND) {
    Row *row = g_new0(Row, 1);
    row->kind = kind;
    row->repository = g_strdup(sql_rows_text(rows, 0));
    row->object = g_strdup(sql_rows_text(rows, 1));
    row->other = g_strdup(sql_rows_text(rows, 2));
    g_ptr_array_add(list, row);
  }
  return found == FAILED ? NULL : g_steal_pointer(&list);
}

static SqlRows *
query_unknown(SqlConnection *db, FsckKind kind, GError **error)
{
  if (kind == FSCK_UNKNOWN_LINK)
    return sql_query(db, error,
                     "SELECT repository, digest, NULL FROM repository_blobs WHERE NOT EXISTS "
                     "(SELECT 1 FROM blobs WHERE blobs.digest = repository_blobs.digest)",
                     SQL_END);
  if (kind == FSCK_UNKNOWN_REFERENCE)
    return sql_query(db, error,
                     "SELECT repository, digest, manifest FROM manifest_references "
                     "WHERE NOT EXISTS (SELECT 1 FROM manifests "
                     "WHERE manifests.repository = manifest_references.repository "
                     "AND manifests.digest = manifest_references.manifest) "
                     "AND NOT EXISTS (SELECT 1 FROM deleted_manifests "
                     "WHERE deleted_manifests.repository = manifest_references.repository "
                     "AND deleted_manifests.digest = manifest_references.manifest)",
                     SQL_END);
  return sql_query(db, error, "SELECT repository, id, NULL FROM uploads", SQL_END);
}

/* A SqlWork, of a row. */
static bool
delete_row(SqlConnection *db, void *data, GError **error)
{
  const Row *row = data;
  if (row->kind == FSCK_UNKNOWN_LINK)
    return sql_run(db, NULL, error,
                   "DELETE FROM repository_blobs WHERE repository = $1 AND digest = $2",
                   SQL_TEXT(row->repository), SQL_TEXT(row->object), SQL_END);
  if (row->kind == FSCK_UNKNOWN_REFERENCE)
    return sql_run(
        db, NULL, error,
        "DELETE FROM manifest_references WHERE repository = $1 AND digest = $2 AND manifest = $3",
        SQL_TEXT(row->repository), SQL_TEXT(row->object), SQL_TEXT(row->other), SQL_END);
  return sql_run(db, NULL, error, "DELETE FROM uploads WHERE id = $1", SQL_TEXT(row->object),
                 SQL_END);
}

static GPtrArray *
find_unknown(SqlPool *sql, FsckKind kind, GError **error)
{
  g_autoptr(SqlConnection) db = sql_acquire(sql, error);
  if (db == NULL)
    return NULL;
  g_autoptr(SqlRows) rows = query_unknown(db, kind, error);
  return take_rows(rows, kind, error);
}

static bool
check_unknown(Fsck *fsck, FsckKind kind, GError **error)
{
  static const char *const details[] = {
      [FSCK_UNKNOWN_LINK] = "the repository has it, and there is no such blob",
      [FSCK_UNKNOWN_REFERENCE] = "it is needed by a manifest that is not there",
      [FSCK_UNKNOWN_UPLOAD] = "what the upload has received is not there",
  };
  g_autoptr(GPtrArray) rows = find_unknown(fsck->registry->sql, kind, error);
  for (guint i = 0; rows != NULL && i < rows->len; i++) {
    Row *row = g_ptr_array_index(rows, i);
    if (kind == FSCK_UNKNOWN_UPLOAD && blob_store_has_upload(fsck->registry->blobs, row->object))
      continue;
    if (fsck->options->repair && !sql_transact(fsck->registry->sql, delete_row, row, error))
      return false;
    fsck_tell(fsck, kind, row->repository, row->object, details[kind], fsck->options->repair);
  }
  return rows != NULL;
}

/* --- manifests against their references --- */

typedef struct {
  SqlConnection *db;
  const Row *row; /* repository and digest of a manifest */
  char *missing;  /* the first digest that it needs without a reference; NULL: none */
} Search;

static bool
look_for_reference(const Descriptor *descriptor, const char *kind, void *data, GError **error)
{
  Search *search = data;
  g_autoptr(SqlRows) rows = NULL;
  Found found = sql_first(search->db, &rows, error,
                          "SELECT 1 FROM manifest_references WHERE repository = $1 "
                          "AND digest = $2 AND manifest = $3",
                          SQL_TEXT(search->row->repository), SQL_TEXT(descriptor->digest.text),
                          SQL_TEXT(search->row->object), SQL_END);
  if (found == ABSENT && search->missing == NULL)
    search->missing = g_strdup(descriptor->digest.text);
  return found != FAILED;
}

typedef struct {
  const Row *row;
  const Manifest *manifest;
} Missing;

/* An index that lists referrers, by its tags. */
static Found
is_listing(SqlConnection *db, const Row *row, GError **error)
{
  g_autoptr(SqlRows) rows = NULL;
  Found found = sql_first(db, &rows, error,
                          "SELECT min(name), max(name) FROM tags "
                          "WHERE repository = $1 AND digest = $2",
                          SQL_TEXT(row->repository), SQL_TEXT(row->object), SQL_END);
  if (found != FOUND)
    return FAILED;
  return !sql_rows_is_null(rows, 0) && tag_is_of_referrers(sql_rows_text(rows, 0)) &&
                 tag_is_of_referrers(sql_rows_text(rows, 1))
             ? FOUND
             : ABSENT;
}

static bool
store_references(SqlConnection *db, void *data, GError **error)
{
  const Missing *missing = data;
  Found listing = is_listing(db, missing->row, error);
  return listing != FAILED && references_store(db, missing->row->repository, missing->row->object,
                                               missing->manifest, listing == FOUND, error);
}

/* What is wrong with a manifest's text; NULL: nothing. *manifest takes it. (transfer full) */
static char *
check_text(SqlConnection *db, const Row *row, Manifest **manifest, GError **error)
{
  Digest digest;
  g_autoptr(SqlRows) rows = NULL;
  g_autoptr(GError) unreadable = NULL;
  if (!digest_parse(row->object, &digest, error) ||
      sql_first(db, &rows, error,
                "SELECT content, media_type FROM manifests WHERE repository = $1 AND digest = $2",
                SQL_TEXT(row->repository), SQL_TEXT(row->object), SQL_END) != FOUND)
    return NULL;
  Slice content = sql_rows_bytes(rows, 0);
  Digest actual = digest_of(digest_algorithm(&digest), content);
  if (!digest_equal(&actual, &digest))
    return g_strdup_printf("its text has the digest %s; push it again", actual.text);
  *manifest = manifest_parse(content, sql_rows_text(rows, 1), &unreadable);
  return *manifest == NULL ? g_strdup_printf("it cannot be read: %s", unreadable->message) : NULL;
}

static bool
check_manifest(Fsck *fsck, const Row *row, GError **error)
{
  GError *failure = NULL;
  g_autoptr(Manifest) manifest = NULL;
  g_autofree char *name = g_strdup_printf("%s@%s", row->repository, row->object);
  g_autoptr(SqlConnection) db = sql_acquire(fsck->registry->sql, error);
  if (db == NULL)
    return false;
  g_autofree char *wrong = check_text(db, row, &manifest, &failure);
  if (failure != NULL) {
    g_propagate_error(error, failure);
    return false;
  }
  if (wrong != NULL)
    fsck_tell(fsck, FSCK_DAMAGED_MANIFEST, row->repository, name, wrong, false);
  Search search = {db, row, NULL};
  if (manifest == NULL)
    return true;
  bool looked = references_visit(manifest, look_for_reference, &search, error);
  g_autofree char *missing = search.missing;
  if (!looked || missing == NULL)
    return looked;
  Missing work = {row, manifest};
  if (fsck->options->repair && !sql_transact(fsck->registry->sql, store_references, &work, error))
    return false;
  g_autofree char *detail = g_strdup_printf("that it needs %s is not written down", missing);
  fsck_tell(fsck, FSCK_MISSING_REFERENCE, row->repository, name, detail, fsck->options->repair);
  return true;
}

static GPtrArray *
all_manifests(SqlPool *sql, GError **error)
{
  g_autoptr(SqlConnection) db = sql_acquire(sql, error);
  if (db == NULL)
    return NULL;
  g_autoptr(SqlRows) rows =
      sql_query(db, error, "SELECT repository, digest, NULL FROM manifests", SQL_END);
  return take_rows(rows, FSCK_DAMAGED_MANIFEST, error);
}

/* What versions before noted of them is completed first. */
static bool
check_manifests(Fsck *fsck, GError **error)
{
  for (bool more = true; more;)
    if (!registry_record_references(fsck->registry, &more, error))
      return false;
  g_autoptr(GPtrArray) rows = all_manifests(fsck->registry->sql, error);
  for (guint i = 0; rows != NULL && i < rows->len; i++)
    if (!fsck->options->step(i, rows->len, fsck->options->data) ||
        !check_manifest(fsck, g_ptr_array_index(rows, i), error))
      return false;
  return rows != NULL;
}

bool
fsck_rows(Fsck *fsck, GError **error)
{
  return check_manifests(fsck, error) && check_unknown(fsck, FSCK_UNKNOWN_REFERENCE, error) &&
         check_unknown(fsck, FSCK_UNKNOWN_LINK, error) &&
         check_unknown(fsck, FSCK_UNKNOWN_UPLOAD, error);
}
