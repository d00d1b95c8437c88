/* The entries of a layer: a tar over a LayerStream; see the header. */
#include "archive/layer.h"

#include <string.h>

#include "archive/path.h"
#include "archive/stream.h"
#include "archive/tar.h"
#include "base/error.h"

#define FIRST_ROOM      ((uint64_t)64 * 1024) /* for a file */
#define WHITEOUT_PREFIX ".wh."
#define WHITEOUT_OPAQUE ".wh..wh..opq"

struct LayerReader {
  LayerStream *stream;
  LayerLimits limits;
  TarReader *tar;
  uint32_t entries;
  uint64_t given; /* bytes of content, with holes */
  char *path, *target;
  LayerEntry entry;
};

static bool
next_block(void *data, Slice *block, GError **error)
{
  return layer_stream_next(data, block, error);
}

LayerReader *
layer_reader_new(LayerRead read, void *read_data, const LayerLimits *limits)
{
  LayerReader *reader = g_new0(LayerReader, 1);
  reader->limits = *limits;
  reader->stream = layer_stream_new(read, read_data, limits);
  reader->tar = tar_reader_new(next_block, reader->stream);
  return reader;
}

void
layer_reader_free(LayerReader *reader)
{
  if (reader == NULL)
    return;
  tar_reader_free(reader->tar);
  layer_stream_free(reader->stream);
  g_free(reader->path);
  g_free(reader->target);
  g_free(reader);
}

static LayerEntryKind
kind_of(const TarHeader *header)
{
  static const LayerEntryKind kinds[] = {
      [TAR_FILE] = LAYER_ENTRY_FILE,           [TAR_HARDLINK] = LAYER_ENTRY_HARDLINK,
      [TAR_SYMLINK] = LAYER_ENTRY_SYMLINK,     [TAR_CHARACTER_DEVICE] = LAYER_ENTRY_DEVICE,
      [TAR_BLOCK_DEVICE] = LAYER_ENTRY_DEVICE, [TAR_FOLDER] = LAYER_ENTRY_FOLDER,
      [TAR_PIPE] = LAYER_ENTRY_OTHER,          [TAR_GLOBAL] = LAYER_ENTRY_GLOBAL,
  };
  return kinds[header->kind];
}

/* image-spec layer.md, "Whiteouts": the name says what it removes. One that would remove its own
 * folder, or nothing (".wh.", ".wh..", ".wh..wh.x"), is a file like others. */
static void
read_whiteout(LayerReader *reader)
{
  char *slash = strrchr(reader->path, '/');
  char *base = slash == NULL ? reader->path : slash + 1;
  if (!g_str_has_prefix(base, WHITEOUT_PREFIX))
    return;
  if (strcmp(base, WHITEOUT_OPAQUE) == 0) {
    reader->entry.kind = LAYER_ENTRY_OPAQUE;
    *(slash == NULL ? base : slash) = '\0';
    return;
  }
  const char *name = base + strlen(WHITEOUT_PREFIX);
  if (*name == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
      g_str_has_prefix(name, WHITEOUT_PREFIX))
    return;
  reader->entry.kind = LAYER_ENTRY_WHITEOUT;
  memmove(base, name, strlen(name) + 1);
}

/* The next extended attribute of @records, which goes on. */
static bool
next_attribute(Slice *records, Slice *name, Slice *value)
{
  static const Slice attribute = SLICE_LITERAL("SCHILY.xattr.");
  while (tar_next_record(records, name, value)) {
    if (!slice_has_prefix(*name, attribute))
      continue;
    *name = slice_sub(*name, attribute.size, name->size);
    return true;
  }
  return false;
}

/* In what is unpacked by a kernel's overlayfs or by fuse-overlayfs these are no data. */
static bool
has_overlay_attributes(Slice records)
{
  static const char *const prefixes[] = {"trusted.overlay.", "user.overlay.", "user.fuseoverlayfs.",
                                         "user.containers.override_"};
  Slice name, value;
  while (next_attribute(&records, &name, &value))
    for (size_t i = 0; i < G_N_ELEMENTS(prefixes); i++)
      if (slice_has_prefix(name, slice_from_string(prefixes[i])))
        return true;
  return false;
}

static Slice
capabilities_of(Slice records)
{
  Slice name, value, found = SLICE_EMPTY;
  while (next_attribute(&records, &name, &value))
    if (slice_equal_string(name, "security.capability"))
      found = value;
  return found;
}

/* Files of types that are not in Go's list are refused by containerd, umoci and podman, left out by
 * kaniko, and files for containers/storage where it forces a mode. The same holds for GNU's old
 * sparse files. */
static const char *
doubt_about(const TarHeader *header)
{
  if (!g_utf8_validate(header->name, -1, NULL) ||
      ((header->kind == TAR_SYMLINK || header->kind == TAR_HARDLINK) &&
       !g_utf8_validate(header->target, -1, NULL)))
    return "has a name that is not UTF-8";
  if (has_overlay_attributes(header->records))
    return "has attributes by which overlayfs hides or redirects files";
  if (header->kind == TAR_FILE && header->type != '0')
    return "is of a type that not every runtime unpacks";
  return NULL;
}

static bool
check_length(const LayerReader *reader, const char *text, const char *what, GError **error)
{
  return strlen(text) <= reader->limits.path_bytes ||
         error_set(error, ASSAY_ERROR_LIMIT, "%s is longer than %u bytes (limits.path_bytes)", what,
                   reader->limits.path_bytes);
}

static bool
read_entry(LayerReader *reader, const TarHeader *from, GError **error)
{
  LayerEntry *entry = &reader->entry;
  bool link = from->kind == TAR_SYMLINK || from->kind == TAR_HARDLINK;
  unsigned depth;
  if (!check_length(reader, from->name, "a path", error) ||
      (link && !check_length(reader, from->target, "the target of a link", error)))
    return false;
  *entry = (LayerEntry){.kind = kind_of(from),
                        .size = from->size,
                        .mode = (uint32_t)from->mode & 07777,
                        .uid = (uint32_t)from->uid,
                        .gid = (uint32_t)from->gid,
                        .capabilities = capabilities_of(from->records),
                        .doubt = doubt_about(from)};
  g_free(reader->path);
  reader->path = path_normalise(from->name, &depth, &entry->escapes);
  if (depth > reader->limits.path_depth)
    return error_set(error, ASSAY_ERROR_LIMIT,
                     "a path is deeper than %u folders (limits.path_depth)",
                     reader->limits.path_depth);
  g_free(reader->target);
  reader->target = link ? g_utf8_make_valid(from->target, -1) : NULL;
  entry->target = reader->target;
  read_whiteout(reader);
  if (from->kind == TAR_GLOBAL) /* a whiteout for umoci and podman; docker leaves it out */
    entry->kind = LAYER_ENTRY_GLOBAL;
  entry->path = reader->path;
  return true;
}

/* For Go an empty stream is a tar without entries; but nobody makes a layer so. */
static const TarHeader *
next_header(LayerReader *reader, GError **error)
{
  g_autoptr(GError) failure = NULL;
  const TarHeader *header = tar_reader_next(reader->tar, &failure);
  if (header == NULL && failure == NULL && tar_reader_offset(reader->tar) == 0)
    error_set(error, ASSAY_ERROR_UNSUPPORTED, LAYER_WITHOUT_TAR " (it is empty)");
  if (failure == NULL)
    return header;
  if (g_error_matches(failure, ASSAY_ERROR, ASSAY_ERROR_UNSUPPORTED))
    error_set(error, ASSAY_ERROR_UNSUPPORTED, LAYER_WITHOUT_TAR " (%s)", failure->message);
  else
    g_propagate_error(error, g_steal_pointer(&failure));
  return NULL;
}

const LayerEntry *
layer_reader_next(LayerReader *reader, GError **error)
{
  const TarHeader *header = next_header(reader, error);
  if (header == NULL)
    return NULL;
  if (reader->entries++ == reader->limits.entries) {
    error_set(error, ASSAY_ERROR_LIMIT, "more than %u entries (limits.layer_entries)",
              reader->limits.entries);
    return NULL;
  }
  return read_entry(reader, header, error) ? &reader->entry : NULL;
}

/* Holes cost no bytes of the layer, but the time to go through them: they count as unpacked bytes
 * beside those that the tar itself has. */
static bool
check_holes(const LayerReader *reader, GError **error)
{
  if (reader->given > reader->limits.unpacked_bytes)
    return error_set(error, ASSAY_ERROR_LIMIT,
                     "the files with their holes pass %" G_GUINT64_FORMAT
                     " bytes (limits.layer_unpacked_bytes)",
                     reader->limits.unpacked_bytes);
  return reader->given <= LAYER_RATIO_AFTER ||
         reader->given / reader->limits.ratio <= tar_reader_offset(reader->tar) ||
         error_set(error, ASSAY_ERROR_LIMIT,
                   "the files with their holes are more than %u times the bytes of the tar "
                   "(limits.layer_ratio)",
                   reader->limits.ratio);
}

static bool
next_piece(LayerReader *reader, uint64_t most, Slice *piece, GError **error)
{
  if (!tar_reader_content(reader->tar, most, piece, error))
    return false;
  reader->given += piece->size;
  return check_holes(reader, error);
}

GBytes *
layer_reader_read_file(LayerReader *reader, GError **error)
{
  if (reader->entry.size > MIN(reader->limits.file_bytes, G_MAXUINT32)) {
    error_set(error, ASSAY_ERROR_LIMIT,
              "%s: larger than %" G_GUINT64_FORMAT " bytes (limits.file_bytes)", reader->entry.path,
              reader->limits.file_bytes);
    return NULL;
  }
  /* The announced size is only that: memory grows with what really comes. */
  g_autoptr(GByteArray) content =
      g_byte_array_sized_new((guint)MIN(reader->entry.size, FIRST_ROOM));
  Slice piece;
  do {
    if (!next_piece(reader, UINT64_MAX, &piece, error))
      return NULL;
    g_byte_array_append(content, piece.data, (guint)piece.size);
  } while (piece.size > 0);
  return g_byte_array_free_to_bytes(g_steal_pointer(&content));
}

gssize
layer_reader_read(LayerReader *reader, void *buffer, size_t size, GError **error)
{
  Slice piece;
  if (!next_piece(reader, size, &piece, error))
    return -1;
  if (piece.size > 0)
    memcpy(buffer, piece.data, piece.size);
  return (gssize)piece.size;
}

uint64_t
layer_reader_skip_hole(LayerReader *reader, uint64_t keep)
{
  return tar_reader_skip_hole(reader->tar, keep);
}

bool
layer_reader_finish(LayerReader *reader, Digest *diff_id, uint64_t *unpacked, GError **error)
{
  for (Slice block = SLICE_LITERAL("x"); block.size > 0;)
    if (!layer_stream_next(reader->stream, &block, error))
      return false;
  *diff_id = layer_stream_digest(reader->stream);
  *unpacked = layer_stream_size(reader->stream);
  return true;
}
