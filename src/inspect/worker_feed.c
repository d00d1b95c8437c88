/* The job "feed": what a feed of advisories publishes, unpacked by libarchive, every stream
 * bounded, to descriptor 3 in the frames of advisory/feeds/unpack.h. */
#include <archive.h>
#include <archive_entry.h>
#include <fnmatch.h>
#include <string.h>

#include "advisory/feeds/unpack.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/json.h"
#include "cage/worker_process.h"
#include "inspect/worker-private.h"

#define READ_CHUNK  UNPACK_FRAME_MAX
#define MEMBERS_MAX 200000u
#define PASSED_MAX  ((uint64_t)2 << 30) /* of the members before the one we look for */

typedef struct archive Archive;
static void
free_archive(Archive *archive)
{
  archive_read_free(archive);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Archive, free_archive)

static bool
set_archive_error(GError **error, Archive *archive)
{
  const char *text = archive_error_string(archive);
  return error_set(error, ASSAY_ERROR_INVALID, "cannot be unpacked: %s",
                   text != NULL ? text : "broken");
}

/* --- the input: libarchive's own readers ask what kind of file it is, which the cage forbids ---
 */

typedef struct {
  WorkerInput input;
  uint8_t buffer[READ_CHUNK];
} Packed;

static la_ssize_t
read_packed(Archive *archive, void *data, const void **bytes)
{
  Packed *packed = data;
  *bytes = packed->buffer;
  gssize got = worker_input_read(&packed->input, packed->buffer, sizeof packed->buffer, NULL);
  if (got < 0)
    archive_set_error(archive, EIO, "the file cannot be read");
  return got;
}

static la_int64_t
skip_packed(Archive *archive, void *data, la_int64_t request)
{
  WorkerInput *input = &((Packed *)data)->input;
  uint64_t step = MIN((uint64_t)MAX(request, 0), input->end - input->at);
  input->at += step;
  return (la_int64_t)step;
}

static la_int64_t
seek_packed(Archive *archive, void *data, la_int64_t offset, int whence)
{
  WorkerInput *input = &((Packed *)data)->input;
  la_int64_t end = (la_int64_t)input->end;
  la_int64_t start = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? (la_int64_t)input->at : end;
  la_int64_t at;
  if (__builtin_add_overflow(start, offset, &at) || at < 0 || at > end)
    return ARCHIVE_FATAL;
  input->at = (uint64_t)at;
  return at;
}

static int
open_packed(Archive *archive, Packed *packed)
{
  archive_read_set_callback_data(archive, packed);
  archive_read_set_read_callback(archive, read_packed);
  archive_read_set_skip_callback(archive, skip_packed);
  archive_read_set_seek_callback(archive, seek_packed);
  return archive_read_open1(archive);
}

/* --- the output --- */

static bool
write_frame(char kind, Slice bytes, GError **error)
{
  uint8_t header[UNPACK_FRAME_HEADER] = {(uint8_t)kind};
  uint32_t size = GUINT32_TO_LE((uint32_t)bytes.size);
  memcpy(header + 1, &size, sizeof size);
  return fd_write_all(WORKER_EXTRA_FD, slice_new(header, sizeof header), error) &&
         fd_write_all(WORKER_EXTRA_FD, bytes, error);
}

static bool
write_pieces(Archive *archive, uint64_t limit, GError **error)
{
  g_autofree uint8_t *chunk = g_malloc(READ_CHUNK);
  for (uint64_t left = limit;;) {
    la_ssize_t got = archive_read_data(archive, chunk, READ_CHUNK);
    if (got < 0)
      return set_archive_error(error, archive);
    if (got == 0)
      return true;
    if ((uint64_t)got > left)
      return error_set(error, ASSAY_ERROR_LIMIT, "unpacks to more than %" G_GUINT64_FORMAT " bytes",
                       limit);
    left -= (uint64_t)got;
    if (!write_frame(UNPACK_PIECE, slice_new(chunk, (size_t)got), error))
      return false;
  }
}

/* @archive is at the member; NULL: there is nothing in it. */
static bool
write_member(Archive *archive, const char *name, uint64_t limit, GError **error)
{
  Slice text = slice_from_string(name);
  if (text.size > UNPACK_FRAME_MAX)
    return error_set(error, ASSAY_ERROR_LIMIT, "a member's name is too long");
  return write_frame(UNPACK_NAME, text, error) &&
         (archive == NULL || write_pieces(archive, limit, error)) &&
         write_frame(UNPACK_END, slice_new(NULL, 0), error);
}

/* --- the kinds --- */

typedef struct {
  char **patterns;
  uint64_t limit, members;
} Wanted;

static bool
is_wanted(const Wanted *wanted, const char *name, int flags)
{
  for (size_t i = 0; wanted->patterns[i] != NULL; i++)
    if (fnmatch(wanted->patterns[i], name, flags) == 0)
      return true;
  return false;
}

static void
support_filters(Archive *archive)
{
  archive_read_support_filter_gzip(archive);
  archive_read_support_filter_xz(archive);
  archive_read_support_filter_bzip2(archive);
  archive_read_support_filter_zstd(archive);
}

static void
support_compressed(Archive *archive)
{
  support_filters(archive);
  archive_read_support_format_raw(archive);
  archive_read_support_format_empty(archive);
}

static void
support_tar(Archive *archive)
{
  support_filters(archive);
  archive_read_support_format_tar(archive);
}

static void
support_deb(Archive *archive)
{
  archive_read_support_format_ar(archive);
}

static void
support_zip(Archive *archive)
{
  archive_read_support_format_zip_seekable(archive);
}

/* Goes on to the next member; ARCHIVE_OK, ARCHIVE_EOF, or what is wrong. */
static int
next_member(Archive *archive, struct archive_entry **entry)
{
  int code = archive_read_next_header(archive, entry);
  return code == ARCHIVE_WARN ? ARCHIVE_OK : code;
}

static bool
write_compressed(Archive *archive, const Wanted *wanted, GError **error)
{
  struct archive_entry *entry;
  int code = archive_read_next_header(archive, &entry);
  if (code == ARCHIVE_EOF) /* nothing was packed */
    return write_member(NULL, "", 0, error);
  return code == ARCHIVE_OK ? write_member(archive, "", wanted->limit, error)
                            : set_archive_error(error, archive);
}

/* The first member that is wanted. */
static bool
write_first(Archive *archive, const Wanted *wanted, GError **error)
{
  struct archive_entry *entry;
  uint64_t passed = 0;
  int code = ARCHIVE_OK;
  for (unsigned members = 0; members < MEMBERS_MAX; members++) {
    code = next_member(archive, &entry);
    if (code != ARCHIVE_OK)
      break;
    const char *name = archive_entry_pathname(entry);
    if (name != NULL && g_str_has_prefix(name, "./"))
      name += 2;
    if (name != NULL && archive_entry_filetype(entry) == AE_IFREG &&
        is_wanted(wanted, name, FNM_PATHNAME))
      return write_member(archive, name, wanted->limit, error);
    if (__builtin_add_overflow(passed, (uint64_t)MAX(archive_entry_size(entry), 0), &passed) ||
        passed > PASSED_MAX)
      return error_set(error, ASSAY_ERROR_LIMIT, "unpacks to more than %" G_GUINT64_FORMAT " bytes",
                       PASSED_MAX);
  }
  return code == ARCHIVE_OK || code == ARCHIVE_EOF || set_archive_error(error, archive);
}

static bool
write_all(Archive *archive, const Wanted *wanted, GError **error)
{
  struct archive_entry *entry;
  int code = ARCHIVE_OK;
  for (uint64_t members = 0; code == ARCHIVE_OK; members++) {
    code = next_member(archive, &entry);
    if (code != ARCHIVE_OK)
      break;
    const char *name = archive_entry_pathname(entry);
    if (members >= wanted->members)
      return error_set(error, ASSAY_ERROR_LIMIT, "has more than %" G_GUINT64_FORMAT " members",
                       wanted->members);
    if (name == NULL || !is_wanted(wanted, name, 0) || archive_entry_filetype(entry) != AE_IFREG)
      continue;
    if (!write_member(archive, name, wanted->limit, error)) {
      g_prefix_error(error, "%s: ", name);
      return false;
    }
  }
  return code == ARCHIVE_EOF || set_archive_error(error, archive);
}

static const struct {
  const char *name;
  void (*support)(Archive *archive);
  bool (*write)(Archive *archive, const Wanted *wanted, GError **error);
} kinds[] = {
    {UNPACK_COMPRESSED, support_compressed, write_compressed},
    {UNPACK_TAR, support_tar, write_first},
    {UNPACK_DEB, support_deb, write_first},
    {UNPACK_TAR_ALL, support_tar, write_all},
    {UNPACK_ZIP, support_zip, write_all},
};

static json_t *
unpack(WorkerInput input, const UnpackJob *job, GError **error)
{
  g_auto(GStrv) patterns = g_strsplit(job->pattern != NULL ? job->pattern : "", "|", -1);
  const Wanted wanted = {.patterns = patterns, .limit = job->limit, .members = job->members};
  for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
    if (g_strcmp0(job->kind, kinds[i].name) != 0)
      continue;
    g_autofree Packed *packed = g_new0(Packed, 1);
    packed->input = input;
    g_autoptr(Archive) archive = archive_read_new();
    g_assert(archive != NULL);
    kinds[i].support(archive);
    if (open_packed(archive, packed) != ARCHIVE_OK) {
      set_archive_error(error, archive);
      return NULL;
    }
    return kinds[i].write(archive, &wanted, error) ? json_object() : NULL;
  }
  error_set(error, ASSAY_ERROR_UNSUPPORTED, "the worker cannot unpack this kind of file");
  return NULL;
}

json_t *
worker_feed(WorkerInput input, const json_t *json, GError **error)
{
  UnpackJob job = {0};
  json_t *answer =
      json_table_read(&unpack_job_table, json, &job, error) ? unpack(input, &job, error) : NULL;
  json_table_clear(&unpack_job_table, &job);
  return answer;
}
