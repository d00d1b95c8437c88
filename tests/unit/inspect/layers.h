/* Layers written down in a line, for tables of tests. Changes with blanks between them:
 *
 *   path=TEXT  a file: packages "name:version,name:version", read for its own path;
 *              path@PLACE=TEXT: read for another place
 *   path/      a folder      (path)  one without an entry
 *   a->b       a link        a=>b    a hard link
 *   -path      a whiteout    path/+  an opaque folder
 *   path?      a FIFO        !path   something odd */
#pragma once

#include <string.h>

#include "inventory/layer.h"

static inline void
layers_add_packages(LayerInventory *layer, unsigned read, const char *place, const char *text)
{
  g_auto(GStrv) packages = g_strsplit(text, ",", -1);
  for (char **each = packages; *each != NULL; each++) {
    g_auto(GStrv) parts = g_strsplit(*each, ":", 2);
    if (parts[0] == NULL || parts[1] == NULL)
      continue;
    Package *package = g_new0(Package, 1);
    package->type = g_strdup("deb");
    package->name = g_strdup(parts[0]);
    package->version = g_strdup(parts[1]);
    package->location = g_strdup(place);
    package->read = read;
    layer_inventory_add_package(layer, package);
  }
}

static inline void
layers_add_file(LayerInventory *layer, const char *path, const char *text)
{
  g_auto(GStrv) parts = g_strsplit(path, "@", 2);
  const char *place = parts[1] != NULL ? parts[1] : parts[0];
  unsigned change = layer->changes->len;
  layer_inventory_add_change(layer, CHANGE_FILE, parts[0], NULL);
  unsigned read = layer_inventory_add_read(layer, change, place, g_str_equal(text, "broken"), NULL);
  layers_add_packages(layer, read, place, text);
}

static inline void
layers_add_change(LayerInventory *layer, const char *text)
{
  static const struct {
    const char *between;
    LayerChangeKind kind;
  } links[] = {{"->", CHANGE_SYMLINK}, {"=>", CHANGE_HARDLINK}};
  for (size_t i = 0; i < G_N_ELEMENTS(links); i++) {
    g_auto(GStrv) parts = g_strsplit(text, links[i].between, 2);
    if (parts[1] != NULL) {
      layer_inventory_add_change(layer, links[i].kind, parts[0], parts[1]);
      return;
    }
  }
  g_auto(GStrv) parts = g_strsplit(text, "=", 2);
  size_t size = strlen(text);
  g_autofree char *inner = g_strndup(text, size - MIN(size, 1));
  g_autofree char *folder = g_strndup(text, size - MIN(size, 2));
  if (parts[1] != NULL)
    layers_add_file(layer, parts[0], parts[1]);
  else if (*text == '-')
    layer_inventory_add_change(layer, CHANGE_REMOVED, text + 1, NULL);
  else if (*text == '!')
    layer_inventory_add_change(layer, CHANGE_ODD, text + 1, "is odd");
  else if (*text == '(')
    layer_inventory_add_change(layer, CHANGE_IMPLIED, inner + 1, NULL);
  else if (g_str_has_suffix(text, "/+"))
    layer_inventory_add_change(layer, CHANGE_OPAQUE, folder, NULL);
  else if (g_str_has_suffix(text, "?"))
    layer_inventory_add_change(layer, CHANGE_OTHER, inner, NULL);
  else
    layer_inventory_add_change(layer, CHANGE_FOLDER, inner, NULL);
}

static inline LayerInventory *
layers_parse(const char *text)
{
  LayerInventory *layer = layer_inventory_new();
  g_auto(GStrv) changes = g_strsplit(text, " ", -1);
  for (char **each = changes; *each != NULL; each++)
    if (**each != '\0')
      layers_add_change(layer, *each);
  return layer;
}

/* Up to the first NULL. (transfer full) */
static inline GPtrArray *
layers_of(const char *const *texts)
{
  GPtrArray *layers = g_ptr_array_new_with_free_func((GDestroyNotify)layer_inventory_free);
  for (; *texts != NULL; texts++)
    g_ptr_array_add(layers, layers_parse(*texts));
  return layers;
}
