/* Unpacking through libarchive, every stream bounded. */
#include "advisory/feeds/unpack.h"

#include <archive.h>
#include <archive_entry.h>
#include <string.h>

#include "base/error.h"

#define READ_CHUNK       ((size_t)128 * 1024)
#define TAR_MEMBERS_MAX  200000u
#define TAR_UNPACKED_MAX ((uint64_t)2 << 30) /* of the members before the one we look for */

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

static bool
is_member(const char *path, const char *name)
{
  if (path == NULL)
    return false;
  if (g_str_has_prefix(path, "./"))
    path += 2;
  const char *slash = strchr(path, '/');
  return strcmp(path, name) == 0 || (slash != NULL && strcmp(slash + 1, name) == 0);
}

GBytes *
unpack_tar_member(Slice bytes, const char *name, size_t limit, GError **error)
{
  g_autoptr(Archive) archive = new_archive();
  struct archive_entry *entry;
  uint64_t passed = 0;
  archive_read_support_format_tar(archive);
  int code = archive_read_open_memory(archive, bytes.data, bytes.size);
  for (unsigned members = 0; code == ARCHIVE_OK && members < TAR_MEMBERS_MAX; members++) {
    code = archive_read_next_header(archive, &entry);
    if (code == ARCHIVE_WARN)
      code = ARCHIVE_OK;
    if (code != ARCHIVE_OK)
      break;
    if (is_member(archive_entry_pathname(entry), name) && archive_entry_filetype(entry) == AE_IFREG)
      return read_member(archive, limit, error);
    passed += (uint64_t)MAX(archive_entry_size(entry), 0);
    if (passed > TAR_UNPACKED_MAX) {
      error_set(error, ASSAY_ERROR_LIMIT, "unpacks to more than %" G_GUINT64_FORMAT " bytes",
                TAR_UNPACKED_MAX);
      return NULL;
    }
  }
  if (code != ARCHIVE_OK && code != ARCHIVE_EOF)
    set_archive_error(error, archive);
  return NULL;
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
    code = archive_read_next_header(archive, &entry);
    if (code == ARCHIVE_WARN)
      code = ARCHIVE_OK;
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
