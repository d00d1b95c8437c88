/* The check of blobs and their files; see the header. fsck_rows.c has that of rows among each
 * other. */
#include "registry/fsck.h"

#include "base/error.h"
#include "registry/fsck-private.h"
#include "registry/registry-private.h"

#define FOLDERS       512u /* 256 of each algorithm */
#define HOLDERS_NAMED 3

const char *const fsck_kind_names[] = {
    "missing-blob",      "damaged-blob",      "unknown-file",   "unknown-link", "damaged-manifest",
    "missing-reference", "unknown-reference", "unknown-upload", NULL,
};

/* --- a blob whose bytes are not what its row says --- */

static bool
forget_blob(SqlConnection *db, void *data, GError **error)
{
  const char *digest = data;
  Digest blob;
  g_strlcpy(blob.text, digest, sizeof blob.text);
  g_autoptr(SqlRows) rows =
      sql_query(db, error, "SELECT repository FROM repository_blobs WHERE digest = $1",
                SQL_TEXT(digest), SQL_END);
  g_autoptr(GPtrArray) repositories = sql_texts(rows, error);
  if (repositories == NULL)
    return false;
  for (guint i = 0; i < repositories->len; i++)
    if (!sql_run(db, NULL, error,
                 "DELETE FROM repository_blobs WHERE repository = $1 AND digest = $2",
                 SQL_TEXT(g_ptr_array_index(repositories, i)), SQL_TEXT(digest), SQL_END) ||
        !quota_unlinked(db, g_ptr_array_index(repositories, i), &blob, error))
      return false;
  return sql_run(db, NULL, error, "DELETE FROM blobs WHERE digest = $1", SQL_TEXT(digest), SQL_END);
}

/* "needed by team/app@sha256:..., and 2 more"; NULL as sql_next() has failed. (transfer full) */
static char *
needed_by(SqlPool *sql, const char *what, const char *digest, GError **error)
{
  Found found;
  int64_t count = 0;
  g_autoptr(GString) words = g_string_new(what);
  g_autoptr(SqlConnection) db = sql_acquire(sql, error);
  if (db == NULL)
    return NULL;
  g_autoptr(SqlRows) rows =
      sql_query(db, error,
                "SELECT manifest_references.repository, manifest FROM repository_blobs "
                "JOIN manifest_references "
                "ON manifest_references.repository = repository_blobs.repository "
                "AND manifest_references.digest = repository_blobs.digest "
                "WHERE repository_blobs.digest = $1",
                SQL_TEXT(digest), SQL_END);
  while ((found = sql_next(rows, error)) == FOUND)
    if (count++ < HOLDERS_NAMED)
      g_string_append_printf(words, "%s%s@%s", count == 1 ? "; needed by " : ", ",
                             sql_rows_text(rows, 0), sql_rows_text(rows, 1));
  if (count > HOLDERS_NAMED)
    g_string_append_printf(words, " and %" G_GINT64_FORMAT " more", count - HOLDERS_NAMED);
  if (count == 0)
    g_string_append(words, "; needed by no manifest");
  return found == FAILED ? NULL : g_string_free(g_steal_pointer(&words), FALSE);
}

static bool
tell_bad_blob(const Fsck *fsck, FsckKind kind, const char *digest, const char *what, bool aside,
              GError **error)
{
  g_autofree char *detail = needed_by(fsck->registry->sql, what, digest, error);
  bool repair = fsck->options->repair && aside;
  if (detail == NULL)
    return false;
  g_autofree char *forgotten = g_strdup(digest);
  if (repair && !sql_transact(fsck->registry->sql, forget_blob, forgotten, error))
    return false;
  fsck_tell(fsck, kind, NULL, digest, detail, repair);
  return true;
}

/* --- a file against its row --- */

static bool
pace(size_t bytes, void *data)
{
  const Fsck *fsck = data;
  return fsck->options->step(fsck->done, FOLDERS, fsck->options->data);
}

/* Reads all of it, and moves it away where it is to be repaired. @aside: it is not in the way. */
static bool
check_content(Fsck *fsck, const Digest *digest, char **what, bool *aside, GError **error)
{
  BlobFile file;
  g_autoptr(GError) failure = NULL;
  if (blob_store_verify(fsck->registry->blobs, digest, pace, fsck, &file, &failure))
    return true;
  if (g_error_matches(failure, ASSAY_ERROR, ASSAY_ERROR_CANCELLED))
    return false;
  *what = g_strdup(failure->message);
  *aside = g_error_matches(failure, ASSAY_ERROR, ASSAY_ERROR_MISMATCH) && fsck->options->repair &&
           blob_store_set_aside(fsck->registry->blobs, digest, &file, NULL);
  return true;
}

static bool
check_file(Fsck *fsck, const Digest *digest, int64_t size, GError **error)
{
  uint64_t there = 0;
  bool aside = false;
  g_autofree char *what = NULL;
  if (!blob_store_has(fsck->registry->blobs, digest, &there))
    return tell_bad_blob(fsck, FSCK_MISSING_BLOB, digest->text, "its file is not there", true,
                         error);
  bool resized = there != (uint64_t)size;
  if ((resized || fsck->options->content) && !check_content(fsck, digest, &what, &aside, error))
    return false;
  if (what == NULL && resized)
    what = g_strdup_printf("its row says %" G_GINT64_FORMAT " bytes, and it has %" G_GUINT64_FORMAT,
                           size, there);
  return what == NULL || tell_bad_blob(fsck, FSCK_DAMAGED_BLOB, digest->text, what, aside, error);
}

/* --- a folder --- */

/* What the rows say of the blobs whose digests begin so: digest -> size. (transfer full) */
static GHashTable *
rows_of(SqlPool *sql, const char *first, const char *end, GError **error)
{
  Found found;
  g_autoptr(SqlConnection) db = sql_acquire(sql, error);
  if (db == NULL)
    return NULL;
  g_autoptr(GHashTable) sizes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  g_autoptr(SqlRows) rows =
      sql_query(db, error, "SELECT digest, size FROM blobs WHERE digest >= $1 AND digest < $2",
                SQL_TEXT(first), SQL_TEXT(end), SQL_END);
  while ((found = sql_next(rows, error)) == FOUND) {
    int64_t size = sql_rows_integer(rows, 1);
    g_hash_table_insert(sizes, g_strdup(sql_rows_text(rows, 0)), g_memdup2(&size, sizeof size));
  }
  return found == FAILED ? NULL : g_steal_pointer(&sizes);
}

static bool
check_unknown_files(Fsck *fsck, const GArray *files, GHashTable *sizes, GError **error)
{
  for (guint i = 0; i < files->len; i++) {
    const Digest *digest = &g_array_index(files, Digest, i);
    uint64_t size = 0;
    if (g_hash_table_contains(sizes, digest->text))
      continue;
    blob_store_has(fsck->registry->blobs, digest, &size);
    if (fsck->options->repair && !blob_store_delete(fsck->registry->blobs, digest, error))
      return false;
    g_autofree char *detail =
        g_strdup_printf("%" G_GUINT64_FORMAT " bytes that no row speaks of", size);
    fsck_tell(fsck, FSCK_UNKNOWN_FILE, NULL, digest->text, detail, fsck->options->repair);
  }
  return true;
}

static bool
check_folder(Fsck *fsck, unsigned folder, GError **error)
{
  DigestAlgorithm algorithm = folder < FOLDERS / 2 ? DIGEST_SHA256 : DIGEST_SHA512;
  unsigned byte = folder % (FOLDERS / 2);
  const char *name = algorithm == DIGEST_SHA512 ? "sha512" : "sha256";
  g_autofree char *first = g_strdup_printf("%s:%02x", name, byte),
                  *end = byte == 255 ? g_strdup_printf("%s:g", name)
                                     : g_strdup_printf("%s:%02x", name, byte + 1);
  g_autoptr(GHashTable) sizes = rows_of(fsck->registry->sql, first, end, error);
  if (sizes == NULL)
    return false;
  g_autoptr(GArray) files = blob_store_list(fsck->registry->blobs, algorithm, (uint8_t)byte);
  GHashTableIter iter;
  void *key, *value;
  g_hash_table_iter_init(&iter, sizes);
  while (g_hash_table_iter_next(&iter, &key, &value)) {
    Digest digest;
    if (!digest_parse(key, &digest, error) ||
        !check_file(fsck, &digest, *(const int64_t *)value, error))
      return false;
  }
  return check_unknown_files(fsck, files, sizes, error);
}

bool
registry_fsck(Registry *registry, const FsckOptions *options, GError **error)
{
  Fsck fsck = {registry, options, 0};
  for (; fsck.done < FOLDERS; fsck.done++)
    if (!options->step(fsck.done, FOLDERS, options->data) || !check_folder(&fsck, fsck.done, error))
      return false;
  return fsck_rows(&fsck, error);
}
