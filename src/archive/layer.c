/* The entries of a layer, by libarchive over a LayerStream; see the header. */
#include "archive/layer.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "archive/path.h"
#include "archive/stream.h"
#include "archive/tar_witness.h"
#include "base/error.h"

#define WHITEOUT_PREFIX ".wh."
#define WHITEOUT_OPAQUE ".wh..wh..opq"

struct LayerReader {
  LayerStream *stream;
  LayerLimits limits;
  struct archive *archive;
  TarWitness *witness; /* gets what libarchive gets */
  bool opened;
  GError *stream_error; /* what made the read callback fail */
  uint32_t entries;
  char *path, *target;
  LayerEntry entry;
};

static la_ssize_t
read_block(struct archive *archive, void *data, const void **buffer)
{
  LayerReader *reader = data;
  Slice block;
  if (!layer_stream_next(reader->stream, &block, &reader->stream_error)) {
    archive_set_error(archive, EIO, "%s", reader->stream_error->message);
    return -1;
  }
  tar_witness_feed(reader->witness, block);
  *buffer = block.data;
  return (la_ssize_t)block.size;
}

LayerReader *
layer_reader_new(LayerRead read, void *read_data, const LayerLimits *limits)
{
  LayerReader *reader = g_new0(LayerReader, 1);
  reader->limits = *limits;
  reader->stream = layer_stream_new(read, read_data, limits);
  reader->witness = tar_witness_new();
  reader->archive = archive_read_new();
  archive_read_support_format_tar(reader->archive);
  /* AppleDouble: a file named "._x" would be taken for metadata and hidden. */
  archive_read_set_format_option(reader->archive, "tar", "mac-ext", NULL);
  return reader;
}

void
layer_reader_free(LayerReader *reader)
{
  if (reader == NULL)
    return;
  archive_read_free(reader->archive);
  tar_witness_free(reader->witness);
  layer_stream_free(reader->stream);
  g_clear_error(&reader->stream_error);
  g_free(reader->path);
  g_free(reader->target);
  g_free(reader);
}

static bool
archive_failed(LayerReader *reader, GError **error)
{
  if (reader->stream_error != NULL) {
    g_propagate_error(error, g_steal_pointer(&reader->stream_error));
    return false;
  }
  const char *text = archive_error_string(reader->archive);
  if (archive_errno(reader->archive) == ENOMEM)
    return error_set(error, ASSAY_ERROR_FAILED, "there is no memory to read the tar");
  return error_set(error, ASSAY_ERROR_INVALID, "the tar is broken: %s",
                   text != NULL ? text : "no reason given");
}

/* Nothing could be read as an entry: the stream or the tar is broken, or there never was one in it.
 * libarchive has one code for both, and two texts, and takes for no tar what other readers take. */
static void
no_first_entry(LayerReader *reader, GError **error)
{
  const char *text = archive_error_string(reader->archive);
  if (reader->stream_error != NULL || text == NULL || tar_witness_has_begun(reader->witness) ||
      strstr(text, "Unrecognized") == NULL)
    archive_failed(reader, error);
  else
    error_set(error, ASSAY_ERROR_UNSUPPORTED, LAYER_WITHOUT_TAR " (%s)", text);
}

static LayerEntryKind
kind_of(struct archive_entry *entry)
{
  if (archive_entry_hardlink(entry) != NULL)
    return LAYER_ENTRY_HARDLINK;
  switch (archive_entry_filetype(entry)) {
  case AE_IFREG:
    return LAYER_ENTRY_FILE;
  case AE_IFDIR:
    return LAYER_ENTRY_FOLDER;
  case AE_IFLNK:
    return LAYER_ENTRY_SYMLINK;
  case AE_IFCHR:
  case AE_IFBLK:
    return LAYER_ENTRY_DEVICE;
  default:
    return LAYER_ENTRY_OTHER;
  }
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

static bool
is_seen_as(LayerEntryKind kind, TarSeenKind seen)
{
  static const TarSeenKind kinds[] = {
      [LAYER_ENTRY_FILE] = TAR_SEEN_FILE,       [LAYER_ENTRY_FOLDER] = TAR_SEEN_FOLDER,
      [LAYER_ENTRY_SYMLINK] = TAR_SEEN_SYMLINK, [LAYER_ENTRY_HARDLINK] = TAR_SEEN_HARDLINK,
      [LAYER_ENTRY_DEVICE] = TAR_SEEN_DEVICE,   [LAYER_ENTRY_OTHER] = TAR_SEEN_PIPE,
  };
  return (size_t)kind < G_N_ELEMENTS(kinds) && kinds[kind] == seen;
}

/* Whether a runtime finds the same entry here; before a whiteout is taken for one. */
static bool
check_witness(LayerReader *reader, GError **error)
{
  const LayerEntry *entry = &reader->entry;
  g_autoptr(TarSeen) seen = tar_witness_take(reader->witness);
  if (seen == NULL)
    return error_set(error, ASSAY_ERROR_INVALID, "the tar is broken: %s: %s", reader->path,
                     tar_witness_trouble(reader->witness) != NULL
                         ? tar_witness_trouble(reader->witness)
                         : "stands behind its end");
  unsigned depth;
  bool escapes;
  g_autofree char *path = path_normalise(seen->name, &depth, &escapes);
  g_autofree char *target = g_utf8_make_valid(seen->target, -1);
  if (strcmp(path, reader->path) == 0 && escapes == entry->escapes &&
      is_seen_as(entry->kind, seen->kind) && entry->size == seen->size &&
      (entry->target == NULL || strcmp(target, entry->target) == 0))
    return true;
  return error_set(error, ASSAY_ERROR_INVALID,
                   "the tar is broken: %s is read in another way by Go's archive/tar, by which "
                   "images are unpacked (%s)",
                   reader->path, path);
}

/* In what is unpacked by a kernel's overlayfs or by fuse-overlayfs these are no data. */
static bool
has_overlay_attributes(struct archive_entry *from)
{
  static const char *const prefixes[] = {"trusted.overlay.", "user.overlay.", "user.fuseoverlayfs.",
                                         "user.containers.override_"};
  const char *name;
  const void *value;
  size_t size;
  archive_entry_xattr_reset(from);
  while (archive_entry_xattr_next(from, &name, &value, &size) == ARCHIVE_OK)
    for (size_t i = 0; i < G_N_ELEMENTS(prefixes); i++)
      if (name != NULL && g_str_has_prefix(name, prefixes[i]))
        return true;
  return false;
}

static bool
read_entry(LayerReader *reader, struct archive_entry *from, GError **error)
{
  const char *name = archive_entry_pathname(from);
  LayerEntry *entry = &reader->entry;
  unsigned depth;
  if (name == NULL)
    return error_set(error, ASSAY_ERROR_INVALID, "the tar is broken: an entry has no name");
  if (strlen(name) > reader->limits.path_bytes)
    return error_set(error, ASSAY_ERROR_LIMIT, "a path is longer than %u bytes (limits.path_bytes)",
                     reader->limits.path_bytes);
  *entry = (LayerEntry){.kind = kind_of(from)};
  g_free(reader->path);
  reader->path = path_normalise(name, &depth, &entry->escapes);
  if (depth > reader->limits.path_depth)
    return error_set(error, ASSAY_ERROR_LIMIT,
                     "a path is deeper than %u folders (limits.path_depth)",
                     reader->limits.path_depth);
  const char *target = entry->kind == LAYER_ENTRY_HARDLINK ? archive_entry_hardlink(from)
                                                           : archive_entry_symlink(from);
  if (target != NULL && strlen(target) > reader->limits.path_bytes)
    return error_set(error, ASSAY_ERROR_LIMIT,
                     "the target of a link is longer than %u bytes (limits.path_bytes)",
                     reader->limits.path_bytes);
  g_free(reader->target);
  reader->target = target == NULL ? NULL : g_utf8_make_valid(target, -1);
  entry->target = reader->target;
  entry->inexact =
      !g_utf8_validate(name, -1, NULL) || (target != NULL && !g_utf8_validate(target, -1, NULL));
  entry->overlay_attributes = has_overlay_attributes(from);
  entry->size = archive_entry_size(from) > 0 ? (uint64_t)archive_entry_size(from) : 0;
  entry->mode = archive_entry_mode(from) & 07777;
  entry->uid = (uint32_t)archive_entry_uid(from);
  entry->gid = (uint32_t)archive_entry_gid(from);
  if (!check_witness(reader, error))
    return false;
  read_whiteout(reader);
  entry->path = reader->path;
  return true;
}

/* Whether a runtime finds no further entry either. */
static bool
check_end(LayerReader *reader, GError **error)
{
  g_autoptr(TarSeen) seen = tar_witness_take(reader->witness);
  return seen == NULL || error_set(error, ASSAY_ERROR_INVALID,
                                   "the tar is broken: Go's archive/tar, by which images are "
                                   "unpacked, reads %s behind its end",
                                   seen->name);
}

const LayerEntry *
layer_reader_next(LayerReader *reader, GError **error)
{
  if (!reader->opened) {
    reader->opened = true;
    if (archive_read_open(reader->archive, reader, NULL, read_block, NULL) != ARCHIVE_OK) {
      no_first_entry(reader, error);
      return NULL;
    }
  }
  struct archive_entry *from = NULL;
  int code = archive_read_next_header(reader->archive, &from);
  if (code == ARCHIVE_EOF) {
    check_end(reader, error);
    return NULL;
  }
  if (code != ARCHIVE_OK && code != ARCHIVE_WARN) {
    if (reader->entries == 0)
      no_first_entry(reader, error);
    else
      archive_failed(reader, error);
    return NULL;
  }
  if (reader->entries++ == reader->limits.entries) {
    error_set(error, ASSAY_ERROR_LIMIT, "more than %u entries (limits.layer_entries)",
              reader->limits.entries);
    return NULL;
  }
  return read_entry(reader, from, error) ? &reader->entry : NULL;
}

/* A hole of a sparse file reads as zeros, at its end too. */
static void
grow_with_zeros(GByteArray *content, uint64_t size)
{
  guint before = content->len;
  if (size <= before)
    return;
  g_byte_array_set_size(content, (guint)size);
  memset(content->data + before, 0, (size_t)size - before);
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
  g_autoptr(GByteArray) content = g_byte_array_new();
  for (;;) {
    const void *block;
    size_t size;
    la_int64_t offset;
    int code = archive_read_data_block(reader->archive, &block, &size, &offset);
    if (code == ARCHIVE_EOF)
      break;
    if (code != ARCHIVE_OK && code != ARCHIVE_WARN) {
      archive_failed(reader, error);
      return NULL;
    }
    uint64_t end;
    if (offset < 0 || __builtin_add_overflow((uint64_t)offset, size, &end) ||
        end > reader->limits.file_bytes || end > G_MAXUINT32) {
      error_set(error, ASSAY_ERROR_LIMIT, "%s: larger than limits.file_bytes", reader->entry.path);
      return NULL;
    }
    /* Blocks that go back would be appended without end, each within the limit. */
    if ((uint64_t)offset < content->len) {
      error_set(error, ASSAY_ERROR_INVALID,
                "the tar is broken: parts of the sparse file %s overlap", reader->entry.path);
      return NULL;
    }
    grow_with_zeros(content, (uint64_t)offset);
    g_byte_array_append(content, block, (guint)size);
  }
  grow_with_zeros(content, reader->entry.size);
  return g_byte_array_free_to_bytes(g_steal_pointer(&content));
}

gssize
layer_reader_read(LayerReader *reader, void *buffer, size_t size, GError **error)
{
  la_ssize_t got = archive_read_data(reader->archive, buffer, size);
  if (got >= 0)
    return got;
  archive_failed(reader, error);
  return -1;
}

bool
layer_reader_finish(LayerReader *reader, Digest *diff_id, uint64_t *unpacked, GError **error)
{
  for (Slice block = SLICE_LITERAL("x"); block.size > 0;) {
    if (!layer_stream_next(reader->stream, &block, error))
      return false;
    tar_witness_feed(reader->witness, block);
  }
  if (!check_end(reader, error))
    return false;
  *diff_id = layer_stream_digest(reader->stream);
  *unpacked = layer_stream_size(reader->stream);
  return true;
}
