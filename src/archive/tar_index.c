/* The members of a tar, by libarchive; see the header. */
#include "archive/tar_index.h"

#include <archive.h>
#include <archive_entry.h>
#include <string.h>

#include "base/error.h"

#define CHUNK ((size_t)256 * 1024)

typedef struct {
  unsigned most, path_bytes;
} Limits;

typedef struct {
  LayerRead read;
  void *read_data;
  uint8_t *chunk;
  GError *error;
} Source;

static la_ssize_t
read_chunk(struct archive *archive, void *data, const void **buffer)
{
  Source *source = data;
  *buffer = source->chunk;
  return source->read(source->read_data, source->chunk, CHUNK, &source->error);
}

static void
member_free(void *data)
{
  TarMember *member = data;
  g_free(member->name);
  g_free(member->target);
  g_free(member);
}

/* Where the content begins is told by the first block of it that libarchive hands out: what it has
 * read until then is header. archive_filter_bytes() counts what was consumed, which is up to there.
 */
static bool
add_member(struct archive *archive, struct archive_entry *entry, GPtrArray *members)
{
  const char *name = archive_entry_pathname(entry);
  const char *target = archive_entry_symlink(entry);
  if (target == NULL)
    target = archive_entry_hardlink(entry);
  if (name == NULL)
    return false;
  while (*name == '/' || (name[0] == '.' && name[1] == '/'))
    name += *name == '/' ? 1 : 2;
  TarMember *member = g_new0(TarMember, 1);
  member->name = g_utf8_make_valid(name, -1);
  member->target = target == NULL ? NULL : g_utf8_make_valid(target, -1);
  la_int64_t offset = archive_filter_bytes(archive, 0);
  member->offset = offset > 0 ? (uint64_t)offset : 0;
  if (archive_entry_filetype(entry) == AE_IFREG && archive_entry_size(entry) > 0)
    member->size = (uint64_t)archive_entry_size(entry);
  g_ptr_array_add(members, member);
  return true;
}

/* A member of odd types is stored in fewer bytes than it has: it is not in one piece. */
static bool
last_is_whole(struct archive *archive, const GPtrArray *members)
{
  if (members->len == 0)
    return true;
  const TarMember *last = g_ptr_array_index(members, members->len - 1);
  uint64_t end, read = (uint64_t)MAX(archive_filter_bytes(archive, 0), 0);
  return !__builtin_add_overflow(last->offset, last->size, &end) && end <= read;
}

static bool
cannot_be_read(GError **error)
{
  return error_set(error, ASSAY_ERROR_INVALID, "the archive has a member that cannot be read");
}

static bool
is_longer(const char *name, size_t most)
{
  return name != NULL && strlen(name) > most;
}

static bool
read_members(struct archive *archive, Source *source, const Limits *limits, GPtrArray *members,
             GError **error)
{
  struct archive_entry *entry;
  int code = archive_read_open(archive, source, NULL, read_chunk, NULL);
  while (code == ARCHIVE_OK || code == ARCHIVE_WARN) {
    code = archive_read_next_header(archive, &entry);
    if (code == ARCHIVE_EOF)
      return last_is_whole(archive, members) || cannot_be_read(error);
    if (code != ARCHIVE_OK && code != ARCHIVE_WARN)
      break;
    if (members->len == limits->most)
      return error_set(error, ASSAY_ERROR_LIMIT, "the archive has more than %u members",
                       limits->most);
    if (is_longer(archive_entry_pathname(entry), limits->path_bytes) ||
        is_longer(archive_entry_symlink(entry), limits->path_bytes) ||
        is_longer(archive_entry_hardlink(entry), limits->path_bytes))
      return error_set(error, ASSAY_ERROR_LIMIT,
                       "a name in the archive is longer than %u bytes (limits.path_bytes)",
                       limits->path_bytes);
    /* Sparse members are not in one piece. */
    if (!last_is_whole(archive, members) || archive_entry_sparse_count(entry) > 0 ||
        !add_member(archive, entry, members))
      return cannot_be_read(error);
  }
  if (source->error != NULL) {
    g_propagate_error(error, g_steal_pointer(&source->error));
    return false;
  }
  return error_set(error, ASSAY_ERROR_INVALID, "not a whole tar archive: %s",
                   archive_error_string(archive));
}

GPtrArray *
tar_index(LayerRead read, void *read_data, unsigned most, unsigned path_bytes, GError **error)
{
  g_autoptr(GPtrArray) members = g_ptr_array_new_with_free_func(member_free);
  g_autofree uint8_t *chunk = g_malloc(CHUNK);
  Limits limits = {most, path_bytes};
  Source source = {read, read_data, chunk, NULL};
  struct archive *archive = archive_read_new();
  archive_read_support_format_tar(archive);
  archive_read_set_format_option(archive, "tar", "mac-ext", NULL);
  bool indexed = read_members(archive, &source, &limits, members, error);
  archive_read_free(archive);
  g_clear_error(&source.error);
  return indexed ? g_steal_pointer(&members) : NULL;
}
