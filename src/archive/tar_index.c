/* The members of a tar; see the header. */
#include "archive/tar_index.h"

#include <string.h>

#include "archive/tar.h"
#include "base/error.h"

#define CHUNK ((size_t)256 * 1024)

typedef struct {
  LayerRead read;
  void *read_data;
  uint8_t *chunk;
} Source;

static bool
next_chunk(void *data, Slice *bytes, GError **error)
{
  Source *source = data;
  gssize got = source->read(source->read_data, source->chunk, CHUNK, error);
  *bytes = slice_new(source->chunk, (size_t)MAX(got, 0));
  return got >= 0;
}

static void
member_free(void *data)
{
  TarMember *member = data;
  g_free(member->name);
  g_free(member->target);
  g_free(member);
}

static TarMember *
member_new(const TarHeader *header, uint64_t offset)
{
  const char *name = header->name;
  while (*name == '/' || (name[0] == '.' && name[1] == '/'))
    name += *name == '/' ? 1 : 2;
  bool link = header->kind == TAR_SYMLINK || header->kind == TAR_HARDLINK;
  TarMember *member = g_new0(TarMember, 1);
  member->name = g_utf8_make_valid(name, -1);
  member->target = link ? g_utf8_make_valid(header->target, -1) : NULL;
  member->offset = offset;
  member->size = header->size;
  return member;
}

static bool
add_member(const TarReader *reader, const TarHeader *header, GPtrArray *members, unsigned most,
           unsigned path_bytes, GError **error)
{
  if (members->len == most)
    return error_set(error, ASSAY_ERROR_LIMIT, "the archive has more than %u members", most);
  if (strlen(header->name) > path_bytes || strlen(header->target) > path_bytes)
    return error_set(error, ASSAY_ERROR_LIMIT,
                     "a name in the archive is longer than %u bytes (limits.path_bytes)",
                     path_bytes);
  if (header->sparse) /* it is not in one piece */
    return error_set(error, ASSAY_ERROR_INVALID, "the archive has a member that cannot be read");
  if (header->kind != TAR_GLOBAL)
    g_ptr_array_add(members, member_new(header, tar_reader_offset(reader)));
  return true;
}

GPtrArray *
tar_index(LayerRead read, void *read_data, unsigned most, unsigned path_bytes, GError **error)
{
  g_autoptr(GPtrArray) members = g_ptr_array_new_with_free_func(member_free);
  g_autofree uint8_t *chunk = g_malloc(CHUNK);
  Source source = {read, read_data, chunk};
  g_autoptr(TarReader) reader = tar_reader_new(next_chunk, &source);
  g_autoptr(GError) failure = NULL;
  const TarHeader *header;
  while ((header = tar_reader_next(reader, &failure)) != NULL)
    if (!add_member(reader, header, members, most, path_bytes, error))
      return NULL;
  if (failure == NULL && tar_reader_offset(reader) > 0)
    return g_steal_pointer(&members);
  if (failure == NULL)
    error_set(error, ASSAY_ERROR_INVALID, "not a tar archive: it is empty");
  else if (g_error_matches(failure, ASSAY_ERROR, ASSAY_ERROR_UNSUPPORTED))
    error_set(error, ASSAY_ERROR_INVALID, "not a tar archive: %s", failure->message);
  else
    g_propagate_error(error, g_steal_pointer(&failure));
  return NULL;
}
