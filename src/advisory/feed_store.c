/* The feeds' folders and manifests; see the header. */
#include "advisory/feed_store-private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "advisory/feeds/feed.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/json_table.h"

#define MANIFEST_MAX ((size_t)64 * 1024)
#define COPY_CHUNK   ((size_t)1024 * 1024)

static const JsonMember settings_members[] = {
    {JSON_MEMBER(FeedSettings, type), .kind = &json_text, .required = true},
    {JSON_MEMBER(FeedSettings, url), .kind = &json_text},
    {JSON_MEMBER(FeedSettings, path), .kind = &json_text},
    {JSON_MEMBER(FeedSettings, suite), .kind = &json_text},
    {JSON_MEMBER(FeedSettings, keyring), .kind = &json_text},
    {JSON_MEMBER(FeedSettings, sources), .kind = &json_text},
    {JSON_MEMBER(FeedSettings, ecosystem), .kind = &json_text},
};
static const JsonTable settings_table = JSON_TABLE(FeedSettings, settings_members);

static const JsonMember copy_members[] = {
    {JSON_MEMBER(StoredFeed, source), .kind = &json_text},
    {JSON_MEMBER(StoredFeed, problem), .kind = &json_text},
    {JSON_MEMBER(StoredFeed, fingerprint), .kind = &json_text},
    {JSON_MEMBER(StoredFeed, updated), .kind = &json_number},
    {JSON_MEMBER(StoredFeed, imported), .kind = &json_flag},
    {JSON_MEMBER(StoredFeed, unbuilt), .kind = &json_flag},
};
static const JsonTable copy_table = JSON_TABLE(StoredFeed, copy_members);

static void
clear_config(FeedSettings *config)
{
  g_free(config->name);
  json_table_clear(&settings_table, config);
}

void
stored_feed_free(StoredFeed *feed)
{
  if (feed == NULL)
    return;
  clear_config(&feed->config);
  g_free(feed->folder);
  json_table_clear(&copy_table, feed);
  g_free(feed);
}

static void
free_stored_feed(gpointer feed)
{
  stored_feed_free(feed);
}

/* Letters, digits and "-_." , not beginning with a dot. */
static bool
is_feed_name(const char *name)
{
  static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
  return name != NULL && name[0] != '\0' && name[0] != '.' && strlen(name) <= 128 &&
         name[strspn(name, allowed)] == '\0';
}

/* What the copy depends on. */
static bool
has_same_settings(const FeedSettings *a, const FeedSettings *b)
{
  return g_strcmp0(a->type, b->type) == 0 && g_strcmp0(a->url, b->url) == 0 &&
         g_strcmp0(a->path, b->path) == 0 && g_strcmp0(a->suite, b->suite) == 0 &&
         g_strcmp0(a->sources, b->sources) == 0 && g_strcmp0(a->ecosystem, b->ecosystem) == 0;
}

void
stored_feed_set_config(StoredFeed *feed, const FeedSettings *config)
{
  FeedSettings copy = {.name = g_strdup(config->name),
                       .type = g_strdup(config->type),
                       .url = g_strdup(config->url),
                       .path = g_strdup(config->path),
                       .suite = g_strdup(config->suite),
                       .keyring = g_strdup(config->keyring),
                       .sources = g_strdup(config->sources),
                       .ecosystem = g_strdup(config->ecosystem)};
  feed->settings_changed |= feed->updated != 0 && !has_same_settings(&feed->config, config);
  clear_config(&feed->config);
  feed->config = copy;
}

static json_t *
read_manifest(const char *folder)
{
  g_autofree char *path = g_build_filename(folder, FEED_MANIFEST_NAME, NULL);
  return json_read_file(AT_FDCWD, path, MANIFEST_MAX, NULL);
}

/* What the manifest in @folder tells; NULL when there is none, or of no type that we know. */
static StoredFeed *
load_feed(const char *folder, const char *name)
{
  g_autoptr(json_t) manifest = read_manifest(folder);
  g_autoptr(StoredFeed) feed = g_new0(StoredFeed, 1);
  if (manifest == NULL || !json_table_read(&settings_table, manifest, &feed->config, NULL) ||
      !json_table_read(&copy_table, manifest, feed, NULL) ||
      feed_type_find(feed->config.type) == NULL)
    return NULL;
  feed->config.name = g_strdup(name);
  feed->folder = g_strdup(folder);
  return g_steal_pointer(&feed);
}

StoredFeed *
stored_feed_new(const char *data_folder, const FeedSettings *config, GError **error)
{
  if (!is_feed_name(config->name)) {
    error_set(error, ASSAY_ERROR_INVALID,
              "\"%s\" cannot be a feed's name (letters, digits, - _ . only)",
              config->name != NULL ? config->name : "");
    return NULL;
  }
  g_autofree char *folder = g_build_filename(data_folder, FEED_STORE_FOLDER, config->name, NULL);
  StoredFeed *feed = load_feed(folder, config->name);
  if (feed != NULL && strcmp(feed->config.type, config->type) != 0)
    g_clear_pointer(&feed, stored_feed_free);
  if (feed == NULL) {
    feed = g_new0(StoredFeed, 1);
    feed->folder = g_steal_pointer(&folder);
  }
  stored_feed_set_config(feed, config);
  feed->imported = false;
  return feed;
}

StoredFeed *
stored_feed_look_up(const char *data_folder, const char *name)
{
  g_autofree char *folder = g_build_filename(data_folder, FEED_STORE_FOLDER, name, NULL);
  return load_feed(folder, name);
}

/* A feed that only its manifest names; NULL when it was not imported. */
static StoredFeed *
load_imported(const char *data_folder, const char *name)
{
  g_autoptr(StoredFeed) feed = stored_feed_look_up(data_folder, name);
  return feed != NULL && feed->imported ? g_steal_pointer(&feed) : NULL;
}

static bool
has_feed(const GPtrArray *feeds, const char *name)
{
  for (guint i = 0; i < feeds->len; i++)
    if (strcmp(((const StoredFeed *)feeds->pdata[i])->config.name, name) == 0)
      return true;
  return false;
}

GPtrArray *
stored_feeds_load(const AdvisorySettings *settings, const char *data_folder, GError **error)
{
  g_autoptr(GPtrArray) feeds = g_ptr_array_new_with_free_func(free_stored_feed);
  g_autofree char *folder = g_build_filename(data_folder, FEED_STORE_FOLDER, NULL);
  for (unsigned i = 0; i < settings->feeds_count; i++) {
    if (settings->feeds[i].disabled)
      continue;
    StoredFeed *feed = stored_feed_new(data_folder, &settings->feeds[i], error);
    if (feed == NULL)
      return NULL;
    g_ptr_array_add(feeds, feed);
  }
  g_autoptr(GDir) entries = g_dir_open(folder, 0, NULL);
  for (const char *name = entries != NULL ? g_dir_read_name(entries) : NULL; name != NULL;
       name = g_dir_read_name(entries)) {
    StoredFeed *feed =
        is_feed_name(name) && !has_feed(feeds, name) ? load_imported(data_folder, name) : NULL;
    if (feed != NULL)
      g_ptr_array_add(feeds, feed);
  }
  return g_steal_pointer(&feeds);
}

static bool
save_manifest(const StoredFeed *feed, const char *folder, GError **error)
{
  g_autofree char *path = g_build_filename(folder, FEED_MANIFEST_NAME, NULL);
  g_autoptr(json_t) manifest = json_table_write(&settings_table, &feed->config);
  json_table_add(&copy_table, feed, manifest);
  g_autofree char *text = json_to_pretty_text(manifest);
  return file_replace(AT_FDCWD, path, slice_from_string(text), 0600, error);
}

bool
stored_feed_save(StoredFeed *feed, GError **error)
{
  return save_manifest(feed, feed->folder, error);
}

/* A file of its own: the manifest tells of a copy, and a feed that failed may have none. */
void
stored_feed_note_error(const StoredFeed *feed, const char *message)
{
  g_autofree char *path = g_build_filename(feed->folder, FEED_ERROR_NAME, NULL);
  if (message == NULL)
    unlink(path);
  else
    file_replace(AT_FDCWD, path, slice_from_string(message), 0600, NULL);
}

char *
stored_feed_last_error(const StoredFeed *feed)
{
  g_autofree char *path = g_build_filename(feed->folder, FEED_ERROR_NAME, NULL);
  g_autoptr(GBytes) text = file_read(AT_FDCWD, path, MANIFEST_MAX, NULL);
  return text == NULL ? NULL : slice_to_printable(slice_from_bytes(text), MANIFEST_MAX);
}

static void
fingerprint_path(GChecksum *checksum, const char *path, unsigned depth)
{
  struct stat status;
  if (lstat(path, &status) < 0)
    return;
  g_autofree char *line = g_strdup_printf("%s %lld %lld.%09ld\n", path, (long long)status.st_size,
                                          (long long)status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
  g_checksum_update(checksum, (const guchar *)line, -1);
  if (!S_ISDIR(status.st_mode) || depth == 0)
    return;
  g_autoptr(GDir) entries = g_dir_open(path, 0, NULL);
  for (const char *name = entries != NULL ? g_dir_read_name(entries) : NULL; name != NULL;
       name = g_dir_read_name(entries)) {
    g_autofree char *child = g_build_filename(path, name, NULL);
    fingerprint_path(checksum, child, depth - 1);
  }
}

bool
stored_feed_is_overlay(const StoredFeed *feed)
{
  return strcmp(feed->config.type, "kev") == 0 || strcmp(feed->config.type, "epss") == 0;
}

bool
stored_feed_look_at_path(StoredFeed *feed, bool *changed, GError **error)
{
  if (access(feed->config.path, R_OK) < 0)
    return error_set_errno(error, errno, "%s", feed->config.path);
  g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
  g_autofree char *real = realpath(feed->config.path, NULL);
  fingerprint_path(checksum, real != NULL ? real : feed->config.path, FEED_DEPTH_MAX);
  const char *fingerprint = g_checksum_get_string(checksum);
  *changed = g_strcmp0(fingerprint, feed->fingerprint) != 0;
  g_free(feed->fingerprint);
  feed->fingerprint = g_strdup(fingerprint);
  return true;
}

StoredFeed *
stored_feeds_find(const GPtrArray *feeds, const char *name)
{
  for (guint i = 0; i < feeds->len; i++) {
    StoredFeed *feed = feeds->pdata[i];
    if (strcmp(feed->config.name, name) == 0)
      return feed;
  }
  return NULL;
}

bool
stored_feeds_have(const GPtrArray *feeds, const char *const *names, GError **error)
{
  for (guint i = 0; names != NULL && names[i] != NULL; i++) {
    if (stored_feeds_find(feeds, names[i]) != NULL)
      continue;
    g_autoptr(GString) known = g_string_new(NULL);
    for (guint j = 0; j < feeds->len; j++)
      g_string_append_printf(known, "%s%s", j == 0 ? "" : ", ",
                             ((const StoredFeed *)feeds->pdata[j])->config.name);
    return error_set(error, ASSAY_ERROR_NOT_FOUND, "there is no feed \"%s\", but: %s", names[i],
                     feeds->len > 0 ? known->str : "none");
  }
  return true;
}

static bool
copy_bytes(int from, int to, GError **error)
{
  g_autofree uint8_t *chunk = g_malloc(COPY_CHUNK);
  for (;;) {
    ssize_t got = read(from, chunk, COPY_CHUNK);
    if (got == 0) /* EINVAL: a pipe or a device, which has no disk */
      return fsync(to) == 0 || errno == EINVAL || error_set_errno(error, errno, "write");
    if (got < 0 && errno != EINTR)
      return error_set_errno(error, errno, "read");
    if (got > 0 && !fd_write_all(to, slice_new(chunk, (size_t)got), error))
      return false;
  }
}

bool
file_copy_whole(const char *from, const char *to, GError **error)
{
  g_autofree char *temporary = g_strdup_printf("%s.%08x.new", to, g_random_int());
  g_autofree char *folder = g_path_get_dirname(to);
  auto_fd int source = open(from, O_RDONLY | O_CLOEXEC | O_NOCTTY);
  if (source < 0)
    return error_set_errno(error, errno, "%s", from);
  auto_fd int target = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (target < 0)
    return error_set_errno(error, errno, "%s", temporary);
  bool copied = copy_bytes(source, target, error);
  if (copied && rename(temporary, to) < 0)
    copied = error_set_errno(error, errno, "store");
  if (!copied) {
    g_prefix_error(error, "%s: ", to);
    unlink(temporary);
    return false;
  }
  return directory_sync(AT_FDCWD, folder, error);
}

bool
file_copy_out(const char *from, const char *to, GError **error)
{
  auto_fd int in_place = -1;
  if (!output_open_in_place(to, &in_place, error))
    return false;
  if (in_place < 0)
    return file_copy_whole(from, to, error);
  auto_fd int source = open(from, O_RDONLY | O_CLOEXEC | O_NOCTTY);
  return source < 0 ? error_set_errno(error, errno, "%s", from)
                    : copy_bytes(source, in_place, error);
}

static bool
copy_folder(const char *from, const char *to, unsigned depth, GError **error)
{
  auto_fd int made = directory_open(to, error);
  if (made < 0)
    return false;
  g_autoptr(GDir) entries = g_dir_open(from, 0, NULL);
  if (entries == NULL)
    return error_set(error, ASSAY_ERROR_IO, "%s: cannot be listed", from);
  for (const char *name = g_dir_read_name(entries); name != NULL; name = g_dir_read_name(entries)) {
    g_autofree char *source = g_build_filename(from, name, NULL);
    g_autofree char *target = g_build_filename(to, name, NULL);
    bool is_folder = g_file_test(source, G_FILE_TEST_IS_DIR);
    if (g_file_test(source, G_FILE_TEST_IS_SYMLINK) || (is_folder && depth == 0))
      continue;
    if (is_folder ? !copy_folder(source, target, depth - 1, error)
                  : g_file_test(source, G_FILE_TEST_IS_REGULAR) &&
                        !file_copy_whole(source, target, error))
      return false;
  }
  return true;
}

static bool
copy_to_new_folder(const char *path, const char *folder, GError **error)
{
  g_autofree char *data = g_build_filename(folder, FEED_DATA_NAME, NULL);
  if (g_file_test(path, G_FILE_TEST_IS_DIR))
    return copy_folder(path, folder, FEED_DEPTH_MAX, error);
  auto_fd int made = directory_open(folder, error);
  return made >= 0 && file_copy_whole(path, data, error);
}

/* Puts @fresh at @folder, in one step where the file system can exchange two names. */
static bool
replace_folder(const char *fresh, const char *folder, GError **error)
{
  g_autofree char *above = g_path_get_dirname(folder);
  if (renameat2(AT_FDCWD, fresh, AT_FDCWD, folder, RENAME_EXCHANGE) < 0 &&
      (!directory_remove(AT_FDCWD, folder, error) ||
       (rename(fresh, folder) < 0 && !error_set_errno(error, errno, "%s", folder))))
    return false;
  return directory_sync(AT_FDCWD, above, error);
}

bool
stored_feed_copy_from(StoredFeed *feed, const char *path, GError **error)
{
  g_autofree char *above = g_path_get_dirname(feed->folder);
  g_autofree char *name = g_strdup_printf(".%s.new", feed->config.name);
  g_autofree char *fresh = g_build_filename(above, name, NULL);
  if (access(path, R_OK) < 0)
    return error_set_errno(error, errno, "%s", path);
  g_free(feed->source);
  feed->source = g_canonicalize_filename(path, NULL);
  feed->updated = g_get_real_time();
  feed->settings_changed = false;
  feed->unbuilt = true;
  bool copied = copy_to_new_folder(path, fresh, error) && save_manifest(feed, fresh, error) &&
                replace_folder(fresh, feed->folder, error);
  /* What was there, or what could not be made. */
  return directory_remove(AT_FDCWD, fresh, copied ? error : NULL) && copied;
}
