/* Readings that are kept; see the header.
 *
 *   head    magic and key: the SHA-256 of all that the reading depends on
 *   frames  size, packed size and CRC-32C of what follows; so many bytes of zstd, of a feed's log
 *   end     a frame of size 0 */
#include "advisory/kept_reading-private.h"

#include <fcntl.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include <zstd.h>

#include "advisory/checksum.h"
#include "advisory/feed_log-private.h"
#include "advisory/reading_key-private.h"
#include "base/error.h"
#include "base/fd.h"

#define MAGIC      "assay parsed feed 1\n"
#define FRAME_HEAD ((size_t)12)
#define FRAME_BYTES                                                                                \
  ((guint)1024 * 1024) /* unpacked; a call that is larger has a frame of its own */
#define FRAME_MAX    ((size_t)256 * 1024 * 1024)
#define PACK_LEVEL   1
#define NAME_SUFFIX  ".parsed"
#define OTHERS_WRITE ".new" /* a killed update's, which the next removes */

static char *
kept_path(const StoredFeed *feed)
{
  g_autofree char *above = g_path_get_dirname(feed->folder);
  return g_strdup_printf("%s/.%s" NAME_SUFFIX, above, feed->config.name);
}

static bool
has_room(int fd)
{
  struct statvfs status;
  return fstatvfs(fd, &status) == 0 &&
         (uint64_t)status.f_bavail * status.f_frsize >= KEPT_READING_SPARE;
}

/* --- writing --- */

/* Stands before the sink of a reading and writes down what passes. */
typedef struct {
  const FeedSink *sink;
  char *path, *temporary;
  int fd; /* -1: nothing is kept */
  uint64_t written;
  GByteArray *log;
  ZSTD_CCtx *packer;
} Keeper;

static void
keeper_give_up(Keeper *keeper)
{
  if (keeper->fd >= 0)
    unlink(keeper->temporary);
  fd_clear(&keeper->fd);
}

static void
keeper_clear(Keeper *keeper)
{
  keeper_give_up(keeper);
  g_byte_array_unref(keeper->log);
  ZSTD_freeCCtx(keeper->packer);
  g_free(keeper->path);
  g_free(keeper->temporary);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Keeper, keeper_clear)

static void
keeper_write(Keeper *keeper, Slice bytes)
{
  keeper->written += bytes.size;
  if (keeper->fd >= 0 && (keeper->written > KEPT_READING_MAX || !has_room(keeper->fd) ||
                          !fd_write_all(keeper->fd, bytes, NULL)))
    keeper_give_up(keeper);
}

static void
keeper_write_frame(Keeper *keeper)
{
  size_t size = keeper->log->len, room = ZSTD_compressBound(size);
  if (keeper->fd < 0 || size > FRAME_MAX) {
    keeper_give_up(keeper);
    return;
  }
  g_autoptr(GByteArray) frame = g_byte_array_sized_new((guint)(FRAME_HEAD + room));
  g_autofree uint8_t *packed = g_malloc(room);
  size_t used =
      ZSTD_compressCCtx(keeper->packer, packed, room, keeper->log->data, size, PACK_LEVEL);
  if (ZSTD_isError(used)) {
    keeper_give_up(keeper);
    return;
  }
  byte_array_add_uint32(frame, (uint32_t)size);
  byte_array_add_uint32(frame, (uint32_t)used);
  byte_array_add_uint32(frame, checksum_crc32c(slice_new(packed, used)));
  g_byte_array_append(frame, packed, (guint)used);
  keeper_write(keeper, slice_new(frame->data, frame->len));
  g_byte_array_set_size(keeper->log, 0);
}

static void
keeper_after_call(Keeper *keeper)
{
  if (keeper->log->len >= FRAME_BYTES)
    keeper_write_frame(keeper);
}

static bool
keep_range(const AdvisoryRange *range, void *data, GError **error)
{
  Keeper *keeper = data;
  if (keeper->fd >= 0)
    feed_log_add_range(keeper->log, range);
  keeper_after_call(keeper);
  return feed_sink_add_range(keeper->sink, range, error);
}

static bool
keep_details(const AdvisoryDetails *details, void *data, GError **error)
{
  Keeper *keeper = data;
  if (keeper->fd >= 0)
    feed_log_add_details(keeper->log, details);
  keeper_after_call(keeper);
  return feed_sink_add_details(keeper->sink, details, error);
}

static void
keep_ecosystem(const char *ecosystem, void *data)
{
  Keeper *keeper = data;
  feed_log_add_ecosystem(keeper->log, ecosystem);
  feed_sink_add_ecosystem(keeper->sink, ecosystem);
}

static void
keep_source_date(const char *date, void *data)
{
  Keeper *keeper = data;
  feed_log_add_source_date(keeper->log, date);
  feed_sink_set_source_date(keeper->sink, date);
}

static void
keeper_begin(Keeper *keeper, const StoredFeed *feed, const FeedSink *sink, const char *key)
{
  *keeper = (Keeper){.sink = sink, .path = kept_path(feed), .fd = -1};
  keeper->temporary = g_strconcat(keeper->path, OTHERS_WRITE, NULL);
  keeper->log = g_byte_array_new();
  keeper->packer = ZSTD_createCCtx();
  unlink(keeper->path); /* it is of other bytes, and needs room */
  if (key != NULL)
    keeper->fd =
        open(keeper->temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  keeper_write(keeper, slice_from_string(MAGIC));
  keeper_write(keeper, slice_from_string(key));
}

/* Without fsync: what a loss of power leaves of it is found by its checksums. */
static void
keeper_end(Keeper *keeper)
{
  if (keeper->log->len > 0)
    keeper_write_frame(keeper);
  const uint8_t end[FRAME_HEAD] = {0};
  keeper_write(keeper, slice_new(end, sizeof end));
  if (keeper->fd >= 0 && rename(keeper->temporary, keeper->path) < 0)
    keeper_give_up(keeper);
  fd_clear(&keeper->fd);
}

/* --- reading --- */

static bool
set_changed(GError **error)
{
  return error_set(error, ASSAY_ERROR_CHANGED,
                   "what was kept of the feed changed while it was read (update again)");
}

typedef struct {
  uint32_t size, packed_size, crc;
} FrameHead;

/* The next frame's packed bytes, checked. */
static bool
read_frame(int fd, FrameHead *head, GByteArray *packed)
{
  uint8_t bytes[FRAME_HEAD];
  if (!fd_read_exactly(fd, bytes, sizeof bytes))
    return false;
  Slice rest = slice_new(bytes, sizeof bytes);
  if (!slice_take_uint32(&rest, &head->size) || !slice_take_uint32(&rest, &head->packed_size) ||
      !slice_take_uint32(&rest, &head->crc) || head->size > FRAME_MAX ||
      head->packed_size > ZSTD_compressBound(head->size))
    return false;
  if (head->size == 0)
    return head->packed_size == 0 && head->crc == 0;
  g_byte_array_set_size(packed, head->packed_size);
  return fd_read_exactly(fd, packed->data, packed->len) &&
         checksum_crc32c(slice_new(packed->data, packed->len)) == head->crc;
}

static bool
read_head(int fd, const char *key)
{
  g_autofree char *wanted = g_strconcat(MAGIC, key, NULL);
  size_t size = strlen(wanted);
  g_autofree char *head = g_malloc(size);
  return lseek(fd, 0, SEEK_SET) == 0 && fd_read_exactly(fd, head, size) &&
         memcmp(head, wanted, size) == 0;
}

/* Whether it is of @key and whole: looked at before any of it is given to a sink, which cannot take
 * it back. */
static bool
is_whole(int fd, const char *key, GByteArray *packed)
{
  FrameHead head = {0};
  uint8_t more;
  if (!read_head(fd, key))
    return false;
  do
    if (!read_frame(fd, &head, packed))
      return false;
  while (head.size != 0);
  return read(fd, &more, 1) == 0;
}

static bool
replay_frames(int fd, const char *key, GByteArray *packed, FeedContext *context, GError **error)
{
  g_autoptr(GByteArray) log = g_byte_array_new();
  if (!read_head(fd, key))
    return set_changed(error);
  for (;;) {
    FrameHead head;
    if (!read_frame(fd, &head, packed))
      return set_changed(error);
    if (head.size == 0)
      return true;
    g_byte_array_set_size(log, head.size);
    if (ZSTD_decompress(log->data, log->len, packed->data, packed->len) != head.size)
      return set_changed(error);
    if (!feed_log_replay(slice_new(log->data, log->len), context->sink, context->notes, error))
      return false;
  }
}

/* --- both --- */

static bool
read_and_keep(const StoredFeed *feed, FeedContext *context, const char *path, const char *key,
              GError **error)
{
  g_auto(Keeper) keeper = {.fd = -1};
  const FeedSink *sink = context->sink;
  keeper_begin(&keeper, feed, sink, key);
  const FeedSink keeping = {keep_range,       keep_details, keep_ecosystem,
                            keep_source_date, &keeper,      sink->skips};
  guint told = context->notes->len;
  context->sink = &keeping;
  bool read = feed_type_find(feed->config.type)->read(context, path, error);
  context->sink = sink;
  if (!read)
    return false;
  g_autofree char *why = feed_skips_in_words(sink->skips);
  if (why != NULL)
    g_ptr_array_add(context->notes, g_strdup_printf("%s: %s", feed->config.name, why));
  for (guint i = told; i < context->notes->len; i++)
    feed_log_add_note(keeper.log, context->notes->pdata[i]);
  /* What was written to meanwhile was perhaps read in two halves. */
  g_autofree char *key_now = keeper.fd >= 0 ? reading_key_new(feed, path) : NULL;
  if (g_strcmp0(key_now, key) == 0)
    keeper_end(&keeper);
  return true;
}

bool
kept_reading_read(const StoredFeed *feed, FeedContext *context, const char *path, GError **error)
{
  g_autofree char *kept = kept_path(feed), *key = reading_key_new(feed, path);
  g_autoptr(GByteArray) packed = g_byte_array_new();
  auto_fd int fd = key != NULL ? open(kept, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK) : -1;
  if (fd < 0 || !is_whole(fd, key, packed))
    return read_and_keep(feed, context, path, key, error);
  if (replay_frames(fd, key, packed, context, error))
    return true;
  unlink(kept); /* it was whole a moment ago */
  return false;
}

void
kept_readings_tidy(const char *data_folder, const GPtrArray *feeds)
{
  g_autofree char *folder = g_build_filename(data_folder, FEED_STORE_FOLDER, NULL);
  g_autoptr(GDir) entries = g_dir_open(folder, 0, NULL);
  auto_fd int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  bool room = fd >= 0 && has_room(fd);
  for (const char *name = entries != NULL ? g_dir_read_name(entries) : NULL; name != NULL;
       name = g_dir_read_name(entries)) {
    if (name[0] == '.' && g_str_has_suffix(name, NAME_SUFFIX OTHERS_WRITE))
      unlinkat(fd, name, 0);
    if (name[0] != '.' || !g_str_has_suffix(name, NAME_SUFFIX))
      continue;
    g_autofree char *feed = g_strndup(name + 1, strlen(name) - 1 - strlen(NAME_SUFFIX));
    if (!room || stored_feeds_find(feeds, feed) == NULL)
      unlinkat(fd, name, 0);
  }
}
