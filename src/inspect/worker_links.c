/* By the links' paths, and in a pass by the numbers of the entries that have the bytes; see the
 * header. */
#include "inspect/worker_links-private.h"

#include <string.h>

typedef struct {
  char *path;
  char *file; /* the first name of what it leads to; NULL: whatever it is */
  uint64_t number;
  bool read;
} Link;

struct HarvestLinks {
  GHashTable *by_path; /* Link, whose own path is the key */
  GHashTable *due;     /* number -> Link: of this pass */
  GHashTable *read;    /* number -> path of the first link that was read of the file; owned */
};

static void
link_free(void *data)
{
  Link *link = data;
  g_free(link->path);
  g_free(link->file);
  g_free(link);
}

HarvestLinks *
harvest_links_new(void)
{
  HarvestLinks *links = g_new0(HarvestLinks, 1);
  links->by_path = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, link_free);
  links->due = g_hash_table_new(NULL, NULL);
  links->read = g_hash_table_new_full(NULL, NULL, NULL, g_free);
  return links;
}

void
harvest_links_free(HarvestLinks *links)
{
  if (links == NULL)
    return;
  g_hash_table_unref(links->due);
  g_hash_table_unref(links->read);
  g_hash_table_unref(links->by_path);
  g_free(links);
}

/* @file: of Link. */
static bool
add(HarvestLinks *links, const char *path, const char *file, uint64_t number)
{
  if (g_hash_table_size(links->by_path) >= LAYER_READS_MAX)
    return false;
  Link *link = g_new0(Link, 1);
  link->path = g_strdup(path);
  link->file = g_strdup(file);
  link->number = number;
  g_hash_table_replace(links->by_path, link->path, link);
  return true;
}

bool
harvest_links_add(HarvestLinks *links, const char *path, const char *target, uint64_t number)
{
  const Link *former = g_hash_table_lookup(links->by_path, target);
  return add(links, path, former == NULL ? target : former->file, number);
}

bool
harvest_links_add_symbolic(HarvestLinks *links, const char *path, uint64_t number)
{
  return add(links, path, NULL, number);
}

bool
harvest_links_have(const HarvestLinks *links, const char *path)
{
  return g_hash_table_contains(links->by_path, path);
}

void
harvest_links_forget(HarvestLinks *links, const char *path)
{
  g_hash_table_remove(links->by_path, path);
}

void
harvest_links_note_read(HarvestLinks *links, const char *path, uint64_t number)
{
  if (!g_hash_table_contains(links->read, GSIZE_TO_POINTER(number)))
    g_hash_table_insert(links->read, GSIZE_TO_POINTER(number), g_strdup(path));
}

void
harvest_links_take_twins(HarvestLinks *links, HarvestTwin *take, void *data)
{
  GHashTableIter iter;
  void *value;
  g_hash_table_iter_init(&iter, links->by_path);
  while (g_hash_table_size(links->read) > 0 && g_hash_table_iter_next(&iter, NULL, &value)) {
    Link *link = value;
    const char *read = g_hash_table_lookup(links->read, GSIZE_TO_POINTER(link->number));
    if (!link->read && read != NULL)
      link->read = take(link->path, read, data);
  }
}

bool
harvest_links_begin_pass(HarvestLinks *links)
{
  GHashTableIter iter;
  void *value;
  g_hash_table_remove_all(links->due);
  g_hash_table_iter_init(&iter, links->by_path);
  while (g_hash_table_iter_next(&iter, NULL, &value)) {
    const Link *link = value;
    if (!link->read)
      g_hash_table_insert(links->due, GSIZE_TO_POINTER(link->number), value);
  }
  return g_hash_table_size(links->due) > 0;
}

bool
harvest_links_are_due(const HarvestLinks *links)
{
  return g_hash_table_size(links->due) > 0;
}

const char *
harvest_links_take(HarvestLinks *links, const LayerEntry *entry, uint64_t number)
{
  if (g_hash_table_size(links->due) == 0)
    return NULL;
  Link *link = g_hash_table_lookup(links->due, GSIZE_TO_POINTER(number));
  if (link == NULL || entry->kind != LAYER_ENTRY_FILE ||
      (link->file != NULL && strcmp(link->file, entry->path) != 0))
    return NULL;
  link->read = true;
  g_hash_table_remove(links->due, GSIZE_TO_POINTER(number));
  harvest_links_note_read(links, link->path, number);
  return link->path;
}

char *
harvest_links_next_left(HarvestLinks *links)
{
  GHashTableIter iter;
  void *value;
  char *path = NULL;
  g_hash_table_iter_init(&iter, links->by_path);
  while (path == NULL && g_hash_table_iter_next(&iter, NULL, &value)) {
    const Link *link = value;
    path = link->read ? NULL : g_strdup(link->path);
    g_hash_table_iter_remove(&iter);
  }
  return path;
}

/* "a.jar:b.jar" of a.jar. (transfer full) */
static char *
moved(const char *location, const char *from, const char *to)
{
  size_t size = strlen(from);
  bool inside = strncmp(location, from, size) == 0 && strchr(":", location[size]) != NULL;
  return g_strconcat(to, inside ? location + size : "", NULL);
}

static Package *
copy_package(const Package *package, const char *from, const char *to)
{
  Package *copy = package_copy(package);
  g_free(copy->location);
  copy->location = moved(package->location, from, to);
  return copy;
}

LayerInventory *
harvest_links_move(const LayerInventory *find, const char *from, const char *to)
{
  LayerInventory *moved_find = layer_inventory_new();
  for (guint i = 0; i < find->observations->len; i++) {
    Observation one = *(const Observation *)g_ptr_array_index(find->observations, i);
    g_autofree char *path = moved(one.path, from, to);
    one.path = path;
    if (observation_stays(one.kind))
      layer_inventory_add_observation(moved_find, &one);
  }
  for (guint i = 0; i < find->unread->len; i++)
    if (layer_unread_stays(g_ptr_array_index(find->unread, i)))
      g_ptr_array_add(moved_find->unread, g_strdup(g_ptr_array_index(find->unread, i)));
  if (moved_find->observations->len == 0 && moved_find->unread->len == 0) {
    layer_inventory_free(moved_find);
    return NULL;
  }
  layer_inventory_add_read(moved_find, 0, to, false, NULL);
  return moved_find;
}

LayerInventory *
harvest_links_copy(const LayerInventory *find, const char *from, const char *to)
{
  LayerInventory *copy = layer_inventory_new();
  for (guint i = 0; i < find->packages->len; i++)
    g_ptr_array_add(copy->packages, copy_package(g_ptr_array_index(find->packages, i), from, to));
  for (guint i = 0; i < find->unread->len; i++) {
    g_autofree char *path = moved(g_ptr_array_index(find->unread, i), from, to);
    layer_inventory_add_unread(copy, "hard-link", path, "It could not be read under another name.");
  }
  layer_inventory_add_read(copy, 0, to, find->unread->len > 0, find->declares);
  return copy;
}
