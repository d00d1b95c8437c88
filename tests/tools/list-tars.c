/* What our reader of tars finds, for tests/differential/tars.py, which compares it with what Go's
 * finds (list_tars.go). Standard input: tars, each after its size in four bytes, big-endian.
 * Standard output: a line for each, its entries and "end" or "refused", between "|". An entry is
 * "TYPE NAME TARGET SIZE MODE UID GID SHA256 ATTRIBUTES", texts in hex. With the argument "why",
 * the reason for each that is refused goes to standard error. */
#include <stdio.h>
#include <string.h>

#include "archive/tar.h"
#include "oci/digest.h"

/* Larger files, of holes, are not compared. */
#define HUGE_FILE ((uint64_t)64 << 20)

typedef struct {
  Slice rest;
  size_t piece;
} Pieces;

static bool
next_piece(void *data, Slice *bytes, GError **error)
{
  Pieces *pieces = data;
  *bytes = slice_sub(pieces->rest, 0, pieces->piece);
  pieces->rest = slice_sub(pieces->rest, bytes->size, SIZE_MAX);
  return true;
}

static void
add_hex(GString *line, Slice bytes)
{
  g_string_append_c(line, ' ');
  for (size_t i = 0; i < bytes.size; i++)
    g_string_append_printf(line, "%02x", bytes.data[i]);
}

static int
compare_text(const void *left, const void *right, void *data)
{
  return strcmp(left, right);
}

static int
add_attribute(void *key, void *value, void *line)
{
  g_string_append_printf(line, "%s=%s,", (char *)key, (char *)value);
  return FALSE;
}

/* In order; of those that are there twice the last one. */
static void
add_attributes(GString *line, Slice records)
{
  g_autoptr(GTree) tree = g_tree_new_full(compare_text, NULL, g_free, g_free);
  Slice key, value, prefix = SLICE_LITERAL("SCHILY.xattr.");
  while (tar_next_record(&records, &key, &value)) {
    if (!slice_has_prefix(key, prefix))
      continue;
    GString *name = g_string_new(NULL), *text = g_string_new(NULL);
    add_hex(name, key);
    add_hex(text, value);
    g_tree_replace(tree, g_string_free(name, FALSE), g_string_free(text, FALSE));
  }
  g_string_append_c(line, ' ');
  g_tree_foreach(tree, add_attribute, line);
}

static bool
add_content(GString *line, TarReader *reader, GError **error)
{
  g_autoptr(DigestStream) hash = digest_stream_new(DIGEST_SHA256);
  Slice piece;
  do {
    if (!tar_reader_content(reader, 100000, &piece, error))
      return false;
    digest_stream_update(hash, piece);
  } while (piece.size > 0);
  g_string_append_printf(line, " %s", digest_stream_current(hash).text);
  return true;
}

static void
add_header(GString *line, const TarHeader *header)
{
  bool link = header->kind == TAR_HARDLINK || header->kind == TAR_SYMLINK;
  g_string_append_printf(line, "%u", header->type);
  add_hex(line, slice_from_string(header->name));
  add_hex(line, slice_from_string(link ? header->target : ""));
  g_string_append_printf(line, " %" G_GUINT64_FORMAT " %o %" G_GINT64_FORMAT " %" G_GINT64_FORMAT,
                         header->size, (unsigned)header->mode & 07777, header->uid, header->gid);
}

/* @contents: or past them. The line without what it says of them is the same either way. */
static char *
list(Slice tar, size_t piece, bool contents, GString *headers, GError **error)
{
  Pieces pieces = {tar, piece};
  g_autoptr(TarReader) reader = tar_reader_new(next_piece, &pieces);
  GString *line = g_string_new(NULL);
  GError *failure = NULL;
  const TarHeader *header;
  while (failure == NULL && (header = tar_reader_next(reader, &failure)) != NULL) {
    add_header(headers, header);
    add_header(line, header);
    Slice records = header->records;
    if (contents && header->size <= HUGE_FILE && add_content(line, reader, &failure))
      add_attributes(line, records);
    g_string_append_c(line, '|');
  }
  g_string_append(headers, failure == NULL ? "end" : "refused");
  g_string_append(line, failure == NULL ? "end" : "refused");
  if (failure != NULL)
    g_propagate_error(error, failure);
  return g_string_free(line, FALSE);
}

static void
list_one(Slice tar, size_t number, bool why)
{
  static const size_t sizes[] = {1, 7, 100, 511, 512, 513, 1024, 3000, 1 << 20};
  size_t piece = sizes[number % G_N_ELEMENTS(sizes)];
  g_autoptr(GError) error = NULL;
  g_autoptr(GString) read = g_string_new(NULL), skipped = g_string_new(NULL);
  g_autofree char *line = list(tar, piece, true, read, &error);
  g_autofree char *short_line = list(tar, piece, false, skipped, NULL);
  if (strcmp(read->str, skipped->str) != 0)
    g_error("tar %zu has other entries when its contents are skipped:\n%s\n%s", number, read->str,
            skipped->str);
  puts(line);
  if (why && error != NULL)
    fprintf(stderr, "%zu %s\n", number, error->message);
}

int
main(int argc, char **argv)
{
  uint8_t size[4];
  for (size_t number = 0; fread(size, 1, sizeof size, stdin) == sizeof size; number++) {
    size_t bytes = (size_t)size[0] << 24 | (size_t)size[1] << 16 | (size_t)size[2] << 8 | size[3];
    g_autofree uint8_t *tar = g_malloc(bytes + 1);
    if (fread(tar, 1, bytes, stdin) != bytes)
      return 1;
    list_one(slice_new(tar, bytes), number, argc > 1);
  }
  return 0;
}
