/* The debian-repo feed's copy of a suite: a verified head and its indices. The changelogs are
 * fetched by debian_changelogs.c. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "advisory/feeds/debian-private.h"
#include "advisory/feeds/debian_release.h"
#include "advisory/feeds/debian_source.h"
#include "advisory/feeds/unpack.h"
#include "base/error.h"
#include "base/fd.h"
#include "text/deb822.h"

const char *
debian_architecture(void)
{
  static const struct {
    const char *machine, *architecture;
  } names[] = {
      {"x86_64", "amd64"},        {"aarch64", "arm64"},   {"armv7l", "armhf"},
      {"i686", "i386"},           {"ppc64le", "ppc64el"}, {"s390x", "s390x"},
      {"loongarch64", "loong64"}, {"riscv64", "riscv64"},
  };
  struct utsname system;
  if (uname(&system) == 0)
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
      if (strcmp(names[i].machine, system.machine) == 0)
        return names[i].architecture;
  return "amd64";
}

static char *
index_path(const char *folder, const char *sha256)
{
  return g_build_filename(folder, INDEX_FOLDER, sha256, NULL);
}

GHashTable *
debian_read_indices(const char *folder, Slice release, const char *architecture,
                    bool *packages_known, const FeedSink *sink, uint64_t *skipped, GError **error)
{
  g_autoptr(GHashTable) sources = debian_sources_new();
  g_autoptr(GPtrArray) indices = debian_release_indices(release, architecture);
  *packages_known = false;
  /* Sources first: Packages are notes on them. */
  for (unsigned pass = 0; pass < 2; pass++)
    for (guint i = 0; i < indices->len; i++) {
      const DebianIndex *index = indices->pdata[i];
      bool is_packages = strstr(index->path, "/source/") == NULL;
      if (is_packages != (pass == 1))
        continue;
      g_autofree char *path = index_path(folder, index->sha256);
      g_autoptr(GBytes) packed = file_read(AT_FDCWD, path, DEBIAN_INDEX_MAX, error);
      g_autoptr(GBytes) text =
          packed != NULL ? unpack_compressed(packed, DEBIAN_INDEX_MAX, error) : NULL;
      if (text == NULL) {
        g_prefix_error(error, "%s: ", index->path);
        return NULL;
      }
      *packages_known |= is_packages;
      if (is_packages)
        debian_sources_note_packages(sources, slice_from_bytes(text));
      else
        debian_sources_add(sources, slice_from_bytes(text), sink, skipped);
    }
  return g_steal_pointer(&sources);
}

static bool
download_index(FeedContext *context, const DebianIndex *index, const char *name, const char *target,
               GError **error)
{
  g_autofree char *url =
      g_strconcat(context->config->url, "/dists/", context->config->suite, "/", name, NULL);
  g_autofree char *etag = g_strconcat(target, ".etag", NULL);
  DownloadResult result;
  if (!http_client_download(context->client, url, target, index->size, FEED_RETRIES,
                            context->progress, context->cancellable, &result, error))
    return false;
  unlink(etag);
  g_autoptr(GBytes) bytes = file_read(AT_FDCWD, target, index->size, error);
  if (bytes == NULL)
    return false;
  if (debian_has_sha256(slice_from_bytes(bytes), index->sha256))
    return true;
  unlink(target);
  return error_set(error, ASSAY_ERROR_MISMATCH,
                   "%s: not what the suite's InRelease lists (the mirror is being updated: try "
                   "again later)",
                   url);
}

/* One index of the suite into index/SHA256, by its hash where the mirror has it so: then a mirror
 * that changes while we read it does not matter. */
static bool
fetch_index(FeedContext *context, const DebianIndex *index, bool by_hash, bool *changed,
            GError **error)
{
  g_autofree char *path = index_path(context->folder, index->sha256);
  g_autofree char *temporary = g_strconcat(path, ".new", NULL);
  g_autofree char *folder = g_path_get_dirname(index->path);
  g_autofree char *name = g_strconcat(folder, "/by-hash/SHA256/", index->sha256, NULL);
  g_autoptr(GError) failure = NULL;
  if (g_file_test(path, G_FILE_TEST_EXISTS))
    return true;
  /* Not every copy of a mirror keeps the names by hash that its head promises. */
  bool fetched = by_hash && download_index(context, index, name, temporary, &failure);
  if (failure != NULL && !g_error_matches(failure, ASSAY_ERROR, ASSAY_ERROR_NOT_FOUND)) {
    g_propagate_error(error, g_steal_pointer(&failure));
    return false;
  }
  if (!fetched && !download_index(context, index, index->path, temporary, error))
    return false;
  *changed = true;
  return rename(temporary, path) == 0 || error_set_errno(error, errno, "%s", path);
}

/* Removes what no index or source of the suite needs any more. */
static void
forget_unused(const char *folder, const char *subfolder, GHashTable *used)
{
  g_autofree char *path = g_build_filename(folder, subfolder, NULL);
  g_autoptr(GDir) entries = g_dir_open(path, 0, NULL);
  for (const char *name = entries != NULL ? g_dir_read_name(entries) : NULL; name != NULL;
       name = g_dir_read_name(entries)) {
    g_autofree char *file = g_build_filename(path, name, NULL);
    if (!g_hash_table_contains(used, name))
      unlink(file);
  }
}

static void
forget_old_files(const char *folder, GPtrArray *indices, GHashTable *sources)
{
  g_autoptr(GHashTable) used = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  GHashTableIter iter;
  gpointer value;
  for (guint i = 0; i < indices->len; i++)
    g_hash_table_add(used, g_strdup(((const DebianIndex *)indices->pdata[i])->sha256));
  g_hash_table_iter_init(&iter, sources);
  while (g_hash_table_iter_next(&iter, NULL, &value)) {
    const DebianSource *source = value;
    g_hash_table_add(used, g_strdup_printf("%s_%s", source->name, source->version));
  }
  forget_unused(folder, INDEX_FOLDER, used);
  forget_unused(folder, CHANGELOG_FOLDER, used);
}

static bool
make_subfolder(const char *folder, const char *name, GError **error)
{
  g_autofree char *path = g_build_filename(folder, name, NULL);
  auto_fd int fd = directory_open(path, error);
  return fd >= 0;
}

/* A head that is older than the one we have was kept back by somebody: its signature holds for
 * ever, and not every suite has a Valid-Until. */
static bool
check_not_older(const FeedContext *context, Slice release, GError **error)
{
  g_autofree char *path = g_build_filename(context->folder, "Release", NULL);
  g_autoptr(GBytes) known = file_read(AT_FDCWD, path, DEBIAN_RELEASE_MAX, NULL);
  g_autofree char *known_date = deb822_get_text(slice_from_bytes(known), "Date");
  g_autofree char *date = deb822_get_text(release, "Date");
  int64_t then, now;
  if (known_date == NULL || !debian_date_parse(known_date, &then))
    return true;
  if (date != NULL && debian_date_parse(date, &now) && now >= then)
    return true;
  return error_set(error, ASSAY_ERROR_MISMATCH,
                   "the mirror's state is of %s, older than what it gave before (%s): it lags "
                   "behind, or somebody holds it back",
                   date != NULL ? date : "no date", known_date);
}

/* The suite's head, verified, as bytes; it stays beside the one in use until all is there. */
static GBytes *
fetch_release(FeedContext *context, const char *verified_path, bool *is_new, GError **error)
{
  const FeedSettings *config = context->config;
  g_autofree char *path = g_build_filename(context->folder, "InRelease", NULL);
  g_autofree char *url = g_strconcat(config->url, "/dists/", config->suite, "/InRelease", NULL);
  DownloadResult result;
  if (!http_client_download(context->client, url, path, DEBIAN_RELEASE_MAX, FEED_RETRIES,
                            context->progress, context->cancellable, &result, error))
    return NULL;
  *is_new = result == DOWNLOAD_NEW;
  g_autoptr(GBytes) release =
      debian_release_verify(path, config->keyring, verified_path, context->cancellable, error)
          ? file_read(AT_FDCWD, verified_path, DEBIAN_RELEASE_MAX, error)
          : NULL;
  if (release == NULL ||
      !debian_release_check(slice_from_bytes(release), config->suite,
                            g_get_real_time() / G_USEC_PER_SEC, error) ||
      !check_not_older(context, slice_from_bytes(release), error)) {
    g_prefix_error(error, "%s: ", url);
    /* Asked for anew next time: a file that we do not trust must not be "not modified". */
    unlink(path);
    return NULL;
  }
  return g_steal_pointer(&release);
}

bool
debian_fetch(FeedContext *context, bool *changed, GError **error)
{
  if (context->config->url == NULL || context->config->suite == NULL)
    return error_set(error, ASSAY_ERROR_INVALID, "needs the `url` of a mirror and a `suite`");
  g_autofree char *verified_path = g_build_filename(context->folder, "Release.new", NULL);
  g_autofree char *release_path = g_build_filename(context->folder, "Release", NULL);
  if (!make_subfolder(context->folder, INDEX_FOLDER, error) ||
      !make_subfolder(context->folder, CHANGELOG_FOLDER, error))
    return false;
  bool is_new;
  g_autoptr(GBytes) release = fetch_release(context, verified_path, &is_new, error);
  if (release == NULL)
    return false;

  Slice text = slice_from_bytes(release);
  g_autoptr(GPtrArray) indices = debian_release_indices(text, debian_architecture());
  bool by_hash =
      g_strstr_len((const char *)text.data, (gssize)text.size, "\nAcquire-By-Hash: yes") != NULL;
  for (guint i = 0; i < indices->len; i++)
    if (!fetch_index(context, indices->pdata[i], by_hash, changed, error))
      return false;
  bool packages_known;
  uint64_t skipped = 0;
  const FeedSink nobody = {NULL};
  g_autoptr(GHashTable) sources = debian_read_indices(context->folder, text, debian_architecture(),
                                                      &packages_known, &nobody, &skipped, error);
  if (sources == NULL || !debian_fetch_changelogs(context, sources, is_new, changed, error))
    return false;
  if (rename(verified_path, release_path) < 0)
    return error_set(error, ASSAY_ERROR_IO, "%s: cannot be stored", release_path);
  forget_old_files(context->folder, indices, sources);
  return true;
}
