/* Layers that have only the changes that programs and libraries, and links to them, make; see the
 * header. An inventory tells in no order what is in its layer in the end. So what a layer removes
 * of lower ones is a layer of its own, below what it brings: links and folders, then files. */
#include "inspect/integrity/present-private.h"

#include <string.h>

#include "inspect/finds.h"

#define LIST 4u /* texts of one in LayerInventory.sums */
/* Digits may be missing. */
#define PROGRAM_FIELDS (1 + SUM_KINDS)

struct PresentLayers {
  GPtrArray *layers; /* LayerInventory, with changes alone */
  GPtrArray *files;  /* of each a GArray of Present, by change */
  GArray *numbers;   /* of each, unsigned: which layer of the image it is of */
};

static void
array_free(void *array)
{
  g_array_unref(array);
}

static void
inventory_free(void *inventory)
{
  layer_inventory_free(inventory);
}

/* What is no file has a Present as well: there is one for each change. */
static void
add(PresentLayers *layers, LayerChangeKind kind, const char *path, const char *target,
    const Present *present)
{
  static const Present none = {0};
  LayerInventory *layer = g_ptr_array_index(layers->layers, layers->layers->len - 1);
  GArray *files = g_ptr_array_index(layers->files, layers->files->len - 1);
  if (layer_inventory_add_change(layer, kind, path, target))
    g_array_append_vals(files, present == NULL ? &none : present, 1);
}

static void
begin_layer(PresentLayers *layers, unsigned number)
{
  g_ptr_array_add(layers->layers, layer_inventory_new());
  g_ptr_array_add(layers->files, g_array_new(FALSE, FALSE, sizeof(Present)));
  g_array_append_val(layers->numbers, number);
}

/* Whether a folder above @path is removed as well. */
static bool
is_below_removed(GHashTable *removed, const char *path)
{
  g_autoptr(GString) part = g_string_new(NULL);
  const char *slash = strrchr(path, '/');
  g_autofree char *folder = g_strndup(path, slash == NULL ? 0 : (size_t)(slash - path));
  return *path != '\0' && finds_is_gone(removed, folder, part);
}

static void
add_removed(PresentLayers *layers, const LayerInventory *inventory, unsigned number)
{
  g_autoptr(GHashTable) removed = g_hash_table_new(g_str_hash, g_str_equal);
  for (guint i = 0; i < inventory->removed->len; i++)
    g_hash_table_add(removed, g_ptr_array_index(inventory->removed, i));
  if (inventory->removed->len > 0)
    begin_layer(layers, number);
  for (guint i = 0; i < inventory->removed->len; i++) {
    const char *text = g_ptr_array_index(inventory->removed, i);
    bool only_below = g_str_has_suffix(text, "/");
    g_autofree char *path = g_strndup(text, strlen(text) - only_below);
    if ((*path == '\0' || integrity_leads(path)) && !is_below_removed(removed, path))
      add(layers, only_below ? CHANGE_OPAQUE : CHANGE_REMOVED, path, NULL, NULL);
  }
}

/* Whether it is of something else than a file. */
static bool
is_other(const char *text)
{
  return text[0] != '\0' && text[1] == ' ' &&
         strchr((const char[]){PROGRAM_LINK, PROGRAM_FOLDER, PROGRAM_OTHER, '\0'}, text[0]) != NULL;
}

static void
add_other(PresentLayers *layers, const char *text)
{
  if (text[0] == PROGRAM_FOLDER)
    add(layers, CHANGE_FOLDER, text + 2, NULL, NULL);
  else if (text[0] == PROGRAM_OTHER)
    add(layers, CHANGE_OTHER, text + 2, NULL, NULL);
  if (text[0] != PROGRAM_LINK)
    return;
  char *path;
  guint64 size = g_ascii_strtoull(text + 2, &path, 10);
  if (*path != ' ' || size == 0 || size >= strlen(path + 1))
    return;
  g_autofree char *link = g_strndup(path + 1, size);
  add(layers, CHANGE_SYMLINK, link, path + 1 + size, NULL);
}

static void
add_program(PresentLayers *layers, const char *text)
{
  Slice rest = slice_from_string(text), field;
  Present present = {0};
  for (unsigned i = 0; i < PROGRAM_FIELDS; i++) {
    if (!slice_next_field(&rest, ' ', &field))
      return;
    if (i == 0)
      present.set_id = field.size == 0 ? '0' : (char)field.data[0];
    else
      present.digits[i - 1] = field;
  }
  g_autofree char *path = slice_to_string(rest);
  if (*path != '\0')
    add(layers, CHANGE_FILE, path, NULL, &present);
}

static void
add_matched(PresentLayers *layers, char **list)
{
  g_autoptr(GString) path = g_string_new(NULL);
  SumKind kind = sum_kind_of(list[2]);
  Slice rest = slice_from_string(list[3]);
  Sum sum;
  while (kind < SUM_KINDS && sum_list_next(&rest, path, &sum)) {
    Present present = {.set_id = '-'};
    present.digits[kind] = sum.digits;
    g_autofree char *merged = sum.mark == SUM_MERGED ? integrity_merged_path(sum.path) : NULL;
    if (sum.mark == SUM_MATCHED || sum.mark == SUM_MERGED)
      add(layers, CHANGE_FILE, merged == NULL ? sum.path : merged, NULL, &present);
  }
}

static void
add_layer(PresentLayers *layers, const LayerInventory *inventory, unsigned number)
{
  add_removed(layers, inventory, number);
  begin_layer(layers, number);
  for (guint i = 0; i < inventory->programs->len; i++)
    if (is_other(g_ptr_array_index(inventory->programs, i)))
      add_other(layers, g_ptr_array_index(inventory->programs, i));
  for (guint i = 0; i < inventory->programs->len; i++)
    if (!is_other(g_ptr_array_index(inventory->programs, i)))
      add_program(layers, g_ptr_array_index(inventory->programs, i));
  for (guint i = 0; i + LIST <= inventory->sums->len; i += LIST)
    add_matched(layers, (char **)inventory->sums->pdata + i);
}

PresentLayers *
present_layers_new(const GPtrArray *layers)
{
  PresentLayers *present = g_new0(PresentLayers, 1);
  present->layers = g_ptr_array_new_with_free_func(inventory_free);
  present->files = g_ptr_array_new_with_free_func(array_free);
  present->numbers = g_array_new(FALSE, FALSE, sizeof(unsigned));
  for (guint i = 0; i < layers->len; i++)
    add_layer(present, g_ptr_array_index(layers, i), i);
  return present;
}

void
present_layers_free(PresentLayers *layers)
{
  if (layers == NULL)
    return;
  g_ptr_array_unref(layers->layers);
  g_ptr_array_unref(layers->files);
  g_array_unref(layers->numbers);
  g_free(layers);
}

UnpackedTree *
present_layers_unpack(const PresentLayers *layers, Unpacker unpacker)
{
  return unpacked_tree_new(layers->layers, unpacker);
}

const Present *
present_layers_find(const PresentLayers *layers, const UnpackedFile *file)
{
  const GArray *files = g_ptr_array_index(layers->files, file->layer);
  return &g_array_index(files, Present, file->change);
}

unsigned
present_layers_number(const PresentLayers *layers, unsigned layer)
{
  return g_array_index(layers->numbers, unsigned, layer);
}

bool
present_layers_are_whole(const PresentLayers *layers)
{
  for (guint i = 0; i < layers->layers->len; i++)
    if (((const LayerInventory *)g_ptr_array_index(layers->layers, i))->unread->len > 0)
      return false;
  return true;
}
