/* What is asked for is enough: random layers, of which the worker tells only what concerns the
 * places of detectors, give the same image as when all of their entries are told. */
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/json.h"
#include "inspect/detector.h"
#include "inspect/image_tree.h"
#include "inspect/packages/packages.h"
#include "inspect/worker-private.h"

#define LAYERS_MAX  4
#define ENTRIES_MAX 6

typedef struct {
  char type; /* of ustar: '0' file, '1' hard link, '2' link, '5' folder, '6' FIFO */
  char *path, *target;
} Entry;

typedef struct {
  GArray *entries[LAYERS_MAX]; /* Entry */
  unsigned layers;
} Image;

/* --- making --- */

static const char *const names[] = {"var", "lib", "dpkg", "status", "x", "y", "usr", "z"};
/* Half of all paths begin like one of these, so that something happens at them. */
static const char *const hot[] = {"var/lib/dpkg/status",
                                  "var/lib/dpkg/status",
                                  "var/lib/dpkg/status",
                                  "var/lib/dpkg",
                                  "var/lib",
                                  "var",
                                  "x",
                                  "y",
                                  "x/status",
                                  "y/status",
                                  "x/y",
                                  "lib",
                                  "usr/lib",
                                  "y/dpkg/status",
                                  "x/x"};

static char *
make_path(GRand *random)
{
  GString *path = g_string_new(NULL);
  int more = MAX(g_rand_int_range(random, -5, 3), 0);
  if (g_rand_int_range(random, 0, 4) > 0)
    g_string_append(path, hot[g_rand_int_range(random, 0, G_N_ELEMENTS(hot))]);
  for (int i = 0; i < more || path->len == 0; i++)
    g_string_append_printf(path, "%s%s", path->len > 0 ? "/" : "",
                           names[g_rand_int_range(random, 0, G_N_ELEMENTS(names))]);
  return g_string_free(path, FALSE);
}

static char *
make_target(GRand *random)
{
  GString *target = g_string_new(g_rand_int_range(random, 0, 3) == 0 ? "/" : "");
  int ups = MAX(g_rand_int_range(random, -3, 4), 0);
  for (int i = 0; i < ups; i++)
    g_string_append(target, "../");
  g_autofree char *path = make_path(random);
  g_string_append(target, path);
  if (g_rand_int_range(random, 0, 6) == 0) {
    g_autofree char *more = make_path(random);
    g_string_append_printf(target, "/../%s", more);
  }
  return g_string_free(target, FALSE);
}

static Entry
make_entry(GRand *random)
{
  static const char types[] = "000000222222555516WO";
  Entry entry = {types[g_rand_int_range(random, 0, sizeof types - 1)], make_path(random), NULL};
  if (entry.type == '1')
    entry.target = make_path(random);
  if (entry.type == '2')
    entry.target = make_target(random);
  return entry;
}

static void
clear_entry(void *data)
{
  Entry *entry = data;
  g_free(entry->path);
  g_free(entry->target);
}

static Image
make_image(GRand *random)
{
  Image image = {.layers = (unsigned)g_rand_int_range(random, 1, LAYERS_MAX + 1)};
  for (unsigned i = 0; i < image.layers; i++) {
    image.entries[i] = g_array_new(FALSE, FALSE, sizeof(Entry));
    g_array_set_clear_func(image.entries[i], clear_entry);
    unsigned count = (unsigned)g_rand_int_range(random, 1, ENTRIES_MAX + 1);
    for (unsigned j = 0; j < count; j++) {
      Entry entry = make_entry(random);
      g_array_append_val(image.entries[i], entry);
    }
  }
  return image;
}

static void
clear_image(Image *image)
{
  for (unsigned i = 0; i < image->layers; i++)
    g_array_unref(image->entries[i]);
}

static char *
describe_image(const Image *image)
{
  GString *text = g_string_new(NULL);
  for (unsigned i = 0; i < image->layers; i++) {
    g_string_append(text, i > 0 ? " | " : "");
    for (guint j = 0; j < image->entries[i]->len; j++) {
      const Entry *entry = &g_array_index(image->entries[i], Entry, j);
      g_string_append_printf(text, " %c:%s%s%s", entry->type, entry->path,
                             entry->target != NULL ? "->" : "",
                             entry->target != NULL ? entry->target : "");
    }
  }
  return g_string_free(text, FALSE);
}

/* --- as a tar, and through the worker --- */

/* With the mark in its name: 'W' a whiteout, 'O' an opaque folder. */
static char *
name_of(const Entry *entry)
{
  const char *slash = strrchr(entry->path, '/');
  int folder = slash == NULL ? 0 : (int)(slash - entry->path) + 1;
  if (entry->type == 'W')
    return g_strdup_printf("%.*s.wh.%s", folder, entry->path, entry->path + folder);
  if (entry->type == 'O')
    return g_strdup_printf("%s/.wh..wh..opq", entry->path);
  return g_strdup(entry->path);
}

static void
append_entry(GByteArray *tar, const Entry *entry)
{
  static const char content[] = "Package: a\nVersion: 1\n";
  g_autofree char *name = name_of(entry);
  char block[512] = {0};
  bool file = entry->type == '0';
  g_strlcpy(block, name, 100);
  g_strlcpy(block + 100, "0000644", 8);
  g_strlcpy(block + 108, "0000000", 8);
  g_strlcpy(block + 116, "0000000", 8);
  g_snprintf(block + 124, 12, "%011o", file ? (unsigned)strlen(content) : 0);
  g_strlcpy(block + 136, "00000000000", 12);
  block[156] = g_ascii_isdigit(entry->type) ? entry->type : '0';
  g_strlcpy(block + 157, entry->target != NULL ? entry->target : "", 100);
  memcpy(block + 257, "ustar\00000", 8);
  memset(block + 148, ' ', 8);
  unsigned sum = 0;
  for (size_t i = 0; i < sizeof block; i++)
    sum += (uint8_t)block[i];
  g_snprintf(block + 148, 8, "%06o", sum);
  g_byte_array_append(tar, (const uint8_t *)block, sizeof block);
  memset(block, 0, sizeof block);
  memcpy(block, content, strlen(content));
  if (file)
    g_byte_array_append(tar, (const uint8_t *)block, sizeof block);
}

static LayerInventory *
inspect(const GArray *entries, const GPtrArray *links)
{
  static const LayerLimits limits = {1 << 20, 1000000, 1000, 4096, 255, 1 << 20};
  static const uint8_t end[1024] = {0};
  g_autoptr(GError) error = NULL;
  g_autoptr(GByteArray) tar = g_byte_array_new();
  g_autoptr(GPtrArray) none = g_ptr_array_new();
  for (guint i = 0; i < entries->len; i++)
    append_entry(tar, &g_array_index(entries, Entry, i));
  g_byte_array_append(tar, end, sizeof end);
  g_assert_cmpint(pwrite(STDIN_FILENO, tar->data, tar->len, 0), ==, (ssize_t)tar->len);
  g_autoptr(json_t) answer =
      worker_layer((WorkerInput){0, tar->len}, &limits, links != NULL ? links : none, &error);
  g_assert_no_error(error);
  LayerInventory *layer = layer_inventory_from_json(json_object_get(answer, "inventory"), &error);
  g_assert_no_error(error);
  return layer;
}

static LayerInventory *
inspect_again(unsigned layer, const LayerInventory *former, const GPtrArray *links, void *data,
              GError **error)
{
  const Image *image = data;
  return inspect(image->entries[layer], links);
}

/* --- everything told --- */

static LayerInventory *
tell_all(const GArray *entries)
{
  static const struct {
    char type;
    LayerChangeKind kind;
  } kinds[] = {{'0', CHANGE_FILE},   {'1', CHANGE_HARDLINK}, {'2', CHANGE_SYMLINK},
               {'5', CHANGE_FOLDER}, {'6', CHANGE_OTHER},    {'W', CHANGE_REMOVED},
               {'O', CHANGE_OPAQUE}};
  LayerInventory *layer = layer_inventory_new();
  for (guint i = 0; i < entries->len; i++) {
    const Entry *entry = &g_array_index(entries, Entry, i);
    for (size_t j = 0; j < G_N_ELEMENTS(kinds); j++)
      if (kinds[j].type == entry->type)
        layer_inventory_add_change(layer, kinds[j].kind, entry->path, entry->target);
  }
  return layer;
}

/* --- comparing --- */

/* "reading layer path nth": the nth entry of that path in the layer. */
static char *
describe_file(const GPtrArray *layers, const FoundFile *found)
{
  const LayerInventory *layer = g_ptr_array_index(layers, found->file->layer);
  const LayerChange *change = g_ptr_array_index(layer->changes, found->file->change);
  unsigned nth = 0;
  for (guint i = 0; i < found->file->change; i++) {
    const LayerChange *before = g_ptr_array_index(layer->changes, i);
    nth += before->kind == CHANGE_FILE && strcmp(before->path, change->path) == 0;
  }
  return g_strdup_printf("%u %u %s %u%s", found->reading, found->file->layer, change->path, nth,
                         found->unpackers < UNPACKERS ? " differs" : "");
}

static int
compare(gconstpointer a, gconstpointer b)
{
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static char *
describe_tree(const GPtrArray *layers, const ImageTree *tree)
{
  g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < tree->files->len; i++)
    g_ptr_array_add(lines, describe_file(layers, g_ptr_array_index(tree->files, i)));
  g_ptr_array_sort(lines, compare);
  g_ptr_array_add(lines, NULL);
  return g_strjoinv(", ", (char **)lines->pdata);
}

static bool
has_trouble(const ImageTree *tree)
{
  for (unsigned i = 0; i < UNPACKERS; i++)
    if (unpacked_tree_trouble(tree->trees[i]) != NULL)
      return true;
  return false;
}

/* True when something was found without a doubt. */
static bool
check_image(Image *image)
{
  g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func((GDestroyNotify)layer_inventory_free);
  g_autoptr(GPtrArray) told = g_ptr_array_new_with_free_func((GDestroyNotify)layer_inventory_free);
  g_autoptr(GPtrArray) unread = g_ptr_array_new_with_free_func(g_free);
  for (unsigned i = 0; i < image->layers; i++) {
    g_ptr_array_add(all, tell_all(image->entries[i]));
    g_ptr_array_add(told, inspect(image->entries[i], NULL));
  }
  g_assert_true(image_tree_complete(told, inspect_again, image, unread, NULL));
  g_autoptr(ImageTree) expected = image_tree_new(all), found = image_tree_new(told);
  g_autofree char *wanted = describe_tree(all, expected), *seen = describe_tree(told, found);
  bool doubt = unread->len > 0 || has_trouble(found) || has_trouble(expected);
  for (guint i = 0; i < told->len; i++)
    doubt |= ((const LayerInventory *)g_ptr_array_index(told, i))->unread->len > 0;
  if (!doubt && strcmp(wanted, seen) != 0) {
    g_autofree char *text = describe_image(image);
    g_test_message("image %s", text);
    g_assert_cmpstr(seen, ==, wanted);
  }
  return !doubt && *seen != '\0';
}

static void
test_random(void)
{
  const char *times = g_getenv("ASSAY_IMAGES");
  unsigned count = times == NULL ? 200 : (unsigned)atoi(times), found = 0;
  guint32 seed = g_test_rand_int_range(0, G_MAXINT32);
  auto_fd int file = memory_file_new("layer", NULL);
  g_assert_cmpint(dup2(file, STDIN_FILENO), ==, STDIN_FILENO);
  rpm_database_prepare();
  g_test_message("seed %u", seed);
  GRand *random = g_rand_new_with_seed(seed);
  for (unsigned i = 0; i < count; i++) {
    Image image = make_image(random);
    found += check_image(&image);
    clear_image(&image);
  }
  g_rand_free(random);
  g_test_message("%u of %u images hold something without a doubt", found, count);
  /* A twentieth on average: none of 200 means that the test compares nothing. */
  g_assert_cmpuint(found, >, 0);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/image-tree/random", test_random);
  return g_test_run();
}
