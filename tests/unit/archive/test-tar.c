/* Sparse files of a layer's tar, and the index of an outer tar. tests/differential/tars.py compares
 * the reader with Go's. */
#include "archive/layer.h"
#include "archive/tar_index.h"
#include "base/error.h"
#include "bytes.h"

/* --- sparse files --- */

/* GNU's old sparse files (type S): a map in the header; holes read as zeros, within the limit. */
static GByteArray *
sparse_tar(const char *real_size)
{
  GByteArray *tar = g_byte_array_new();
  tar_add(tar, &(TarEntry){"var/lib/x", 'S', NULL, "data"});
  memcpy(tar->data + 257, "ustar  ", 8);
  memcpy(tar->data + 386, "00000010000", 11); /* one piece: at 4096, 4 bytes */
  memcpy(tar->data + 398, "00000000004", 11);
  memcpy(tar->data + 483, real_size, 11);
  memset(tar->data + 148, ' ', 8);
  unsigned sum = 0;
  for (size_t i = 0; i < 512; i++)
    sum += tar->data[i];
  g_snprintf((char *)tar->data + 148, 8, "%06o", sum);
  static const guint8 end[1024];
  return g_byte_array_append(tar, end, sizeof end);
}

static void
test_sparse(void)
{
  static const struct {
    const char *size;
    size_t length; /* 0: refused */
  } cases[] = {{"00000010004", 4100}, {"00000020000", 8192}, {"17777777777", 0}};
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GError) error = NULL;
    g_autoptr(GByteArray) tar = sparse_tar(cases[i].size);
    Pieces pieces = {slice_of(tar), 4096};
    g_autoptr(LayerReader) reader = layer_reader_new(pieces_read, &pieces, &limits);
    const LayerEntry *entry = layer_reader_next(reader, &error);
    g_assert_no_error(error);
    g_assert_cmpint(entry->kind, ==, LAYER_ENTRY_FILE);
    g_autoptr(GBytes) content = layer_reader_read_file(reader, &error);
    g_test_message("case %s: %s", cases[i].size, error != NULL ? error->message : "read");
    if (cases[i].length == 0) {
      g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_LIMIT);
      continue;
    }
    g_assert_no_error(error);
    g_assert_cmpuint(g_bytes_get_size(content), ==, cases[i].length);
    const char *bytes = g_bytes_get_data(content, NULL);
    g_assert_cmpmem(bytes + 4096, 4, "data", 4);
    for (size_t at = 0; at < cases[i].length; at++)
      g_assert_true(bytes[at] == 0 || (at >= 4096 && at < 4100));
  }
}

/* The ways of pax: "data" at 4096 in a file of 8192 bytes. */
#define REAL_SIZE "28 GNU.sparse.realsize=8192\n"
#define MAP_LINES "1\n4096\n4\n"

static void
test_sparse_by_records(void)
{
  g_autofree char *rest = g_strnfill(512 - strlen(MAP_LINES), '.'), /* not looked at */
      *lines = g_strconcat(MAP_LINES, rest, "data", NULL);
  static const char numblocks[] = "26 GNU.sparse.numblocks=1\n" REAL_SIZE;
  g_autofree char *pairs = g_strconcat(numblocks,
                                       "22 GNU.sparse.major=0\n22 GNU.sparse.minor=0\n"
                                       "26 GNU.sparse.offset=4096\n25 GNU.sparse.numbytes=4\n",
                                       NULL),
                  *map = g_strconcat(numblocks, "25 GNU.sparse.map=4096,4\n", NULL);
  const TarEntry tars[][3] = {
      {{"pax", 'x', NULL, "22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n" REAL_SIZE},
       {"f", '0', NULL, lines}},
      {{"pax", 'x', NULL, pairs}, {"f", '0', NULL, "data"}},
      {{"pax", 'x', NULL, map}, {"f", '0', NULL, "data"}},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(tars); i++)
    for (size_t piece = 1; piece < 10000; piece += 4999) {
      g_autoptr(GError) error = NULL;
      g_autoptr(GByteArray) tar = tar_of(tars[i]), content = g_byte_array_new();
      Pieces pieces = {slice_of(tar), 4096};
      g_autoptr(LayerReader) reader = layer_reader_new(pieces_read, &pieces, &limits);
      const LayerEntry *entry = layer_reader_next(reader, &error);
      g_test_message("case %zu in pieces of %zu", i, piece);
      g_assert_no_error(error);
      g_assert_cmpuint(entry->size, ==, 8192);
      uint8_t buffer[10000];
      gssize got;
      while ((got = layer_reader_read(reader, buffer, piece, &error)) > 0)
        g_byte_array_append(content, buffer, (guint)got);
      g_assert_no_error(error);
      g_assert_cmpuint(content->len, ==, 8192);
      for (size_t at = 0; at < content->len; at++)
        g_assert_cmpint(content->data[at], ==, at >= 4096 && at < 4100 ? "data"[at - 4096] : 0);
      g_assert_null(layer_reader_next(reader, &error));
      g_assert_no_error(error);
    }
}

/* A hole costs nothing to write, but time to read. */
static void
test_holes_are_bounded(void)
{
  const struct {
    uint32_t ratio;
    const char *limit;
  } cases[] = {{100000, "limits.layer_unpacked_bytes"}, {1000, "limits.layer_ratio"}};
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GError) error = NULL;
    g_autoptr(GByteArray) tar = sparse_tar("77777777777");
    Pieces pieces = {slice_of(tar), 4096};
    LayerLimits bounds = limits;
    bounds.ratio = cases[i].ratio;
    bounds.unpacked_bytes = 16 << 20;
    g_autoptr(LayerReader) reader = layer_reader_new(pieces_read, &pieces, &bounds);
    g_assert_nonnull(layer_reader_next(reader, &error));
    uint8_t buffer[4096];
    while (layer_reader_read(reader, buffer, sizeof buffer, &error) > 0)
      continue;
    g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_LIMIT);
    g_assert_nonnull(strstr(error->message, cases[i].limit));
  }
}

/* Messages go to terminals, logs and JSON. */
static void
test_names_in_messages(void)
{
  static const TarEntry entries[] = {{"a\xff\x1b[31m", '0', NULL, "x", "00000077777"}, {NULL}};
  g_autoptr(GError) error = NULL, again = NULL;
  g_autoptr(GByteArray) tar = tar_of(entries);
  Pieces pieces = {slice_of(tar), 4096};
  g_autoptr(LayerReader) reader = layer_reader_new(pieces_read, &pieces, &limits);
  g_assert_nonnull(layer_reader_next(reader, &error));
  g_assert_no_error(error);
  g_assert_null(layer_reader_read_file(reader, &error));
  g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_INVALID);
  g_assert_true(slice_is_printable(slice_from_string(error->message)));
  /* Nothing follows what is broken. */
  g_assert_null(layer_reader_next(reader, &again));
  g_assert_cmpstr(again->message, ==, error->message);
}

/* --- the index of an outer tar --- */

static void
test_index(void)
{
  static const TarEntry entries[] = {{"./manifest.json", '0', NULL, "[{}]"},
                                     {"a/", '5'},
                                     {"a/layer.tar", '0', NULL, "content"},
                                     {"b.tar", '2', "a/layer.tar"},
                                     {NULL}};
  g_autoptr(GError) error = NULL;
  g_autoptr(GByteArray) tar = tar_of(entries);
  Pieces pieces = {slice_of(tar), 700};
  g_autoptr(GPtrArray) members = tar_index(pieces_read, &pieces, 4, 20, &error);
  g_assert_no_error(error);
  g_assert_cmpuint(members->len, ==, 4);
  const TarMember *manifest = g_ptr_array_index(members, 0), *layer = g_ptr_array_index(members, 2),
                  *link = g_ptr_array_index(members, 3);
  g_assert_cmpstr(manifest->name, ==, "manifest.json");
  g_assert_cmpmem(tar->data + manifest->offset, manifest->size, "[{}]", 4);
  g_assert_cmpmem(tar->data + layer->offset, layer->size, "content", 7);
  g_assert_cmpstr(link->target, ==, "a/layer.tar");
  g_assert_cmpuint(link->size, ==, 0);

  static const struct {
    const char *name;
    unsigned most, path_bytes, size;
    int code;
  } cases[] = {
      {"too many members", 3, 20, 0, ASSAY_ERROR_LIMIT},
      {"too long a name", 4, 10, 0, ASSAY_ERROR_LIMIT},
      {"cut in a header", 4, 20, 1100, ASSAY_ERROR_INVALID},
      {"cut in a member", 4, 20, 514, ASSAY_ERROR_INVALID},
      {"no tar", 4, 20, 100, ASSAY_ERROR_INVALID},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GError) failure = NULL;
    Slice part = slice_sub(slice_of(tar), 0, cases[i].size != 0 ? cases[i].size : tar->len);
    Pieces some = {part, 4096};
    g_test_message("case %s", cases[i].name);
    g_assert_null(tar_index(pieces_read, &some, cases[i].most, cases[i].path_bytes, &failure));
    g_assert_error(failure, ASSAY_ERROR, cases[i].code);
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/tar/sparse", test_sparse);
  g_test_add_func("/tar/sparse-by-records", test_sparse_by_records);
  g_test_add_func("/tar/holes-are-bounded", test_holes_are_bounded);
  g_test_add_func("/tar/names-in-messages", test_names_in_messages);
  g_test_add_func("/tar/index", test_index);
  return g_test_run();
}
