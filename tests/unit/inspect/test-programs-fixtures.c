/* Real programs and archives, and what others found in them: a folder beside the project, with a
 * table of path, package and version. */
#include <glib.h>
#include <zlib.h>

#include "zip_files.h"

static char *
shared_path(const char *path)
{
  const char *shared = g_getenv("ASSAY_SHARED");
  return g_build_filename(shared != NULL ? shared : "../shared", "fixtures", path, NULL);
}

/* (transfer full), or NULL. */
static GBytes *
load(const char *path)
{
  g_autofree char *file = shared_path(path);
  char *text = NULL;
  gsize size;
  return g_file_get_contents(file, &text, &size, NULL) ? g_bytes_new_take(text, size) : NULL;
}

static GBytes *
unpacked(GBytes *packed)
{
  GByteArray *whole = g_byte_array_new();
  gsize size;
  z_stream stream = {.next_in = (Bytef *)(uintptr_t)g_bytes_get_data(packed, &size)};
  guint8 piece[65536];
  stream.avail_in = (uInt)size;
  g_assert_cmpint(inflateInit2(&stream, 16 + MAX_WBITS), ==, Z_OK);
  int code;
  do {
    stream.next_out = piece;
    stream.avail_out = sizeof piece;
    code = inflate(&stream, Z_NO_FLUSH);
    g_byte_array_append(whole, piece, (guint)sizeof piece - stream.avail_out);
  } while (code == Z_OK);
  inflateEnd(&stream);
  return g_byte_array_free_to_bytes(whole);
}

/* "NAME VERSION", without Go's "v". */
static char *
line_of(const char *name, const char *version)
{
  return g_strdup_printf("%s %s", name, *version == 'v' ? version + 1 : version);
}

/* Of all rows of @path that have a version: each is found. Others may leave out Go's own library,
 * which is in each of its programs. */
static void
compare(const char *path, const LayerInventory *found, GStrv rows)
{
  g_autoptr(GHashTable) lines = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < found->packages->len; i++) {
    const Package *package = g_ptr_array_index(found->packages, i);
    g_hash_table_add(lines, line_of(package->name, package->version));
    if (strcmp(package->name, "stdlib") == 0)
      g_hash_table_remove(lines, "stdlib 1.22.0");
  }
  for (size_t i = 0; rows[i] != NULL; i++) {
    g_auto(GStrv) row = g_strsplit(rows[i], "\t", -1);
    if (g_strv_length(row) < 3 || strcmp(row[0], path) != 0)
      continue;
    g_autofree char *line = line_of(row[1], row[2]);
    if (*row[2] == '\0')
      g_assert_cmpuint(found->notes->len, >, 0);
    else if (!g_hash_table_remove(lines, line))
      g_error("%s: %s is not found", path, line);
  }
  GHashTableIter iter;
  void *line;
  g_hash_table_iter_init(&iter, lines);
  while (g_hash_table_iter_next(&iter, &line, NULL))
    g_error("%s: %s is found, and was not expected", path, (char *)line);
}

static void
test_elf(void)
{
  g_autoptr(GBytes) table = load("elf-sparse/expected.tsv");
  if (table == NULL) {
    g_test_skip("the fixtures are not here");
    return;
  }
  g_autofree char *text = slice_to_string(slice_from_bytes(table));
  g_auto(GStrv) rows = g_strsplit(text, "\n", -1);
  g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  for (size_t i = 1; rows[i] != NULL; i++) {
    g_autofree char *path = g_strndup(rows[i], strcspn(rows[i], "\t"));
    g_autoptr(GBytes) packed = load(path);
    if (packed == NULL || !g_hash_table_add(seen, g_strdup(path)))
      continue;
    g_autoptr(GBytes) bytes = unpacked(packed);
    g_autoptr(LayerInventory) found = read_program("x", slice_from_bytes(bytes));
    compare(path, found, rows);
  }
  g_assert_cmpuint(g_hash_table_size(seen), >=, 6);
}

/* As its test has it: the manifest is all that is in an archive. */
static LayerInventory *
read_java(const char *path, Slice bytes)
{
  g_autofree char *folder = g_path_get_dirname(path);
  bool is_manifest = g_str_has_suffix(path, "/MANIFEST.MF");
  g_autofree char *location = is_manifest ? g_strconcat(folder, ".jar", NULL) : g_strdup(path);
  LayerInventory *into = layer_inventory_new();
  ZipWriter zip = zip_writer();
  zip_add(&zip, "META-INF/MANIFEST.MF", bytes);
  g_autoptr(GByteArray) archive = zip_end(&zip);
  java_archive_detector.read(is_manifest ? slice_of_array(archive) : bytes, location, into);
  return into;
}

static void
test_java(void)
{
  g_autoptr(GBytes) table = load("expected.tsv");
  if (table == NULL) {
    g_test_skip("the fixtures are not here");
    return;
  }
  g_autofree char *text = slice_to_string(slice_from_bytes(table));
  g_auto(GStrv) rows = g_strsplit(text, "\n", -1);
  g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  for (size_t i = 1; rows[i] != NULL; i++) {
    g_autofree char *path = g_strndup(rows[i], strcspn(rows[i], "\t"));
    if (!g_str_has_prefix(path, "java-archive/") || !g_hash_table_add(seen, g_strdup(path)))
      continue;
    g_autoptr(GBytes) bytes = load(path);
    g_assert_nonnull(bytes);
    g_autoptr(LayerInventory) found = read_java(path, slice_from_bytes(bytes));
    compare(path, found, rows);
  }
  g_assert_cmpuint(g_hash_table_size(seen), >=, 10);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/programs/fixtures/elf", test_elf);
  g_test_add_func("/programs/fixtures/java", test_java);
  return g_test_run();
}
