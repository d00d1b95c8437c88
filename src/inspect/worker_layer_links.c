/* By passes over the links, until none makes more asked for; see the header. */
#include "inspect/worker_layer_links-private.h"

#include <string.h>

#include "archive/path.h"
#include "inspect/worker_symlinks-private.h"

/* Over all links, until none makes more asked for. */
#define TURNS_MAX 16u
/* Of the paths and targets of all links. */
#define LINK_BYTES_MAX ((size_t)64 * 1024 * 1024)
/* No entry has that number. */
#define FOLDER SIZE_MAX

typedef struct {
  const char *path, *target;
  bool hard;
} Link;

struct LayerLinks {
  AskedPaths *asked;
  Harvest *harvest;
  LayerInventory *inventory;
  GArray *all;         /* Link */
  GHashTable *targets; /* path of a symbolic link -> its target, as far as the tar was read */
  GHashTable *names; /* hash of a name that links may lead to -> number of the entry with the bytes,
                        or FOLDER */
  GStringChunk *texts;
  size_t bytes, early_work;
};

LayerLinks *
layer_links_new(AskedPaths *asked, Harvest *harvest, LayerInventory *inventory)
{
  LayerLinks *links = g_new0(LayerLinks, 1);
  links->asked = asked;
  links->harvest = harvest;
  links->inventory = inventory;
  links->all = g_array_new(FALSE, FALSE, sizeof(Link));
  links->targets = g_hash_table_new(g_str_hash, g_str_equal);
  links->names = g_hash_table_new(NULL, NULL);
  links->texts = g_string_chunk_new((size_t)16 * 1024);
  return links;
}

void
layer_links_free(LayerLinks *links)
{
  if (links == NULL)
    return;
  g_array_unref(links->all);
  g_hash_table_unref(links->targets);
  g_hash_table_unref(links->names);
  g_string_chunk_free(links->texts);
  g_free(links);
}

/* FNV-1a. Where two names meet, a hard link that leads nowhere is not told, or one that does is not
 * read. */
static void *
name_hash(const char *name)
{
  uint64_t hash = 0xcbf29ce484222325;
  for (; *name != '\0'; name++)
    hash = (hash ^ (uint8_t)*name) * 0x100000001b3;
  return GSIZE_TO_POINTER(hash);
}

char *
layer_link_target(const LayerEntry *entry)
{
  unsigned depth;
  bool escapes;
  const char *target = entry->target == NULL ? "" : entry->target;
  return entry->kind == LAYER_ENTRY_HARDLINK ? path_normalise(target, &depth, &escapes)
                                             : g_strdup(target);
}

static void
keep_link(LayerLinks *links, const char *path, const char *target, bool hard)
{
  links->bytes += strlen(path) + strlen(target);
  if (links->bytes > LINK_BYTES_MAX) {
    layer_inventory_add_unread(links->inventory, "too-many-links", path,
                               "The layer has more links than are followed.");
    return;
  }
  Link link = {g_string_chunk_insert(links->texts, path),
               g_string_chunk_insert(links->texts, target), hard};
  g_array_append_val(links->all, link);
  if (!hard)
    g_hash_table_replace(links->targets, (void *)(uintptr_t)link.path,
                         (void *)(uintptr_t)link.target);
}

/* Not all of them: there are images in which every file is one. */
static void
take_hardlink(LayerLinks *links, const LayerEntry *entry, bool first)
{
  g_autofree char *target = layer_link_target(entry);
  if (asked_paths_look(links->asked, entry->path).asked)
    keep_link(links, entry->path, target, true);
  if (!first)
    return;
  const char *text = g_hash_table_lookup(links->targets, target);
  if (text != NULL)
    keep_link(links, entry->path, text, false);
  size_t number = GPOINTER_TO_SIZE(g_hash_table_lookup(links->names, name_hash(target)));
  if (number != 0 && number != FOLDER)
    harvest_take_hardlink(links->harvest, entry, target, number);
  else
    layer_inventory_add_unread(links->inventory, "hard-link", entry->path,
                               "The hard link leads to what the layer did not bring before it, or "
                               "through a link.");
}

/* By which later hard links find the present entry's bytes. */
static void
keep_name(LayerLinks *links, const LayerEntry *entry, uint64_t entry_number)
{
  size_t number = entry->kind == LAYER_ENTRY_FOLDER ? FOLDER : entry_number;
  if (entry->kind == LAYER_ENTRY_HARDLINK) {
    g_autofree char *target = layer_link_target(entry);
    size_t linked = GPOINTER_TO_SIZE(g_hash_table_lookup(links->names, name_hash(target)));
    number = linked != 0 ? linked : number;
  }
  g_hash_table_insert(links->names, name_hash(entry->path), GSIZE_TO_POINTER(number));
}

/* A link of a wanted name whose file is still to come is read when that comes. Where that is a link
 * itself, the one that waits for it goes on waiting. */
static void
expect_target(LayerLinks *links, const char *path)
{
  g_autofree char *target = symlink_resolve(links->targets, path, &links->early_work);
  if (target != NULL && !g_hash_table_contains(links->names, name_hash(target)))
    harvest_expect_symlink(links->harvest, path, target);
}

static void
take_symlink(LayerLinks *links, const LayerEntry *entry)
{
  g_autofree char *target = layer_link_target(entry);
  const char *waiting = harvest_expected_symlink(links->harvest, entry->path);
  keep_link(links, entry->path, target, false);
  if (harvest_wants_name(entry->path))
    expect_target(links, entry->path);
  if (waiting != NULL)
    expect_target(links, waiting);
}

void
layer_links_take(LayerLinks *links, const LayerEntry *entry, uint64_t number, bool first)
{
  bool brings = first && entry->kind != LAYER_ENTRY_WHITEOUT && entry->kind != LAYER_ENTRY_OPAQUE;
  if (brings)
    g_hash_table_remove(links->targets, entry->path);
  if (entry->kind == LAYER_ENTRY_HARDLINK)
    take_hardlink(links, entry, first);
  if (!brings)
    return;
  keep_name(links, entry, number);
  if (entry->kind == LAYER_ENTRY_SYMLINK)
    take_symlink(links, entry);
}

void
layer_links_take_wanted(LayerLinks *links)
{
  size_t work = 0;
  for (guint i = 0; i < links->all->len; i++) {
    const Link *link = &g_array_index(links->all, Link, i);
    bool there = !link->hard && g_hash_table_lookup(links->targets, link->path) == link->target;
    if (!there || !harvest_wants_name(link->path))
      continue;
    g_autofree char *target = symlink_resolve(links->targets, link->path, &work);
    void *number = target == NULL ? NULL : g_hash_table_lookup(links->names, name_hash(target));
    if (target != NULL && number != GSIZE_TO_POINTER(FOLDER))
      harvest_take_symlink(links->harvest, link->path, target, GPOINTER_TO_SIZE(number));
  }
  if (work > SYMLINK_WORK_MAX)
    layer_inventory_add_unread(links->inventory, "too-many-links", "",
                               "The layer has more links than are followed.");
}

bool
layer_links_follow(LayerLinks *links)
{
  AskedGrowth grew = ASKED_SAME, grows = ASKED_MORE;
  for (unsigned turn = 0; grows != ASKED_SAME && turn < TURNS_MAX; turn++) {
    grows = ASKED_SAME;
    for (guint i = 0; i < links->all->len; i++) {
      const Link *link = &g_array_index(links->all, Link, i);
      AskedGrowth one = link->hard
                            ? asked_paths_add_hardlink(links->asked, link->path, link->target)
                            : asked_paths_add_symlink(links->asked, link->path, link->target);
      grows = MAX(grows, one);
    }
    grew = MAX(grew, grows);
  }
  if (grows != ASKED_SAME || asked_paths_overflowed(links->asked))
    layer_inventory_add_unread(links->inventory, "too-many-links", "",
                               "Links lead around, or there are too many of them.");
  return grew == ASKED_MORE;
}

GHashTable *
layer_links_targets(LayerLinks *links)
{
  return links->targets;
}

void
layer_links_add(LayerLinks *links, const GPtrArray *texts)
{
  for (guint i = 0; i + 1 < texts->len; i += 2) {
    const char *path = g_ptr_array_index(texts, i), *target = g_ptr_array_index(texts, i + 1);
    Link link = {path, target, false};
    g_array_append_val(links->all, link);
    g_ptr_array_add(links->inventory->links, g_strdup(path));
    g_ptr_array_add(links->inventory->links, g_strdup(target));
  }
  layer_links_follow(links);
}
