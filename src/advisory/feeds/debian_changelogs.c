/* The debian-repo feed's changelogs, each out of a file whose hash the suite's indices give,
 * fetched by several threads. */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "advisory/feeds/changelog.h"
#include "advisory/feeds/debian-private.h"
#include "advisory/feeds/debian_source.h"
#include "advisory/feeds/unpack.h"
#include "base/error.h"
#include "base/fd.h"
#include "oci/digest.h"

/* Debian Policy 12.7. That of a native package has the name that others give to their upstream's.
 */
#define SOURCE_CHANGELOG       "debian/changelog|*/debian/changelog"
#define DEBIAN_CHANGELOG       "usr/share/doc/*/changelog.Debian*.gz"
#define NATIVE_CHANGELOG       "usr/share/doc/*/changelog.gz"
#define FETCH_THREADS          8u
#define FETCH_ATTEMPTS         3u
#define FETCH_PAUSE_US         500000u
#define NAMES_TOLD             10
#define SOURCE_FILE_MAX        ((size_t)32 * 1024 * 1024) /* updates in larger ones have our own ids */
#define CHANGELOG_UNPACKED_MAX ((size_t)256 * 1024 * 1024)

bool
debian_has_sha256(Slice bytes, const char *sha256)
{
  Digest digest = digest_of(DIGEST_SHA256, bytes);
  return strcmp(digest_hex(&digest), sha256) == 0;
}

bool
debian_wants_changelog(const FeedSettings *config, const char *source)
{
  if (config->sources == NULL)
    return true;
  g_auto(GStrv) names = g_strsplit_set(config->sources, ", ", -1);
  return g_strv_contains((const char *const *)names, source);
}

char *
debian_changelog_path(const char *folder, const char *source, const char *version)
{
  g_autofree char *name = g_strdup_printf("%s_%s", source, version);
  return g_build_filename(folder, CHANGELOG_FOLDER, name, NULL);
}

/* Source packages whose changelog is not had. */
typedef struct {
  int count;
  GString *names; /* of the first; NULL: there are none */
} Without;

/* What the threads share: the jobs are read-only, `next` is atomic, `told` guards the counts, the
 * names and the progress, which is not written for several threads. */
typedef struct {
  FeedContext *context;
  GPtrArray *jobs; /* DebianSource, borrowed */
  int next, done;
  Without failed, missing;
  char *failure; /* of the first that failed */
  GMutex told;
} ChangelogFetch;

static bool
append_bytes(Slice bytes, void *data, GError **error)
{
  g_byte_array_append(data, bytes.data, (guint)bytes.size);
  return true;
}

/* A mirror on a disk. */
static GBytes *
read_local_file(const char *url, const ChangelogFile *file, GError **error)
{
  g_autofree char *path = g_filename_from_uri(url, NULL, error);
  g_autoptr(GBytes) bytes = path != NULL ? file_read(AT_FDCWD, path, file->size, error) : NULL;
  if (bytes == NULL || debian_has_sha256(slice_from_bytes(bytes), file->sha256))
    return g_steal_pointer(&bytes);
  error_set(error, ASSAY_ERROR_MISMATCH, "%s: not what the suite's index lists", url);
  return NULL;
}

static GBytes *
fetch_file(HttpClient *client, const FeedContext *context, const ChangelogFile *file,
           GError **error)
{
  g_autofree char *url = g_strconcat(context->config->url, "/", file->path, NULL);
  if (g_str_has_prefix(url, "file:"))
    return read_local_file(url, file, error);
  for (unsigned attempt = 0;; attempt++) {
    g_autoptr(GError) failure = NULL;
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    g_autoptr(HttpResponse) response = http_client_stream(
        client, url, NULL, append_bytes, bytes, file->size, context->cancellable, &failure);
    if (response != NULL && response->status == 200) {
      if (debian_has_sha256(slice_new(bytes->data, bytes->len), file->sha256))
        return g_byte_array_free_to_bytes(g_steal_pointer(&bytes));
      error_set(&failure, ASSAY_ERROR_MISMATCH, "%s: not what the suite's index lists", url);
    }
    bool missing = response != NULL && response->status >= 400 && response->status < 500;
    if (response != NULL && failure == NULL)
      error_set(&failure, missing ? ASSAY_ERROR_NOT_FOUND : ASSAY_ERROR_NETWORK,
                "%s: the server answered %ld", url, response->status);
    if (missing || attempt + 1 >= FETCH_ATTEMPTS ||
        cancellable_is_cancelled(context->cancellable)) {
      g_propagate_error(error, g_steal_pointer(&failure));
      return NULL;
    }
    g_usleep(FETCH_PAUSE_US << attempt);
  }
}

/* The changelog of a binary package; NULL without *error when it has none (its folder of documents
 * may be a link to another package's). */
static GBytes *
extract_from_deb(GBytes *file, GError **error)
{
  g_autoptr(GError) failure = NULL;
  g_autoptr(GBytes) data = unpack_deb_data(slice_from_bytes(file), SOURCE_FILE_MAX, error);
  if (data == NULL)
    return NULL;
  Slice bytes = slice_from_bytes(data);
  g_autoptr(GBytes) packed =
      unpack_tar_member(bytes, DEBIAN_CHANGELOG, CHANGELOG_UNPACKED_MAX, &failure);
  if (packed == NULL && failure == NULL)
    packed = unpack_tar_member(bytes, NATIVE_CHANGELOG, CHANGELOG_UNPACKED_MAX, &failure);
  if (packed == NULL) {
    if (failure != NULL)
      g_propagate_error(error, g_steal_pointer(&failure));
    return NULL;
  }
  g_autoptr(GBytes) text = unpack_compressed(packed, CHANGELOG_UNPACKED_MAX, error);
  Slice rest = slice_from_bytes(text);
  ChangelogEntry entry;
  return text != NULL && changelog_next_entry(&rest, &entry) ? g_steal_pointer(&text) : NULL;
}

/* The changelog in a file whose hash held; NULL without *error when it has none. */
static GBytes *
extract_changelog(ChangelogPlace place, GBytes *file, GError **error)
{
  if (place == CHANGELOG_IN_DEB)
    return extract_from_deb(file, error);
  if (place == CHANGELOG_IN_TAR)
    return unpack_tar_member(slice_from_bytes(file), SOURCE_CHANGELOG, CHANGELOG_UNPACKED_MAX,
                             error);
  g_autoptr(GBytes) diff = unpack_compressed(file, CHANGELOG_UNPACKED_MAX, error);
  return diff != NULL ? changelog_from_diff(slice_from_bytes(diff)) : NULL;
}

/* One try; NULL without *error when the file is not there, too large or has no changelog. */
static GBytes *
try_file(HttpClient *client, const FeedContext *context, const ChangelogFile *file, GError **error)
{
  g_autoptr(GError) failure = NULL;
  if (file->path == NULL || file->size > SOURCE_FILE_MAX)
    return NULL;
  g_autoptr(GBytes) bytes = fetch_file(client, context, file, &failure);
  GBytes *changelog = bytes != NULL ? extract_changelog(file->place, bytes, &failure) : NULL;
  if (failure != NULL && !g_error_matches(failure, ASSAY_ERROR, ASSAY_ERROR_NOT_FOUND))
    g_propagate_error(error, g_steal_pointer(&failure));
  return changelog;
}

/* From the source, which has all of it, or, where the mirror carries no sources, from a binary
 * package. A changelog that the mirror does not have is kept as an empty file and *@missing. */
static bool
fetch_changelog(HttpClient *client, const FeedContext *context, const DebianSource *source,
                bool *missing, GError **error)
{
  g_autofree char *path = debian_changelog_path(context->folder, source->name, source->version);
  g_autoptr(GError) failure = NULL;
  g_autoptr(GBytes) changelog = try_file(client, context, &source->source, &failure);
  for (size_t i = 0; changelog == NULL && i < CHANGELOG_DEBS_MAX; i++) {
    g_clear_error(&failure);
    changelog = try_file(client, context, &source->debs[i], &failure);
  }
  if (changelog == NULL && failure != NULL) {
    g_propagate_error(error, g_steal_pointer(&failure));
    return false;
  }
  *missing = changelog == NULL;
  Slice kept = slice_sub(slice_from_bytes(changelog), 0, DEBIAN_CHANGELOG_MAX);
  return file_replace(AT_FDCWD, path, kept, 0600, error);
}

static void
add_without(Without *without, const char *name)
{
  if (without->names == NULL)
    without->names = g_string_new(NULL);
  if (without->count < NAMES_TOLD)
    g_string_append_printf(without->names, "%s%s", without->count > 0 ? ", " : "", name);
  without->count++;
}

/* "debian: 2 of 9 changelogs are not on the mirror (a, b): ...", if there are any. */
static void
tell_without(const ChangelogFetch *fetch, Without *without, const char *what)
{
  if (without->count > 0 && fetch->context->notes != NULL)
    g_ptr_array_add(fetch->context->notes,
                    g_strdup_printf("%s: %d of %u changelogs %s (%s%s): these packages' updates "
                                    "are known without CVE numbers",
                                    fetch->context->config->name, without->count, fetch->jobs->len,
                                    what, without->names->str,
                                    without->count > NAMES_TOLD ? ", ..." : ""));
  if (without->names != NULL)
    g_string_free(g_steal_pointer(&without->names), TRUE);
}

static gpointer
run_fetch_thread(gpointer data)
{
  ChangelogFetch *fetch = data;
  g_autoptr(HttpClient) client = http_client_new(fetch->context->ca_file);
  for (;;) {
    guint index = (guint)g_atomic_int_add(&fetch->next, 1);
    if (index >= fetch->jobs->len || cancellable_is_cancelled(fetch->context->cancellable))
      return NULL;
    const DebianSource *source = fetch->jobs->pdata[index];
    g_autoptr(GError) error = NULL;
    bool missing = false;
    bool fetched = fetch_changelog(client, fetch->context, source, &missing, &error);
    g_mutex_lock(&fetch->told);
    if (missing || !fetched)
      add_without(fetched ? &fetch->missing : &fetch->failed, source->name);
    if (!fetched && fetch->failure == NULL)
      fetch->failure = g_strdup_printf("%s: %s", source->name, error->message);
    fetch->done++;
    progress_tell(fetch->context->progress, "changelogs", (uint64_t)fetch->done, fetch->jobs->len);
    g_mutex_unlock(&fetch->told);
  }
}

/* Whether there is no changelog of @source, or only the mark that the mirror had none, which a new
 * state of the mirror (@again) makes worth another look. */
static bool
needs_changelog(const FeedContext *context, const DebianSource *source, bool again)
{
  struct stat status;
  g_autofree char *path = debian_changelog_path(context->folder, source->name, source->version);
  return debian_wants_changelog(context->config, source->name) &&
         (stat(path, &status) < 0 || (again && status.st_size == 0));
}

static void
tell_fetched(ChangelogFetch *fetch)
{
  g_autofree char *failure = g_steal_pointer(&fetch->failure);
  g_autofree char *failed =
      g_strdup_printf("could not be read, and are tried again by the next update (%s)",
                      failure != NULL ? failure : "");
  tell_without(fetch, &fetch->failed, failed);
  tell_without(fetch, &fetch->missing, "are not on the mirror");
}

/* The changelogs that are not there yet. One that cannot be had is no error: its update is stated
 * under its own id, and the next run tries again. */
bool
debian_fetch_changelogs(FeedContext *context, GHashTable *sources, bool again, bool *changed,
                        GError **error)
{
  ChangelogFetch fetch = {.context = context};
  g_autoptr(GPtrArray) jobs = g_ptr_array_new();
  GThread *threads[FETCH_THREADS];
  GHashTableIter iter;
  gpointer value;
  g_hash_table_iter_init(&iter, sources);
  while (g_hash_table_iter_next(&iter, NULL, &value)) {
    const DebianSource *source = value;
    if (needs_changelog(context, source, again))
      g_ptr_array_add(jobs, value);
  }
  if (jobs->len == 0)
    return true;
  fetch.jobs = jobs;
  g_mutex_init(&fetch.told);
  for (unsigned i = 0; i < FETCH_THREADS; i++)
    threads[i] = g_thread_new("changelogs", run_fetch_thread, &fetch);
  for (unsigned i = 0; i < FETCH_THREADS; i++)
    g_thread_join(threads[i]);
  g_mutex_clear(&fetch.told);
  *changed = true;
  tell_fetched(&fetch);
  if (cancellable_is_cancelled(context->cancellable))
    return error_set(error, ASSAY_ERROR_CANCELLED, "cancelled");
  return true;
}
