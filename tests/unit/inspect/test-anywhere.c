/* Detectors that want files wherever they are, through the worker and the overlay. The list of
 * detectors is one of this test. */
#include <archive.h>
#include <archive_entry.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/json.h"
#include "inspect/anywhere.h"
#include "inspect/fixed_places.h"
#include "inspect/overlay.h"
#include "inspect/worker-private.h"

/* --- detectors --- */

static void
add_package(const char *type, Slice name, const char *location, LayerInventory *into)
{
  Package *package = g_new0(Package, 1);
  package->type = g_strdup(type);
  package->name = slice_to_string(name);
  package->version = g_strdup("1");
  package->location = g_strdup(location);
  layer_inventory_add_package(into, package);
}

/* A file is the name of a package. */
static void
read_name(Slice bytes, const char *location, LayerInventory *into)
{
  add_package("name", bytes, location, into);
}

static void
read_jar(Slice bytes, const char *location, LayerInventory *into)
{
  add_package("jar", bytes, location, into);
}

static bool
is_magic(const FileView *file)
{
  return slice_has_prefix(file->head, SLICE_LITERAL("MAGIC"));
}

/* Without a place, yet by its path. */
static bool
is_odd(const char *path)
{
  return g_str_has_suffix(path, "odd");
}

static void
read_odd(Slice bytes, const char *location, LayerInventory *into)
{
  add_package("odd", bytes, location, into);
}

/* The name of the package is the number of bytes. */
static void
count_bytes(void **state, const FileView *file, uint64_t at, Slice bytes, LayerInventory *into)
{
  uint64_t *count = *state;
  if (count == NULL)
    count = *state = g_new0(uint64_t, 1);
  g_assert_cmpuint(*count, ==, at);
  *count += bytes.size;
  if (bytes.size > 0)
    return;
  g_autofree char *text = g_strdup_printf("%" G_GUINT64_FORMAT, *count);
  add_package("magic", slice_from_string(text), file->path, into);
  g_clear_pointer(state, g_free);
}

static const Detector database = {.name = "database",
                                  .version = 1,
                                  .places = (const char *const[]){"var/lib/db/status", NULL},
                                  .lists_packages = true,
                                  .read = read_name},
                      names = {.name = "names",
                               .version = 1,
                               .places = (const char *const[]){"*/package.json",
                                                               "*.dist-info/METADATA", NULL},
                               .read = read_name},
                      jars = {.name = "jars",
                              .version = 1,
                              .places = (const char *const[]){"*.jar", "*/status", NULL},
                              .most = 10,
                              .read = read_jar},
                      magic = {
                          .name = "magic", .version = 1, .wants = is_magic, .piece = count_bytes};

static const Detector odd = {.name = "odd", .version = 1, .wants_path = is_odd, .read = read_odd};

const Detector *const detectors[] = {&database, &names, &jars, &magic, &odd, NULL};

/* --- layers --- */

/* PATH=CONTENT, PATH/ (a folder), PATH->TARGET, PATH=>TARGET (a hard link); "#N" is MAGIC and N
 * bytes in all. */
static void
write_entry(struct archive *archive, const char *text)
{
  struct archive_entry *entry = archive_entry_new();
  const char *soft = strstr(text, "->"), *hard = strstr(text, "=>"), *equal = strchr(text, '=');
  const char *end = soft != NULL ? soft : equal != NULL ? equal : text + strlen(text);
  g_autofree char *path = g_strndup(text, (size_t)(end - text));
  g_autoptr(GByteArray) content = g_byte_array_new();
  archive_entry_set_pathname(entry, path);
  archive_entry_set_filetype(entry, soft != NULL                  ? AE_IFLNK
                                    : g_str_has_suffix(text, "/") ? AE_IFDIR
                                                                  : AE_IFREG);
  archive_entry_set_perm(entry, 0755);
  if (soft != NULL)
    archive_entry_set_symlink(entry, soft + 2);
  else if (hard != NULL)
    archive_entry_set_hardlink(entry, hard + 2);
  else if (equal != NULL && equal[1] == '#')
    g_byte_array_set_size(content, (guint)g_ascii_strtoull(equal + 2, NULL, 10));
  else if (equal != NULL)
    g_byte_array_append(content, (const uint8_t *)equal + 1, (guint)strlen(equal + 1));
  if (equal != NULL && equal[1] == '#') {
    memset(content->data, 'x', content->len);
    memcpy(content->data, "MAGIC", 5);
  }
  archive_entry_set_size(entry, content->len);
  g_assert_cmpint(archive_write_header(archive, entry), ==, ARCHIVE_OK);
  if (content->len > 0)
    g_assert_cmpint(archive_write_data(archive, content->data, content->len), ==, content->len);
  archive_entry_free(entry);
}

/* As the tar that the worker reads. */
static LayerInventory *
inspect(const char *text)
{
  static const LayerLimits limits = {.unpacked_bytes = 1 << 24,
                                     .ratio = 1000,
                                     .entries = 1000,
                                     .path_bytes = 1000,
                                     .path_depth = 100,
                                     .file_bytes = 1 << 20};
  g_autoptr(GError) error = NULL;
  size_t used = 0, size = 1 << 20;
  g_autofree uint8_t *bytes = g_malloc(size);
  struct archive *archive = archive_write_new();
  archive_write_set_format_pax_restricted(archive);
  g_assert_cmpint(archive_write_open_memory(archive, bytes, size, &used), ==, ARCHIVE_OK);
  g_auto(GStrv) entries = g_strsplit(text, " ", -1);
  for (char **entry = entries; *entry != NULL; entry++)
    write_entry(archive, *entry);
  archive_write_close(archive);
  archive_write_free(archive);
  auto_fd int file = memory_file_new("layer", &error);
  g_assert_no_error(error);
  g_assert_true(fd_write_all(file, slice_new(bytes, used), &error));
  g_assert_cmpint(dup2(file, STDIN_FILENO), ==, STDIN_FILENO);
  g_autoptr(GPtrArray) links = g_ptr_array_new();
  g_autoptr(json_t) answer = worker_layer((WorkerInput){0, used}, &limits, links, &error);
  g_assert_no_error(error);
  LayerInventory *layer = layer_inventory_from_json(json_object_get(answer, "inventory"), &error);
  g_assert_no_error(error);
  return layer;
}

/* "type:name@location ..., sorted; then what is unread, after "?". */
static char *
describe(const ImageInventory *image)
{
  g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < image->packages->len; i++) {
    const ImagePackage *one = &g_array_index(image->packages, ImagePackage, i);
    g_ptr_array_add(lines, g_strdup_printf("%s:%s@%s", one->package->type, one->package->name,
                                           one->package->location));
  }
  for (guint i = 0; i < image->unread->len; i++)
    g_ptr_array_add(lines,
                    g_strdup_printf("?%s", (const char *)g_ptr_array_index(image->unread, i)));
  g_ptr_array_sort(lines, (GCompareFunc)text_compare);
  g_ptr_array_add(lines, NULL);
  return g_strjoinv(" ", (char **)lines->pdata);
}

static const struct {
  const char *name;
  const char *layers[3];
  const char *expected;
} cases[] = {
    {"by name",
     {"package.json=a x/y/package.json=b x/package.json.old=c y/xpackage.json=d"},
     "name:a@package.json name:b@x/y/package.json"},
    {"by the end of a path",
     {"s/a.dist-info/METADATA=a s/METADATA=b s/.dist-info/METADATA=c"},
     "name:a@s/a.dist-info/METADATA name:c@s/.dist-info/METADATA"},
    {"by extension", {"a/b.jar=a b.jarx=b jar=c c.jar/x=d .jar=e"}, "jar:a@a/b.jar jar:e@.jar"},
    {"by content",
     {"bin/a=#5 bin/b=#200000 bin/c=MAGI bin/d="},
     "magic:200000@bin/b magic:5@bin/a"},
    {"by its path, without a place", {"a/odd=b a/od=c"}, "odd:b@a/odd"},
    {"a hard link that only a detector without a place wants", {"a=b odd=>a"}, "odd:b@odd"},
    {"a file for two, read once",
     {"var/lib/db/status=a x/m.jar=#9"},
     "jar:MAGICxxxx@x/m.jar jar:a@var/lib/db/status magic:9@x/m.jar name:a@var/lib/db/status"},
    {"too large for one of two", {"x/m.jar=#11"}, "?x/m.jar magic:11@x/m.jar"},
    {"not there twice", {"x/package.json=a x/package.json=b"}, "name:b@x/package.json"},
    {"first a file, then a link", {"x/package.json=a x/package.json->y"}, ""},
    {"replaced",
     {"x/package.json=a y/package.json=b", "x/package.json=c"},
     "name:b@y/package.json name:c@x/package.json"},
    {"replaced by a link that leads out of its layer",
     {"x/a.jar=a", "x/a.jar->b"},
     "?x/a.jar (a link that leads out of its layer)"},
    {"a link by another name",
     {"y/package.json->/x/store x/store=a x/b.jar->store z/package.json->../y/package.json"},
     "jar:a@x/b.jar name:a@y/package.json"},
    {"a program replaced by a link", {"bin/a=#9 bin/b=#8", "bin/a->b"}, "magic:8@bin/b"},
    {"a program replaced by an empty file", {"bin/a=#9 bin/b=#8", "bin/a="}, "magic:8@bin/b"},
    {"a program replaced by a script", {"bin/a=#9 bin/b=#8", "bin/a=exec"}, "magic:8@bin/b"},
    {"removed", {"x/package.json=a x/b.jar=b", "x/.wh.package.json="}, "jar:b@x/b.jar"},
    {"with its folder",
     {"x/y/package.json=a xy/package.json=b", ".wh.x="},
     "name:b@xy/package.json"},
    {"hidden",
     {"x/y/package.json=a xy/package.json=b", "x/.wh..wh..opq= x/z/package.json=c"},
     "name:b@xy/package.json name:c@x/z/package.json"},
    {"removed, and there again",
     {"x/package.json=a", ".wh.x=", "x/package.json=b"},
     "name:b@x/package.json"},
    {"all of it", {"x/package.json=a", ".wh..wh..opq="}, ""},
    {"removed in its own layer, which runtimes do not agree on",
     {".wh.x= x/package.json=a"},
     "name:a@x/package.json"},
    {"a hard link to what is read",
     {"x/package.json=a y/package.json=>x/package.json"},
     "name:a@x/package.json"},
    {"a hard link to what is not", {"x/store=a y/package.json=>x/store"}, "name:a@y/package.json"},
    {"a hard link to what an upper layer removes",
     {"x/package.json=a y/package.json=>x/package.json", ".wh.x="},
     "name:a@y/package.json"},
    {"a hard link to what is replaced after it",
     {"x/package.json=a y/package.json=>x/package.json x/package.json=b"},
     "name:a@y/package.json name:b@x/package.json"},
    {"a hard link that is replaced",
     {"x/store=a y/package.json=>x/store y/package.json=b"},
     "name:b@y/package.json"},
    {"a hard link to a hard link, and several",
     {"x/store=a y/package.json=>x/store z/package.json=>y/package.json x/a.jar=>x/store"},
     "jar:a@x/a.jar name:a@y/package.json"},
    {"the second of several hard links",
     {"x/store=a y/package.json=>x/store z/package.json=>y/package.json", ".wh.y="},
     "name:a@z/package.json"},
    {"a hard link to a program", {"bin/a=#9 bin/b=>bin/a", "bin/.wh.a="}, "magic:9@bin/b"},
    {"a hard link to an archive", {"x/a.jar=a y/a.jar=>x/a.jar", "x/.wh.a.jar="}, "jar:a@y/a.jar"},
    {"a hard link to what could not be read",
     {"x/m.jar=#11 y/m.jar=>x/m.jar", ".wh.x="},
     "?y/m.jar magic:11@y/m.jar"},
    {"a hard link to nothing", {"y/package.json=>x/package.json"}, "?y/package.json"},
    {"a hard link to a link", {"x/a=a x/b->a y/package.json=>x/b"}, "?y/package.json"},
    {"a database that a link leads to",
     {"srv/status=a srv/package.json=b var/lib/db->/srv"},
     "jar:a@srv/status name:a@var/lib/db/status name:b@srv/package.json"},
};

static void
test_cases(void)
{
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GError) error = NULL;
    GPtrArray *layers = g_ptr_array_new_with_free_func((GDestroyNotify)layer_inventory_free);
    for (size_t j = 0; j < G_N_ELEMENTS(cases[i].layers) && cases[i].layers[j] != NULL; j++)
      g_ptr_array_add(layers, inspect(cases[i].layers[j]));
    g_autoptr(ImageInventory) image = image_inventory_new(layers, NULL, NULL, &error);
    g_assert_no_error(error);
    g_autofree char *text = describe(image);
    g_test_message("case %s", cases[i].name);
    g_assert_cmpstr(text, ==, cases[i].expected);
  }
}

static void
test_sets(void)
{
  g_assert_cmpuint(anywhere_by_content("a/odd"), ==, anywhere_placeless());
  g_assert_cmpuint(anywhere_by_content("a/other"), ==, anywhere_by_head());
  g_assert_cmpuint(anywhere_by_head(), !=, anywhere_placeless());
  g_assert_cmpuint(anywhere_by_path("a/odd"), ==, 0);
}

/* What is too much is unread, and no reason to know nothing of the layer. */
static void
test_bounds(void)
{
  g_autoptr(LayerInventory) layer = layer_inventory_new();
  for (unsigned i = 0; i < LAYER_REMOVED_MAX; i++)
    layer_inventory_add_removed(layer, "x", i % 2 == 0);
  g_assert_cmpuint(layer->unread->len, ==, 0);
  layer_inventory_add_removed(layer, "x", false);
  g_assert_cmpuint(layer->removed->len, ==, LAYER_REMOVED_MAX);
  g_assert_cmpuint(layer->unread->len, ==, 1);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/anywhere/cases", test_cases);
  g_test_add_func("/anywhere/sets", test_sets);
  g_test_add_func("/anywhere/bounds", test_bounds);
  return g_test_run();
}
