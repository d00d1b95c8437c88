/* Unpacking through libarchive, every stream bounded. */
#include "advisory/feeds/unpack.h"

#include <archive.h>
#include <archive_entry.h>
#include <string.h>

#include "base/error.h"

#define READ_CHUNK  ((size_t)128 * 1024)
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

static Archive *
new_archive(void)
{
  Archive *archive = archive_read_new();
  g_assert(archive != NULL);
  archive_read_support_filter_gzip(archive);
  archive_read_support_filter_xz(archive);
  archive_read_support_filter_bzip2(archive);
  archive_read_support_filter_zstd(archive);
  return archive;
}

/* The rest of the current member. (transfer full) */
static GBytes *
read_member(Archive *archive, size_t limit, GError **error)
{
  g_autoptr(GByteArray) content = g_byte_array_new();
  g_autofree uint8_t *chunk = g_malloc(READ_CHUNK);
  for (;;) {
    la_ssize_t got = archive_read_data(archive, chunk, READ_CHUNK);
    if (got < 0) {
      set_archive_error(error, archive);
      return NULL;
    }
    if (got == 0)
      break;
    if ((size_t)got > limit - content->len) {
      error_set(error, ASSAY_ERROR_LIMIT, "unpacks to more than %zu bytes", limit);
      return NULL;
    }
    g_byte_array_append(content, chunk, (guint)got);
  }
  return g_byte_array_free_to_bytes(g_steal_pointer(&content));
}

static bool
is_compressed(Slice bytes)
{
  static const struct {
    const char *magic;
    size_t size;
  } magics[] = {{"\x1f\x8b", 2},
                {"\xfd"
                 "7zXZ",
                 5},
                {"\x28\xb5\x2f\xfd", 4},
                {"BZh", 3}};
  for (size_t i = 0; i < G_N_ELEMENTS(magics); i++)
    if (slice_has_prefix(bytes, slice_new(magics[i].magic, magics[i].size)))
      return true;
  return false;
}

GBytes *
unpack_compressed(GBytes *packed, size_t limit, GError **error)
{
  Slice bytes = slice_from_bytes(packed);
  if (!is_compressed(bytes))
    return g_bytes_ref(packed);
  g_autoptr(Archive) archive = new_archive();
  archive_read_support_format_raw(archive);
  archive_read_support_format_empty(archive);
  struct archive_entry *entry;
  int code = archive_read_open_memory(archive, bytes.data, bytes.size);
  if (code == ARCHIVE_OK)
    code = archive_read_next_header(archive, &entry);
  if (code == ARCHIVE_EOF) /* nothing was packed */
    return g_bytes_new(NULL, 0);
  if (code != ARCHIVE_OK) {
    set_archive_error(error, archive);
    return NULL;
  }
  return read_member(archive, limit, error);
}

/* Goes on to the next member; ARCHIVE_OK, ARCHIVE_EOF, or what is wrong. */
static int
next_member(Archive *archive, struct archive_entry **entry)
{
  int code = archive_read_next_header(archive, entry);
  return code == ARCHIVE_WARN ? ARCHIVE_OK : code;
}

/* The content of the first member that @is_wanted, of an archive that is open. */
static GBytes *
find_member(Archive *archive, UnpackMatch is_wanted, size_t limit, GError **error)
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
    if (name != NULL && archive_entry_filetype(entry) == AE_IFREG && is_wanted(name))
      return read_member(archive, limit, error);
    if (__builtin_add_overflow(passed, (uint64_t)MAX(archive_entry_size(entry), 0), &passed) ||
        passed > PASSED_MAX) {
      error_set(error, ASSAY_ERROR_LIMIT, "unpacks to more than %" G_GUINT64_FORMAT " bytes",
                PASSED_MAX);
      return NULL;
    }
  }
  if (code != ARCHIVE_OK && code != ARCHIVE_EOF)
    set_archive_error(error, archive);
  return NULL;
}

GBytes *
unpack_tar_member(Slice bytes, UnpackMatch is_wanted, size_t limit, GError **error)
{
  g_autoptr(Archive) archive = new_archive();
  archive_read_support_format_tar(archive);
  if (archive_read_open_memory(archive, bytes.data, bytes.size) != ARCHIVE_OK) {
    set_archive_error(error, archive);
    return NULL;
  }
  return find_member(archive, is_wanted, limit, error);
}

static bool
is_data_tar(const char *name)
{
  return g_str_has_prefix(name, "data.tar");
}

GBytes *
unpack_deb_data(Slice bytes, size_t limit, GError **error)
{
  g_autoptr(Archive) archive = archive_read_new();
  g_assert(archive != NULL);
  archive_read_support_format_ar(archive);
  if (archive_read_open_memory(archive, bytes.data, bytes.size) != ARCHIVE_OK) {
    set_archive_error(error, archive);
    return NULL;
  }
  GBytes *data = find_member(archive, is_data_tar, limit, error);
  if (data == NULL && error != NULL && *error == NULL)
    error_set(error, ASSAY_ERROR_INVALID, "not a Debian package: no data.tar in it");
  return data;
}

bool
unpack_zip(const char *path, const char *suffix, size_t limit, uint64_t entries_limit,
           UnpackVisitor visit, void *data, GError **error)
{
  g_autoptr(Archive) archive = archive_read_new();
  g_assert(archive != NULL);
  struct archive_entry *entry;
  archive_read_support_format_zip_seekable(archive);
  int code = archive_read_open_filename(archive, path, READ_CHUNK);
  for (uint64_t entries = 0; code == ARCHIVE_OK; entries++) {
    code = next_member(archive, &entry);
    if (code != ARCHIVE_OK)
      break;
    const char *name = archive_entry_pathname(entry);
    if (entries >= entries_limit)
      return error_set(error, ASSAY_ERROR_LIMIT, "has more than %" G_GUINT64_FORMAT " members",
                       entries_limit);
    if (name == NULL || !g_str_has_suffix(name, suffix) ||
        archive_entry_filetype(entry) != AE_IFREG)
      continue;
    g_autoptr(GBytes) content = read_member(archive, limit, error);
    if (content == NULL || !visit(name, slice_from_bytes(content), data, error)) {
      g_prefix_error(error, "%s: ", name);
      return false;
    }
  }
  return code == ARCHIVE_EOF || set_archive_error(error, archive);
}
