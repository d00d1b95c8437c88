/* Layers through the real worker: hostile ones end in clear errors. */
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#include "base/error.h"
#include "base/fd.h"
#include "cage/sanitised.h"
#include "cage/worker_process.h"
#include "inspect/inspection.h"
#include "worker_layers.h"

/* --- layers --- */

static LayerInventory *
inspect_bytes(const void *bytes, size_t size, const InspectionLimits *limits, const Digest *diff_id,
              GError **error)
{
  auto_fd int fd = memory_file_new("layer", error);
  g_assert_true(fd_write_all(fd, slice_new(bytes, size), error));
  InspectionInput input = {.fd = fd, .size = size, .expected_diff_id = diff_id};
  return inspect_layer(&input, limits, NULL, error);
}

static void
test_layers(void)
{
  g_autoptr(GError) error = NULL;
  InspectionLimits limits = default_limits();
  g_autoptr(GByteArray) tar = make_tar(debian);
  g_autoptr(GByteArray) packed = gzip(tar);
  Digest diff_id = digest_of(DIGEST_SHA256, slice_new(tar->data, tar->len));

  g_autoptr(LayerInventory) plain = inspect_bytes(tar->data, tar->len, &limits, &diff_id, &error);
  g_assert_no_error(error);
  assert_debian(plain);
  g_autoptr(LayerInventory) unpacked =
      inspect_bytes(packed->data, packed->len, &limits, &diff_id, &error);
  g_assert_no_error(error);
  assert_debian(unpacked);
  g_assert_cmpstr(unpacked->diff_id.text, ==, diff_id.text);

  /* Two members are one stream; padding behind them is none of it. */
  g_autoptr(GByteArray) head = g_byte_array_new(), rest = g_byte_array_new();
  g_byte_array_append(head, tar->data, 512);
  g_byte_array_append(rest, tar->data + 512, tar->len - 512);
  g_autoptr(GByteArray) members = gzip(head), second = gzip(rest);
  static const uint8_t padding[100] = {0};
  g_byte_array_append(members, second->data, second->len);
  g_byte_array_append(members, padding, sizeof padding);
  g_autoptr(LayerInventory) joined =
      inspect_bytes(members->data, members->len, &limits, &diff_id, &error);
  g_assert_no_error(error);
  assert_debian(joined);
}

/* --- links --- */

#define OS     "ID=debian\n"
#define STATUS "Package: a\nStatus: install ok installed\nVersion: 1\n\n"
#define APK    "P:b\nV:1\n\n"

/* The changes; then what was read: "path location: package=version"; "!" what is unread. */
static char *
summary_of(const LayerInventory *layer)
{
  g_autofree char *changes = changes_of(layer);
  GString *text = g_string_new(changes);
  for (guint i = 0; i < layer->reads->len; i++) {
    const LayerFile *read = g_ptr_array_index(layer->reads, i);
    if (read->change == LAYER_ANYWHERE) /* facts of modes */
      continue;
    const LayerChange *change = g_ptr_array_index(layer->changes, read->change);
    g_string_append_printf(text, " | %s %s", change->path, read->location);
    for (guint j = 0; j < layer->packages->len; j++) {
      const Package *package = g_ptr_array_index(layer->packages, j);
      if (package->read == i)
        g_string_append_printf(text, " %s=%s", package->name, package->version);
    }
  }
  for (guint i = 0; i < layer->unread->len; i++)
    g_string_append_printf(text, " !%s", (const char *)g_ptr_array_index(layer->unread, i));
  return g_string_free(text, FALSE);
}

/* What is asked for, and what its own links make of that, is told in the order of the tar; each
 * file is read for every place that may lead to it. */
static const struct {
  const char *name;
  Entry entries[6];
  const char *summary;
} linked[] = {
    {"none",
     {{"var/lib/dpkg/status", STATUS, NULL, 0}},
     "f var/lib/dpkg/status | var/lib/dpkg/status var/lib/dpkg/status a=1"},
    {"a hard link behind its file",
     {{"x/status", STATUS, NULL, 0}, {"var/lib/dpkg/status", NULL, "x/status", AE_IFREG}},
     "f x/status, l var/lib/dpkg/status>x/status | x/status var/lib/dpkg/status a=1"},
    {"a symbolic link before its file",
     {{"var/lib/dpkg/status", NULL, "../../../x/status", AE_IFLNK}, {"x/status", STATUS, NULL, 0}},
     "s var/lib/dpkg/status>../../../x/status, f x/status | x/status var/lib/dpkg/status a=1"},
    {"an absolute link",
     {{"var/lib/dpkg/status", NULL, "/x/status", AE_IFLNK}, {"x/status", STATUS, NULL, 0}},
     "s var/lib/dpkg/status>/x/status, f x/status | x/status var/lib/dpkg/status a=1"},
    {"a linked folder",
     {{"var/lib/dpkg", NULL, "../../x", AE_IFLNK},
      {"x/status", STATUS, NULL, 0},
      {"x/status.d/b", "Package: b\nVersion: 2\n", NULL, 0},
      {"x/other", STATUS, NULL, 0}},
     "s var/lib/dpkg>../../x, f x/status, f x/status.d/b, i x | x/status var/lib/dpkg/status a=1 | "
     "x/status.d/b var/lib/dpkg/status.d/b b=2"},
    {"a linked folder high above",
     {{"var", NULL, "private/var", AE_IFLNK}, {"private/var/lib/dpkg/status", STATUS, NULL, 0}},
     "s var>private/var, f private/var/lib/dpkg/status | private/var/lib/dpkg/status "
     "var/lib/dpkg/status a=1"},
    {"a chain, its end first",
     {{"w", STATUS, NULL, 0},
      {"y/z/status", NULL, "/w", AE_IFLNK},
      {"x", NULL, "y/z", AE_IFLNK},
      {"var/lib/dpkg", NULL, "../../x", AE_IFLNK}},
     "f w, s y/z/status>/w, s x>y/z, s var/lib/dpkg>../../x | w var/lib/dpkg/status a=1"},
    {"one of status.d",
     {{"var/lib/dpkg/status.d/a", NULL, "../../../../x", AE_IFLNK}, {"x", STATUS, NULL, 0}},
     "s var/lib/dpkg/status.d/a>../../../../x, f x | x var/lib/dpkg/status.d/x a=1"},
    {"merged /usr",
     {{"lib", NULL, "usr/lib", AE_IFLNK}, {"usr/lib/apk/db/installed", APK, NULL, 0}},
     "s lib>usr/lib, f usr/lib/apk/db/installed | usr/lib/apk/db/installed "
     "usr/lib/apk/db/installed b=1"},
    {"os-release as everywhere",
     {{"etc/os-release", NULL, "../usr/lib/os-release", AE_IFLNK},
      {"usr/lib/os-release", OS, NULL, 0}},
     "s etc/os-release>../usr/lib/os-release, f usr/lib/os-release | usr/lib/os-release "
     "usr/lib/os-release"},
    {"to a place of another kind",
     {{"usr/lib/apk/db/installed", STATUS, NULL, 0},
      {"var/lib/dpkg/status", NULL, "/usr/lib/apk/db/installed", AE_IFLNK}},
     "f usr/lib/apk/db/installed, s var/lib/dpkg/status>/usr/lib/apk/db/installed | "
     "usr/lib/apk/db/installed var/lib/dpkg/status a=1 | usr/lib/apk/db/installed "
     "usr/lib/apk/db/installed"},
    {"written through a link",
     {{"x", NULL, "var/lib/dpkg", AE_IFLNK}, {"x/status", STATUS, NULL, 0}, {"x/y", "z", NULL, 0}},
     "s x>var/lib/dpkg, f x/status, i x | x/status var/lib/dpkg/status a=1"},
    {"a link that nothing asks for",
     {{"x", NULL, "y", AE_IFLNK}, {"y/status", STATUS, NULL, 0}, {"x/z", "z", NULL, 0}},
     ""},
    {"around",
     {{"var/lib/dpkg/status", NULL, "/x", AE_IFLNK},
      {"x", NULL, "/y", AE_IFLNK},
      {"y", NULL, "/x", AE_IFLNK}},
     "s var/lib/dpkg/status>/x, s x>/y, s y>/x"},
    {"a FIFO in its place",
     {{"var/lib/dpkg/status", NULL, NULL, AE_IFIFO}},
     "o var/lib/dpkg/status"},
    {"a file in its folder's place", {{"var/lib/dpkg", "x", NULL, 0}}, "f var/lib/dpkg"},
    {"written twice",
     {{"var/lib/dpkg/status", STATUS STATUS STATUS, NULL, 0},
      {"var/lib/dpkg/status", "Package: a\nVersion: 2\n", NULL, 0}},
     "f var/lib/dpkg/status, f var/lib/dpkg/status | var/lib/dpkg/status var/lib/dpkg/status a=1 "
     "a=1 a=1 | var/lib/dpkg/status var/lib/dpkg/status a=2"},
    {"folders with and without an entry",
     {{"var/cache/x", "x", NULL, 0},
      {"var/cache/y", "x", NULL, 0},
      {"var/lib/", NULL, NULL, AE_IFDIR},
      {"var/lib/z", "x", NULL, 0},
      {"var/lib/dpkg/info/z", "x", NULL, 0}},
     "i var, d var/lib, i var/lib/dpkg"},
    {"a folder that is lost and implied again",
     {{"var/lib/dpkg/info/z", "x", NULL, 0},
      {"var/lib/.wh.dpkg", NULL, NULL, 0},
      {"var/lib/dpkg/info/y", "x", NULL, 0}},
     "i var/lib/dpkg, - var/lib/dpkg, i var/lib/dpkg"},
    {"marks that name nothing",
     {{"var/lib/dpkg/.wh.", "x", NULL, 0},
      {"var/lib/dpkg/.wh..", "x", NULL, 0},
      {"var/lib/dpkg/.wh...", "x", NULL, 0},
      {"var/lib/dpkg/status.d/.wh..wh.x", STATUS, NULL, 0},
      {"srv/.wh.", "x", NULL, 0}},
     "! var/lib/dpkg>has a whiteout that names nothing, ! var/lib/dpkg>has a whiteout that names "
     "nothing, ! var/lib>has a whiteout that names nothing"},
    {"whiteouts",
     {{"var/.wh.lib", NULL, NULL, 0},
      {"srv/.wh.lib", NULL, NULL, 0},
      {"etc/.wh..wh..opq", NULL, NULL, 0},
      {".wh..wh..opq", NULL, NULL, 0}},
     "- var/lib, q etc, q "},
    {"whiteouts that are links",
     {{"var/.wh.lib", NULL, "x", AE_IFLNK}, {"etc/.wh..wh..opq", NULL, "/etc", AE_IFLNK}},
     "- var/lib, q etc"},
    {"climbing",
     {{"../var/lib/dpkg/status", STATUS, NULL, 0}},
     "f var/lib/dpkg/status | var/lib/dpkg/status var/lib/dpkg/status a=1"},
};

static void
test_links(void)
{
  InspectionLimits limits = default_limits();
  for (size_t i = 0; i < G_N_ELEMENTS(linked); i++) {
    g_autoptr(GError) error = NULL;
    g_autoptr(GByteArray) tar = make_tar(linked[i].entries);
    g_autoptr(LayerInventory) layer = inspect_bytes(tar->data, tar->len, &limits, NULL, &error);
    g_assert_no_error(error);
    g_autofree char *summary = summary_of(layer);
    g_test_message("%s", linked[i].name);
    g_assert_cmpstr(summary, ==, linked[i].summary);
  }
}

/* Names that are no ASCII, in the locale that the worker has. */
static void
test_names(void)
{
  static const Entry entries[] = {{"usr/share/F\xc5\x91tan\xc3\xbas.crt", "x", NULL, 0},
                                  {"usr/share/link", NULL, "F\xc5\x91tan\xc3\xbas.crt", AE_IFLNK},
                                  {NULL}};
  g_autoptr(GError) error = NULL;
  InspectionLimits limits = default_limits();
  g_autoptr(GByteArray) tar = make_tar(entries);
  g_autoptr(LayerInventory) layer = inspect_bytes(tar->data, tar->len, &limits, NULL, &error);
  g_assert_no_error(error);
  g_assert_cmpuint(layer->entries, ==, 2);
}

static void
test_broken_layers(void)
{
  InspectionLimits limits = default_limits();
  limits.worker.seconds = 60;
  g_autoptr(GByteArray) tar = make_tar(debian), packed = gzip(tar);
  g_autoptr(GByteArray) garbage = g_byte_array_new();
  g_byte_array_append(garbage, packed->data, packed->len);
  g_byte_array_append(garbage, (const uint8_t *)"garbage", 7);
  g_autoptr(GByteArray) flipped = g_byte_array_new();
  g_byte_array_append(flipped, packed->data, packed->len);
  flipped->data[flipped->len - 6] ^= 0x55;
  Digest other = digest_of(DIGEST_SHA256, SLICE_EMPTY);
  const struct {
    const char *name;
    const uint8_t *data;
    size_t size;
    const Digest *diff_id;
    int code;
  } cases[] = {
      {"truncated gzip", packed->data, packed->len / 2, NULL, ASSAY_ERROR_INVALID},
      {"gzip without its end", packed->data, packed->len - 4, NULL, ASSAY_ERROR_INVALID},
      {"gzip with a wrong sum", flipped->data, flipped->len, NULL, ASSAY_ERROR_INVALID},
      {"gzip and garbage", garbage->data, garbage->len, NULL, ASSAY_ERROR_INVALID},
      {"tar cut in a header", tar->data, 1100, NULL, ASSAY_ERROR_INVALID},
      {"wrong diff_id", packed->data, packed->len, &other, ASSAY_ERROR_MISMATCH},
      {"not a layer", (const uint8_t *)"{\"a\":1}", 7, NULL, ASSAY_ERROR_UNSUPPORTED},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GError) error = NULL;
    g_autoptr(LayerInventory) layer =
        inspect_bytes(cases[i].data, cases[i].size, &limits, cases[i].diff_id, &error);
    g_test_message("%s: %s", cases[i].name, error != NULL ? error->message : "no error");
    g_assert_null(layer);
    g_assert_error(error, ASSAY_ERROR, cases[i].code);
  }
}

static void
test_limits(void)
{
  g_autoptr(GByteArray) tar = make_tar(debian), zeros = g_byte_array_new();
  g_byte_array_set_size(zeros, 64 << 20);
  memset(zeros->data, 0, zeros->len);
  g_autoptr(GByteArray) bomb = gzip(zeros);
  InspectionLimits defaults = default_limits();
  InspectionLimits few_entries = defaults, small = defaults, shallow = defaults,
                   short_paths = defaults, low_ratio = defaults;
  few_entries.layer.entries = 3;
  small.layer.unpacked_bytes = 1 << 20;
  shallow.layer.path_depth = 2;
  short_paths.layer.path_bytes = 10;
  low_ratio.layer.ratio = 100;
  const struct {
    const char *setting;
    const InspectionLimits *limits;
    const GByteArray *bytes;
  } cases[] = {
      {"limits.layer_entries", &few_entries, tar}, {"limits.layer_unpacked_bytes", &small, bomb},
      {"limits.path_depth", &shallow, tar},        {"limits.path_bytes", &short_paths, tar},
      {"limits.layer_ratio", &low_ratio, bomb},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GError) error = NULL;
    g_autoptr(LayerInventory) layer =
        inspect_bytes(cases[i].bytes->data, cases[i].bytes->len, cases[i].limits, NULL, &error);
    g_test_message("%s: %s", cases[i].setting, error != NULL ? error->message : "no error");
    g_assert_null(layer);
    g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_LIMIT);
    g_assert_nonnull(strstr(error->message, cases[i].setting));
  }
}

/* One file that is too large is no reason to know nothing of the layer. */
static void
test_large_files(void)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GByteArray) tar = make_tar(debian);
  InspectionLimits limits = default_limits();
  limits.layer.file_bytes = 8;
  g_autoptr(LayerInventory) layer = inspect_bytes(tar->data, tar->len, &limits, NULL, &error);
  g_assert_no_error(error);
  g_assert_cmpuint(layer->packages->len, ==, 0);
  g_assert_cmpuint(layer->reads->len, >, 0);
  for (guint i = 0; i < layer->reads->len; i++) {
    const LayerFile *read = g_ptr_array_index(layer->reads, i);
    g_assert_true(read->broken || read->change == LAYER_ANYWHERE); /* facts of modes */
  }
  const LayerNote *note = g_ptr_array_index(layer->notes, layer->notes->len - 1);
  g_assert_cmpstr(note->kind, ==, "too-large");
}

/* The worker meets its bound and says which setting that is. */
static void
test_memory(void)
{
  if (SANITISED) {
    g_test_skip("AddressSanitizer needs more address space than any limit");
    return;
  }
  g_autoptr(GError) error = NULL;
  InspectionLimits limits = default_limits();
  limits.worker.memory_bytes = 256 << 20;
  g_autoptr(GByteArray) tar =
      make_tar((const Entry[]){{"var/lib/dpkg/status", "x", NULL, 0}, {NULL}});
  const guint size = 200 << 20;
  g_byte_array_set_size(tar, 512 + size + 1024);
  memset(tar->data + 512, '\n', size);
  memset(tar->data + 512 + size, 0, 1024);
  g_snprintf((char *)tar->data + 124, 12, "%011o", size);
  memset(tar->data + 148, ' ', 8);
  unsigned sum = 0;
  for (size_t i = 0; i < 512; i++)
    sum += tar->data[i];
  g_snprintf((char *)tar->data + 148, 8, "%06o", sum);
  g_assert_null(inspect_bytes(tar->data, tar->len, &limits, NULL, &error));
  g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_LIMIT);
  g_assert_nonnull(strstr(error->message, "limits.worker_memory_bytes"));
}

static void
test_archive_index(void)
{
  static const Entry outer[] = {
      {"manifest.json", "[{}]", NULL, 0}, {"a/layer.tar", "content", NULL, 0}, {NULL}};
  g_autoptr(GError) error = NULL;
  InspectionLimits limits = default_limits();
  g_autoptr(GByteArray) tar = make_tar(outer), packed = gzip(tar);
  auto_fd int fd = memory_file_new("outer", &error);
  auto_fd int unpacked = memory_file_new("unpacked", &error);
  g_assert_true(fd_write_all(fd, slice_new(packed->data, packed->len), &error));
  g_assert_true(inspect_unpack(fd, packed->len, unpacked, &limits, false, NULL, &error));
  g_assert_no_error(error);
  g_autoptr(GPtrArray) members =
      inspect_archive_index(unpacked, tar->len, &limits, false, NULL, &error);
  g_assert_no_error(error);
  g_assert_cmpuint(members->len, ==, 2);
  const ArchiveMember *layer = g_ptr_array_index(members, 1);
  g_assert_cmpstr(layer->name, ==, "a/layer.tar");
  g_assert_cmpuint(layer->size, ==, 7);
  g_assert_cmpmem(tar->data + layer->offset, 7, "content", 7);
  g_assert_null(inspect_archive_index(unpacked, 1100, &limits, false, NULL, &error));
  g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_INVALID);
}

int
main(int argc, char **argv)
{
  setlocale(LC_CTYPE, "C.UTF-8");
  g_test_init(&argc, &argv, NULL);
  worker_set_program(g_getenv("ASSAY_PROGRAM"));
  g_test_add_func("/worker/layers", test_layers);
  g_test_add_func("/worker/links", test_links);
  g_test_add_func("/worker/names", test_names);
  g_test_add_func("/worker/broken-layers", test_broken_layers);
  g_test_add_func("/worker/limits", test_limits);
  g_test_add_func("/worker/large-files", test_large_files);
  g_test_add_func("/worker/memory", test_memory);
  g_test_add_func("/worker/archive-index", test_archive_index);
  return g_test_run();
}
