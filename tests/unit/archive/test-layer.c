/* The entries that a layer's tar is read as, what is refused of it, and where paths and links lead.
 */
#include "archive/layer.h"

#include "archive/path.h"
#include "base/error.h"
#include "bytes.h"

/* --- paths --- */

static void
test_paths(void)
{
  static const struct {
    const char *name, *path;
    unsigned depth;
    bool escapes;
  } cases[] = {
      {"a/b", "a/b", 2, false},
      {"./a//b/", "a/b", 2, false},
      {"/a", "a", 1, false},
      {"", "", 0, false},
      {"/", "", 0, false},
      {"a/./b", "a/b", 2, false},
      {"a/../b", "b", 1, false},
      {"..", "", 0, true},
      {"../../etc/passwd", "etc/passwd", 2, true},
      {"a/../../b", "b", 1, true},
      {"/..", "", 0, true},
      {"...", "...", 1, false},
      {"..a/.b", "..a/.b", 2, false},
      {"a\xff", "a\xef\xbf\xbd", 1, false},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    unsigned depth;
    bool escapes;
    g_autofree char *path = path_normalise(cases[i].name, &depth, &escapes);
    g_test_message("case %zu", i);
    g_assert_cmpstr(path, ==, cases[i].path);
    g_assert_cmpuint(depth, ==, cases[i].depth);
    g_assert_cmpint(escapes, ==, cases[i].escapes);
  }
}

static void
test_links(void)
{
  static const struct {
    const char *path, *target, *leads_to;
  } cases[] = {
      {"etc/os-release", "../usr/lib/os-release", "usr/lib/os-release"},
      {"etc/os-release", "/usr/lib/os-release", "usr/lib/os-release"},
      {"lib", "usr/lib", "usr/lib"},
      {"var/lib/rpm", "../../usr/lib/sysimage/rpm", "usr/lib/sysimage/rpm"},
      {"a/b", "../../../../etc/passwd", "etc/passwd"},
      {"a/b", "", "a"},
      {"a", ".", ""},
      {"a/b", "b", "a/b"},
      {"a/b", "/", ""},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *path = path_of_symlink(cases[i].path, cases[i].target);
    g_test_message("case %s -> %s", cases[i].path, cases[i].target);
    g_assert_cmpstr(path, ==, cases[i].leads_to);
  }
  g_assert_cmpstr(path_below("a/b/c", "a"), ==, "b/c");
  g_assert_cmpstr(path_below("a/b", "a/b"), ==, "");
  g_assert_cmpstr(path_below("a/b", ""), ==, "a/b");
  g_assert_null(path_below("a/bc", "a/b"));
  g_assert_null(path_below("a", "a/b"));
}

/* --- entries --- */

/* "KIND path[>target][!][?]" a line, "!" for what escapes, "?" for what is doubtful. */
static char *
describe(Slice layer, size_t piece, const LayerLimits *most, GError **error)
{
  static const char kinds[] = "fdlhDow*g";
  Pieces pieces = {layer, piece};
  GString *text = g_string_new(NULL);
  g_autoptr(LayerReader) reader = layer_reader_new(pieces_read, &pieces, most);
  GError *failure = NULL;
  for (const LayerEntry *entry = layer_reader_next(reader, &failure); entry != NULL;
       entry = layer_reader_next(reader, &failure)) {
    g_string_append_printf(text, "%c %s%s%s%s%s\n", kinds[entry->kind], entry->path,
                           entry->target != NULL ? ">" : "",
                           entry->target != NULL ? entry->target : "", entry->escapes ? "!" : "",
                           entry->doubt != NULL ? "?" : "");
  }
  Digest digest;
  uint64_t size;
  if (failure == NULL)
    layer_reader_finish(reader, &digest, &size, &failure);
  if (failure != NULL)
    g_propagate_error(error, failure);
  return g_string_free(text, FALSE);
}

static void
test_entries(void)
{
  static const TarEntry entries[] = {
      {"./", '5'},
      {"./etc/", '5'},
      {"etc/passwd", '0', NULL, "root"},
      {"/abs", '0', NULL, "x"},
      {"../../etc/shadow", '0', NULL, "x"},
      {"a/../../b", '5'},
      {"link", '2', "/etc/passwd"},
      {"loop", '2', "loop"},
      {"hard", '1', "etc/passwd"},
      {"out", '1', "../../../etc/passwd"},
      {"dev/sda", '4'},
      {"dev/null", '3'},
      {"pipe", '6'},
      {"old", '\0', NULL, "y"},
      {"._x", '0', NULL, "not metadata"},
      {".wh.gone", '0'},
      {"d/.wh.gone", '0'},
      {"d/.wh..wh..opq", '0'},
      {".wh..wh..opq", '0'},
      {".wh.", '0'},
      {"d/.wh.", '0'},
      {"d/.wh...", '0'},
      {".wh..wh.aufs", '0'},
      {"d/no.wh.x", '0'},
      {"caf\xc3\xa9", '0'},
      {"bad\xff", '0'},
      {NULL},
  };
  static const char expected[] = "d \nd etc\nf etc/passwd\nf abs\nf etc/shadow!\nd b!\n"
                                 "l link>/etc/passwd\nl loop>loop\nh hard>etc/passwd\n"
                                 "h out>../../../etc/passwd\nD dev/sda\nD dev/null\no pipe\nf old\n"
                                 "f ._x\nw gone\nw d/gone\n* d\n* \nf .wh.\nf d/.wh.\nf d/.wh...\n"
                                 "f .wh..wh.aufs\nf d/no.wh.x\nf caf\xc3\xa9\nf bad\xef\xbf\xbd?\n";
  g_autoptr(GByteArray) tar = tar_of(entries), gzip = gzip_of(slice_of(tar)),
                        zstd = zstd_of(slice_of(tar), 0);
  const GByteArray *packed[] = {tar, gzip, zstd};
  for (size_t i = 0; i < G_N_ELEMENTS(packed); i++)
    for (size_t piece = 1; piece < 100000; piece *= 100) {
      g_autoptr(GError) error = NULL;
      g_autofree char *text = describe(slice_of(packed[i]), piece, &limits, &error);
      g_assert_no_error(error);
      g_assert_cmpstr(text, ==, expected);
    }
}

static void
test_content_and_digest(void)
{
  static const TarEntry entries[] = {{"first", '0', NULL, "one"},
                                     {"skipped", '0', NULL, "two"},
                                     {"third", '0', NULL, "three"},
                                     {NULL}};
  g_autoptr(GError) error = NULL;
  g_autoptr(GByteArray) tar = tar_of(entries), packed = NULL;
  /* What stands behind the end of a tar counts for the digest. */
  g_byte_array_append(tar, (const guint8 *)"tail", 4);
  packed = gzip_of(slice_of(tar));
  Pieces pieces = {slice_of(packed), 50};
  g_autoptr(LayerReader) reader = layer_reader_new(pieces_read, &pieces, &limits);
  static const char *const contents[] = {"one", NULL, "three"};
  for (size_t i = 0; i < G_N_ELEMENTS(contents); i++) {
    const LayerEntry *entry = layer_reader_next(reader, &error);
    g_assert_nonnull(entry);
    g_assert_cmpuint(entry->size, ==, strlen(entries[i].content));
    g_assert_cmpuint(entry->mode, ==, 04755);
    if (contents[i] == NULL)
      continue;
    g_autoptr(GBytes) content = layer_reader_read_file(reader, &error);
    g_assert_true(slice_equal_string(slice_from_bytes(content), contents[i]));
  }
  g_assert_null(layer_reader_next(reader, &error));
  g_assert_no_error(error);
  Digest digest, expected = digest_of(DIGEST_SHA256, slice_of(tar));
  uint64_t size;
  g_assert_true(layer_reader_finish(reader, &digest, &size, &error));
  g_assert_cmpstr(digest.text, ==, expected.text);
  g_assert_cmpuint(size, ==, tar->len);
}

/* An image's empty layer is a tar of nothing but its end. */
static void
test_nothing(void)
{
  static const TarEntry none[] = {{NULL}};
  g_autoptr(GByteArray) tar = tar_of(none), packed = gzip_of(slice_of(tar)),
                        empty = gzip_of(SLICE_EMPTY);
  g_autoptr(GError) error = NULL;
  g_autofree char *text = describe(slice_of(packed), 100, &limits, &error);
  g_assert_no_error(error);
  g_assert_cmpstr(text, ==, "");
  const Slice no_layers[] = {SLICE_EMPTY, slice_of(empty), SLICE_LITERAL("{\"a\":1}"),
                             SLICE_LITERAL("PK\3\4 and so on, a zip file")};
  for (size_t i = 0; i < G_N_ELEMENTS(no_layers); i++) {
    g_autoptr(GError) failure = NULL;
    g_autofree char *said = describe(no_layers[i], 100, &limits, &failure);
    g_test_message("case %zu", i);
    g_assert_error(failure, ASSAY_ERROR, ASSAY_ERROR_UNSUPPORTED);
  }
}

/* --- oddities --- */

#define X10(s)  s s s s s s s s s s
#define X100(s) X10(s) X10(s) X10(s) X10(s) X10(s) X10(s) X10(s) X10(s) X10(s) X10(s)

static const struct {
  const char *name;
  TarEntry entries[4];
  const char *text; /* NULL: refused */
  int code;
} odd_tars[] = {
    {"a long name of GNU's",
     {{"././@LongLink", 'L', NULL, "a/" X10("0123456789")}, {"cut", '0', NULL, "x"}},
     "f a/" X10("0123456789") "\n",
     0},
    {"a long link of GNU's",
     {{"././@LongLink", 'K', NULL, X10("target/")}, {"link", '2', "cut"}},
     "l link>" X10("target/") "\n",
     0},
    {"a name of pax's",
     {{"pax", 'x', NULL, "17 path=new/name\n"}, {"old", '0', NULL, "x"}},
     "f new/name\n",
     0},
    {"a name of pax's that is no UTF-8",
     {{"pax", 'x', NULL, "12 path=a\xff\xfe\n"}, {"old", '0', NULL, "x"}},
     "f a\xef\xbf\xbd\xef\xbf\xbd?\n",
     0},
    {"global headers of pax's",
     {{"pax", 'g', NULL, "17 comment=hello\n"}, {"f", '0'}},
     "g pax\nf f\n",
     0},
    {"too long", {{"././@LongLink", 'L', NULL, X100("ab")}, {"cut", '0'}}, "f " X100("ab") "\n", 0},
    {"longer than may be",
     {{"././@LongLink", 'L', NULL, X100("abc")}, {"cut", '0'}},
     NULL,
     ASSAY_ERROR_LIMIT},
    {"a target longer than may be",
     {{"././@LongLink", 'K', NULL, X100("abc")}, {"l", '2', "x"}},
     NULL,
     ASSAY_ERROR_LIMIT},
    {"as deep as may be", {{X10("d/"), '5'}}, "d d/d/d/d/d/d/d/d/d/d\n", 0},
    {"deeper", {{X10("d/") "e", '0'}}, NULL, ASSAY_ERROR_LIMIT},
    {"a negative size",
     {{"f", '0', NULL, NULL, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xf0"}},
     NULL,
     ASSAY_ERROR_INVALID},
    {"a huge size",
     {{"f", '0', NULL, "x", "\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff"}},
     NULL,
     ASSAY_ERROR_INVALID},
    {"a size of 8 GiB, cut off", {{"f", '0', NULL, "x", "77777777777"}}, NULL, ASSAY_ERROR_INVALID},
    {"no digits for a size", {{"f", '0', NULL, NULL, "hello world"}}, NULL, ASSAY_ERROR_INVALID},
    {"a hard link with content",
     {{"pax", 'x', NULL, "17 comment=hello\n"}, {"hard", '1', "f", "x"}, {"f", '0'}},
     NULL,
     ASSAY_ERROR_INVALID},
    {"pax that says nothing",
     {{"pax", 'x', NULL, "garbage"}, {"f", '0'}},
     NULL,
     ASSAY_ERROR_INVALID},
    {"pax with an empty name", {{"pax", 'x', NULL, "8 path=\n"}, {"f", '0'}}, "f f\n", 0},
    {"an unknown type", {{"f", 'Z', NULL, "x"}}, "f f?\n", 0},
    {"a file with a slash", {{"f/", '0', NULL, "x"}}, "f f\n", 0},
    {"a folder by its slash", {{"f/", '\0'}}, "d f\n", 0},
    {"a folder with a size", {{"d/", '5', NULL, NULL, "00000001000"}, {"f", '0'}}, "d d\nf f\n", 0},
    {"global headers of whiteouts' names",
     {{"a/.wh.b", 'g'}, {"a/.wh..wh..opq", 'g'}, {"a/.wh.", 'g'}},
     "g a/b\ng a\ng a/.wh.\n",
     0},
    {"a global header that names another",
     {{"pax", 'g', NULL, "17 path=etc/x.so\n"}, {"f", '0'}},
     "g etc/x.so\nf f\n",
     0},
    {"a global header ends what came before it",
     {{"pax", 'x', NULL, "17 path=new/name\n"}, {"pax", 'g'}, {"f", '0'}},
     "g pax\nf f\n",
     0},
    {"attributes of overlayfs",
     {{"pax", 'x', NULL, "38 SCHILY.xattr.user.overlay.opaque=y\n"}, {"d", '5'}},
     "d d?\n",
     0},
    {"attributes", {{"pax", 'x', NULL, "25 SCHILY.xattr.user.x=y\n"}, {"d", '5'}}, "d d\n", 0},
    {"a time that is none",
     {{"pax", 'x', NULL, "12 mtime=1x\n"}, {"f", '0'}},
     NULL,
     ASSAY_ERROR_INVALID},
    {"the map of a sparse file at a folder",
     {{"pax", 'x', NULL,
       "26 GNU.sparse.numblocks=0\n22 GNU.sparse.major=0\n22 GNU.sparse.minor=1\n"},
      {"d", '5'}},
     NULL,
     ASSAY_ERROR_INVALID},
};

static void
test_odd_tars(void)
{
  for (size_t i = 0; i < G_N_ELEMENTS(odd_tars); i++) {
    g_autoptr(GError) error = NULL;
    g_autoptr(GByteArray) tar = tar_of(odd_tars[i].entries);
    g_autofree char *text = describe(slice_of(tar), 333, &limits, &error);
    g_test_message("%s: %s%s", odd_tars[i].name, text, error != NULL ? error->message : "");
    if (odd_tars[i].text == NULL) {
      g_assert_error(error, ASSAY_ERROR, odd_tars[i].code);
      continue;
    }
    g_assert_no_error(error);
    g_assert_cmpstr(text, ==, odd_tars[i].text);
  }
}

/* --- limits --- */

static void
test_limits(void)
{
  static const TarEntry entries[] = {{"a", '0', NULL, "1234"}, {"b", '0'}, {"c", '0'}, {NULL}};
  g_autoptr(GByteArray) tar = tar_of(entries), large = tar_of(entries);
  g_byte_array_set_size(large, 8 << 20);
  memset(large->data + tar->len, 0, large->len - tar->len);
  g_autoptr(GByteArray) gzip = gzip_of(slice_of(large)), zstd = zstd_of(slice_of(large), 0);
  LayerLimits few = limits, small = limits, low = limits;
  few.entries = 2;
  small.unpacked_bytes = 4 << 20;
  small.ratio = 100000;
  low.ratio = 10;
  const struct {
    const char *setting;
    const LayerLimits *limits;
    const GByteArray *layer;
  } cases[] = {
      {NULL, &limits, tar},
      {NULL, &low, tar}, /* under a MiB any ratio may be */
      {"limits.layer_entries", &few, tar},
      {"limits.layer_unpacked_bytes", &small, gzip},
      {"limits.layer_unpacked_bytes", &small, zstd},
      {"limits.layer_unpacked_bytes", &small, large},
      {"limits.layer_ratio", &low, gzip},
      {"limits.layer_ratio", &limits, zstd},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GError) error = NULL;
    g_autofree char *text = describe(slice_of(cases[i].layer), 10000, cases[i].limits, &error);
    g_test_message("case %zu: %s", i, error != NULL ? error->message : "read");
    if (cases[i].setting == NULL) {
      g_assert_no_error(error);
      continue;
    }
    g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_LIMIT);
    g_assert_nonnull(strstr(error->message, cases[i].setting));
  }
}

/* A reader that is let go in the middle takes its thread along. */
static void
test_abandoned(void)
{
  g_autoptr(GByteArray) large = g_byte_array_new();
  g_byte_array_set_size(large, 16 << 20);
  memset(large->data, 0, large->len);
  memcpy(large->data, "x", 1);
  for (int i = 0; i < 20; i++) {
    Pieces pieces = {slice_of(large), 1000};
    g_autoptr(LayerReader) reader = layer_reader_new(pieces_read, &pieces, &limits);
    if (i % 2 == 0)
      layer_reader_next(reader, NULL);
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/layer/paths", test_paths);
  g_test_add_func("/layer/links", test_links);
  g_test_add_func("/layer/entries", test_entries);
  g_test_add_func("/layer/content-and-digest", test_content_and_digest);
  g_test_add_func("/layer/nothing", test_nothing);
  g_test_add_func("/layer/odd-tars", test_odd_tars);
  g_test_add_func("/layer/limits", test_limits);
  g_test_add_func("/layer/abandoned", test_abandoned);
  return g_test_run();
}
