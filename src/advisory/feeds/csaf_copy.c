/* The copy of what a provider of CSAF documents publishes. A provider's folder has, by CSAF 2.0
 * (7.1.13) and as Red Hat adds to it:
 *   changes.csv         "2024/cve-2024-1.json","2025-12-10T10:00:00+00:00", the newest first
 *   deletions.csv       the same of those that were taken back; not everywhere
 *   archive_latest.txt  the name of an archive of all, with its day: csaf_vex_2025-12-06.tar.zst;
 *                       not everywhere
 * So the copy is the archive, and the documents that have changed since its day, whose files have
 * the times of changes.csv. An archive may also be named itself. */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <utime.h>

#include "advisory/feeds/feeds.h"
#include "advisory/feeds/unpack.h"
#include "base/error.h"
#include "base/fd.h"

#define ARCHIVE_NAME "archive" /* holds the name of FEED_DATA_NAME */
/* Documents that have changed since the archive was made, by their names. */
#define DOCUMENTS_NAME   "documents"
#define DELETIONS_NAME   "deletions.csv"
#define DOCUMENT_MAX     ((size_t)128 * 1024 * 1024)
#define CHANGES_NAME     "changes.csv"
#define CHANGES_MAX      ((size_t)256 * 1024 * 1024)
#define ARCHIVE_NAME_MAX ((size_t)256)
#define DOCUMENTS_MAX    200000u /* that are fetched one by one */
#define SECONDS_OF_DAY   ((gint64)24 * 60 * 60)

/* The name of the file at the end of @path, when it is one that we keep. (transfer none), NULL */
static const char *
document_name(const char *path)
{
  static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
  const char *slash = strrchr(path, '/');
  const char *name = slash != NULL ? slash + 1 : path;
  bool plain = name[0] != '.' && name[strspn(name, allowed)] == '\0';
  return plain && g_str_has_suffix(name, ".json") && strlen(name) < 200 ? name : NULL;
}

/* --- the lists --- */

/* A path below the folder, that leads nowhere else. */
static bool
is_inside(const char *path)
{
  static const char allowed[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-/";
  return path[0] != '/' && strstr(path, "..") == NULL && path[strspn(path, allowed)] == '\0';
}

static char *
take_quoted(Slice *line)
{
  Slice field;
  if (!slice_next_field(line, ',', &field))
    return NULL;
  field = slice_strip(field);
  if (field.size >= 2 && field.data[0] == '"' && field.data[field.size - 1] == '"')
    field = slice_sub(field, 1, field.size - 2);
  return slice_to_utf8(field);
}

/* path -> its time, seconds since 1970, of the lines that are understood. (transfer full) */
static GHashTable *
read_list(Slice text)
{
  GHashTable *list = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
  Slice line;
  while (slice_next_line(&text, &line)) {
    g_autofree char *path = take_quoted(&line), *date = take_quoted(&line);
    g_autoptr(GDateTime) time = date != NULL ? g_date_time_new_from_iso8601(date, utc) : NULL;
    if (path == NULL || time == NULL || !is_inside(path) || document_name(path) == NULL)
      continue;
    gint64 *seconds = g_new(gint64, 1);
    *seconds = g_date_time_to_unix(time);
    g_hash_table_replace(list, g_steal_pointer(&path), seconds);
  }
  return list;
}

/* From when on documents count beside the archive of that name: a day before its own, for nobody
 * says at which hour it was made. 0: there is none, or it tells no day. */
static gint64
archive_time(const char *name)
{
  g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
  for (const char *at = name; at != NULL && *at != '\0'; at++) {
    int year = 0, month = 0, day = 0;
    if (sscanf(at, "%4d-%2d-%2d", &year, &month, &day) != 3)
      continue;
    g_autoptr(GDateTime) time = g_date_time_new(utc, year, month, day, 0, 0, 0);
    if (time != NULL)
      return g_date_time_to_unix(time) - SECONDS_OF_DAY;
  }
  return 0;
}

/* The archive's name in the copy; NULL: it has none. (transfer full) */
static char *
kept_archive(const char *folder)
{
  g_autofree char *path = g_build_filename(folder, ARCHIVE_NAME, NULL);
  g_autoptr(GBytes) bytes = file_read(AT_FDCWD, path, ARCHIVE_NAME_MAX, NULL);
  return bytes != NULL ? slice_to_utf8(slice_from_bytes(bytes)) : NULL;
}

/* --- fetching --- */

static char *
address_of(const FeedContext *context, const char *path)
{
  const char *base = context->config->url;
  return g_strconcat(base, g_str_has_suffix(base, "/") ? "" : "/", path, NULL);
}

/* *@there: false where the provider has no such file. */
static bool
fetch_file(FeedContext *context, const char *from, const char *to, size_t limit, bool *there,
           bool *changed, GError **error)
{
  g_autofree char *url = address_of(context, from);
  g_autofree char *path = g_build_filename(context->folder, to, NULL);
  GError *failure = NULL;
  DownloadResult result = DOWNLOAD_UNCHANGED;
  *there = http_client_download(context->client, url, path, limit, FEED_RETRIES, context->progress,
                                context->cancellable, &result, &failure);
  *changed |= *there && result == DOWNLOAD_NEW;
  if (*there || g_error_matches(failure, ASSAY_ERROR, ASSAY_ERROR_NOT_FOUND)) {
    g_clear_error(&failure);
    return true;
  }
  g_propagate_error(error, failure);
  return false;
}

/* The archive of all, where there is one, unless the copy is that one already. */
static bool
fetch_archive(FeedContext *context, bool *changed, GError **error)
{
  bool there = false, listed = false;
  if (!fetch_file(context, "archive_latest.txt", FEED_LISTING_NAME, ARCHIVE_NAME_MAX, &there,
                  &listed, error))
    return false;
  if (!there)
    return true;
  g_autofree char *listing = g_build_filename(context->folder, FEED_LISTING_NAME, NULL);
  g_autofree char *path = g_build_filename(context->folder, ARCHIVE_NAME, NULL);
  g_autofree char *kept = kept_archive(context->folder);
  g_autoptr(GBytes) text = file_read(AT_FDCWD, listing, ARCHIVE_NAME_MAX, error);
  if (text == NULL)
    return false;
  g_autofree char *name = slice_to_utf8(slice_strip(slice_from_bytes(text)));
  if (!is_inside(name) || strstr(name, ".tar") == NULL || archive_time(name) == 0)
    return error_set(error, ASSAY_ERROR_INVALID,
                     "archive_latest.txt names no archive with its day");
  if (g_strcmp0(kept, name) == 0)
    return true;
  return fetch_file(context, name, FEED_DATA_NAME, FEED_FILE_MAX, &there, changed, error) &&
         (there ||
          error_set(error, ASSAY_ERROR_NOT_FOUND, "%s, of archive_latest.txt, is missing", name)) &&
         g_file_set_contents(path, name, -1, error);
}

static GHashTable *
fetch_list(FeedContext *context, const char *name, bool needed, GError **error)
{
  bool there = false, changed = false;
  g_autofree char *path = g_build_filename(context->folder, name, NULL);
  if (!fetch_file(context, name, name, CHANGES_MAX, &there, &changed, error))
    return NULL;
  if (!there && needed) {
    error_set(error, ASSAY_ERROR_NOT_FOUND,
              "%s: has no %s: neither a provider's folder nor an archive", context->config->url,
              name);
    return NULL;
  }
  g_autoptr(GBytes) text = there ? file_read(AT_FDCWD, path, CHANGES_MAX, error) : NULL;
  return there && text == NULL ? NULL
                               : read_list(text != NULL ? slice_from_bytes(text) : (Slice){0});
}

static bool
fetch_document(FeedContext *context, const char *path, gint64 time, bool *changed, GError **error)
{
  bool there = false;
  struct stat status;
  g_autofree char *inside = g_build_filename(DOCUMENTS_NAME, document_name(path), NULL);
  g_autofree char *file = g_build_filename(context->folder, inside, NULL);
  g_autofree char *etag = g_strconcat(file, ".etag", NULL);
  const struct utimbuf times = {.actime = time, .modtime = time};
  if (stat(file, &status) == 0 && status.st_mtime == time)
    return true;
  if (!fetch_file(context, path, inside, DOCUMENT_MAX, &there, changed, error))
    return false;
  unlink(etag);
  /* One that is not there yet, or any more, is asked for again by the next update. */
  if (there)
    utime(file, &times);
  return true;
}

/* What @path was deleted after. */
static bool
is_deleted(GHashTable *deletions, const char *path, gint64 time)
{
  const gint64 *deleted = g_hash_table_lookup(deletions, path);
  return deleted != NULL && *deleted >= time;
}

/* Documents that the archive has by now, and those that were taken back. */
static void
forget_documents(const char *folder, GHashTable *wanted, bool *changed)
{
  g_autofree char *path = g_build_filename(folder, DOCUMENTS_NAME, NULL);
  g_autoptr(GDir) entries = g_dir_open(path, 0, NULL);
  for (const char *name = entries != NULL ? g_dir_read_name(entries) : NULL; name != NULL;
       name = g_dir_read_name(entries)) {
    g_autofree char *file = g_build_filename(path, name, NULL);
    if (!g_hash_table_contains(wanted, name))
      *changed |= unlink(file) == 0;
  }
}

static bool
fetch_documents(FeedContext *context, GHashTable *changes, GHashTable *deletions, bool *changed,
                GError **error)
{
  g_autofree char *archive = kept_archive(context->folder);
  gint64 from = archive_time(archive);
  g_autoptr(GHashTable) wanted = g_hash_table_new(g_str_hash, g_str_equal);
  g_autofree char *folder = g_build_filename(context->folder, DOCUMENTS_NAME, NULL);
  if (g_mkdir_with_parents(folder, 0700) < 0)
    return error_set(error, ASSAY_ERROR_IO, "%s: cannot be made", folder);
  GHashTableIter iter;
  gpointer path, time;
  g_hash_table_iter_init(&iter, changes);
  while (g_hash_table_iter_next(&iter, &path, &time)) {
    if (*(gint64 *)time < from || is_deleted(deletions, path, *(gint64 *)time))
      continue;
    g_hash_table_add(wanted, (gpointer)(uintptr_t)document_name(path));
    if (g_hash_table_size(wanted) > DOCUMENTS_MAX)
      return error_set(error, ASSAY_ERROR_LIMIT, "more than %u documents and no newer archive",
                       DOCUMENTS_MAX);
    if (!fetch_document(context, path, *(gint64 *)time, changed, error))
      return false;
  }
  forget_documents(context->folder, wanted, changed);
  return true;
}

/* Whether @url names a file, not a folder. */
static bool
is_file(const char *url)
{
  static const char *const ends[] = {".json", ".zip", ".tar", ".tgz", ".gz", ".bz2", ".xz", ".zst"};
  for (size_t i = 0; i < G_N_ELEMENTS(ends); i++)
    if (g_str_has_suffix(url, ends[i]))
      return true;
  return false;
}

static bool
csaf_fetch(FeedContext *context, bool *changed, GError **error)
{
  if (is_file(context->config->url))
    return feed_fetch_one_file(context, changed, error);
  if (!fetch_archive(context, changed, error))
    return false;
  g_autoptr(GHashTable) changes = fetch_list(context, CHANGES_NAME, true, error);
  if (changes == NULL)
    return false;
  g_autoptr(GHashTable) deletions = fetch_list(context, DELETIONS_NAME, false, error);
  return deletions != NULL && fetch_documents(context, changes, deletions, changed, error);
}

/* --- reading --- */

typedef struct {
  FeedContext *context;
  GHashTable *passed; /* names of documents that are not to be taken from the archive */
  uint64_t documents;
} Reading;

/* One document of many: a broken one is left out and counted. */
static bool
read_document(const char *name, Slice content, void *data, GError **error)
{
  Reading *reading = data;
  FeedContext *context = reading->context;
  const char *own = document_name(name);
  g_autoptr(GError) failure = NULL;
  if (own == NULL || g_hash_table_contains(reading->passed, own))
    return true;
  reading->documents++;
  if (csaf_parse(content, context->config->ecosystem, context->sink, &context->skipped, &failure))
    return true;
  if (!g_error_matches(failure, ASSAY_ERROR, ASSAY_ERROR_INVALID)) {
    g_propagate_error(error, g_steal_pointer(&failure));
    return false;
  }
  return feed_skip(context->sink, &context->skipped, "not a CSAF document");
}

static bool
has_magic(const char *path, const char *magic)
{
  uint8_t first[4] = {0};
  FILE *file = fopen(path, "rbe");
  if (file == NULL)
    return false;
  bool same = fread(first, 1, sizeof first, file) >= strlen(magic) &&
              memcmp(first, magic, strlen(magic)) == 0;
  fclose(file);
  return same;
}

/* An archive, or one document. */
static bool
read_archive(Reading *reading, const char *path, GError **error)
{
  bool zip = has_magic(path, "PK");
  if (has_magic(path, "{")) {
    g_autoptr(GBytes) bytes = feed_read_one_file(path, error);
    return bytes != NULL && read_document("one.json", slice_from_bytes(bytes), reading, error);
  }
  bool whole = unpack_all(zip ? UNPACK_ZIP : UNPACK_TAR_ALL, path, "*.json", DOCUMENT_MAX,
                          FEED_FILES_MAX, read_document, reading, error);
  if (whole && (reading->documents > 0 ||
                error_set(error, ASSAY_ERROR_INVALID, "no CSAF document is in it")))
    return true;
  g_prefix_error(error, "%s: ", path);
  return false;
}

static bool
read_plain(FeedContext *context, const char *path, GError **error)
{
  g_autoptr(GHashTable) none = g_hash_table_new(g_str_hash, g_str_equal);
  Reading reading = {.context = context, .passed = none};
  return read_archive(&reading, path, error);
}

/* The documents that have changed since the archive was made. What is older, which an interrupted
 * update has left, is in the archive. */
static bool
read_changed(Reading *reading, const char *folder, gint64 from, GError **error)
{
  g_autoptr(GDir) entries = g_dir_open(folder, 0, NULL);
  g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
  for (const char *name = entries != NULL ? g_dir_read_name(entries) : NULL; name != NULL;
       name = g_dir_read_name(entries))
    if (document_name(name) != NULL)
      g_ptr_array_add(names, g_strdup(name));
  g_ptr_array_sort(names, text_compare);
  for (guint i = 0; i < names->len; i++) {
    struct stat status;
    g_autofree char *path = g_build_filename(folder, names->pdata[i], NULL);
    if (stat(path, &status) < 0 || status.st_mtime < from)
      continue;
    g_autoptr(GBytes) bytes = feed_read_one_file(path, error);
    if (bytes == NULL || !read_document(names->pdata[i], slice_from_bytes(bytes), reading, error))
      return false;
    g_hash_table_add(reading->passed, g_strdup(names->pdata[i]));
  }
  return true;
}

/* What was taken back since the archive was made is not taken from it. */
static void
pass_deleted(const Reading *reading, const char *folder, gint64 from)
{
  g_autofree char *path = g_build_filename(folder, DELETIONS_NAME, NULL);
  g_autoptr(GBytes) text = file_read(AT_FDCWD, path, CHANGES_MAX, NULL);
  if (text == NULL)
    return;
  g_autoptr(GHashTable) deletions = read_list(slice_from_bytes(text));
  GHashTableIter iter;
  gpointer key, time;
  g_hash_table_iter_init(&iter, deletions);
  while (g_hash_table_iter_next(&iter, &key, &time))
    if (*(gint64 *)time >= from)
      g_hash_table_add(reading->passed, g_strdup(document_name(key)));
}

static bool
csaf_read(FeedContext *context, const char *path, GError **error)
{
  g_autofree char *documents = g_build_filename(path, DOCUMENTS_NAME, NULL);
  g_autofree char *data = g_build_filename(path, FEED_DATA_NAME, NULL);
  g_autofree char *archive = kept_archive(path);
  if (!g_file_test(documents, G_FILE_TEST_IS_DIR))
    return feed_read_each_file(path, ".json", read_plain, context, error);
  g_autoptr(GHashTable) passed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  Reading reading = {.context = context, .passed = passed};
  gint64 from = archive_time(archive);
  if (!read_changed(&reading, documents, from, error))
    return false;
  pass_deleted(&reading, path, from);
  return archive == NULL || read_archive(&reading, data, error);
}

const FeedType csaf_feed = {"csaf", csaf_fetch, csaf_read, NULL};
