/* What feeds share: the list of them, and those that are one file. */
#include "advisory/feeds/feed.h"

#include <fcntl.h>
#include <string.h>

#include "advisory/feeds/feeds.h"
#include "advisory/feeds/unpack.h"
#include "base/error.h"
#include "base/fd.h"

const FeedType *const feed_types[] = {
    &debian_tracker_feed, &debian_repo_feed, &alpine_secdb_feed,
    &arch_tracker_feed,   &osv_feed,         &updateinfo_feed,
    &csaf_feed,           &oval_feed,        &kev_feed,
    &epss_feed,           &retirejs_feed,    NULL,
};

const FeedType *
feed_type_find(const char *type)
{
  for (size_t i = 0; feed_types[i] != NULL; i++)
    if (g_strcmp0(feed_types[i]->type, type) == 0)
      return feed_types[i];
  return NULL;
}

char *
feed_types_in_words(void)
{
  GString *text = g_string_new(feed_types[0]->type);
  for (size_t i = 1; feed_types[i] != NULL; i++)
    g_string_append_printf(text, "%s%s", feed_types[i + 1] == NULL ? " or " : ", ",
                           feed_types[i]->type);
  return g_string_free(text, FALSE);
}

bool
feed_sink_add_range(const FeedSink *sink, const AdvisoryRange *range, GError **error)
{
  return sink->range == NULL || sink->range(range, sink->data, error);
}

bool
feed_sink_add_details(const FeedSink *sink, const AdvisoryDetails *details, GError **error)
{
  return sink->details == NULL || sink->details(details, sink->data, error);
}

void
feed_sink_add_ecosystem(const FeedSink *sink, const char *ecosystem)
{
  if (sink->ecosystem != NULL)
    sink->ecosystem(ecosystem, sink->data);
}

void
feed_sink_set_source_date(const FeedSink *sink, const char *date)
{
  if (sink->source_date != NULL && date != NULL)
    sink->source_date(date, sink->data);
}

bool
feed_skip(const FeedSink *sink, uint64_t *skipped, const char *format, ...)
{
  (*skipped)++;
  if (sink->skips == NULL)
    return true;
  va_list arguments;
  va_start(arguments, format);
  g_autofree char *reason = g_strdup_vprintf(format, arguments);
  va_end(arguments);
  feed_skips_add(sink->skips, reason);
  return true;
}

bool
feed_fetch_one_file(FeedContext *context, bool *changed, GError **error)
{
  g_autofree char *path = g_build_filename(context->folder, FEED_DATA_NAME, NULL);
  DownloadResult result;
  if (!http_client_download(context->client, context->config->url, path, FEED_FILE_MAX,
                            FEED_RETRIES, context->progress, context->cancellable, &result, error))
    return false;
  *changed = result == DOWNLOAD_NEW;
  return true;
}

GBytes *
feed_fetch_listing(FeedContext *context, const char *url, size_t limit, GError **error)
{
  g_autofree char *path = g_build_filename(context->folder, FEED_LISTING_NAME, NULL);
  DownloadResult result;
  return http_client_download(context->client, url, path, limit, FEED_RETRIES, context->progress,
                              context->cancellable, &result, error)
             ? file_read(AT_FDCWD, path, limit, error)
             : NULL;
}

GBytes *
feed_read_one_file(const char *path, GError **error)
{
  g_autofree char *inside = g_build_filename(path, FEED_DATA_NAME, NULL);
  const char *file = g_file_test(path, G_FILE_TEST_IS_DIR) ? inside : path;
  g_autoptr(GBytes) packed = file_read(AT_FDCWD, file, FEED_FILE_MAX, error);
  GBytes *bytes = packed != NULL ? unpack_compressed(packed, FEED_FILE_MAX, error) : NULL;
  if (packed != NULL && bytes == NULL)
    g_prefix_error(error, "%s: ", file);
  return bytes;
}

bool
feed_parse_file(FeedContext *context, const char *path, FeedParser parse, GError **error)
{
  g_autoptr(GBytes) bytes = feed_read_one_file(path, error);
  if (bytes == NULL)
    return false;
  if (parse(slice_from_bytes(bytes), context->config->ecosystem, context->sink, &context->skipped,
            error))
    return true;
  g_prefix_error(error, "%s: ", path);
  return false;
}

/* The files below @folder whose names end in @suffix. Links are not followed. */
static void
list_files(const char *folder, const char *suffix, unsigned depth, GPtrArray *paths)
{
  g_autoptr(GDir) entries = g_dir_open(folder, 0, NULL);
  for (const char *name = entries != NULL ? g_dir_read_name(entries) : NULL;
       name != NULL && paths->len < FEED_FILES_MAX; name = g_dir_read_name(entries)) {
    g_autofree char *path = g_build_filename(folder, name, NULL);
    if (g_file_test(path, G_FILE_TEST_IS_SYMLINK))
      continue;
    if (g_file_test(path, G_FILE_TEST_IS_DIR)) {
      if (depth > 0)
        list_files(path, suffix, depth - 1, paths);
    } else if (g_str_has_suffix(name, suffix) && strcmp(name, FEED_MANIFEST_NAME) != 0) {
      g_ptr_array_add(paths, g_steal_pointer(&path));
    }
  }
}

bool
feed_read_each_file(const char *path, const char *suffix, FeedFileReader read, FeedContext *context,
                    GError **error)
{
  g_autofree char *one = g_build_filename(path, FEED_DATA_NAME, NULL);
  if (!g_file_test(path, G_FILE_TEST_IS_DIR))
    return read(context, path, error);
  if (g_file_test(one, G_FILE_TEST_IS_REGULAR))
    return read(context, one, error);
  g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
  list_files(path, suffix, FEED_DEPTH_MAX, paths);
  if (paths->len == 0)
    return error_set(error, ASSAY_ERROR_NOT_FOUND, "%s: has no file that ends in %s", path, suffix);
  g_ptr_array_sort(paths, text_compare);
  for (guint i = 0; i < paths->len; i++)
    if (!read(context, paths->pdata[i], error))
      return false;
  return true;
}
