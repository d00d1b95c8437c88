/* By what the links wait for, and then by the links' paths; see the header. */
#include "inspect/worker_early-private.h"

#include "inventory/layer.h"

/* Of links that wait, and that were read: some hundred are many. */
#define EARLY_MAX 2000u
/* In all that was read and may not count. */
#define EARLY_PACKAGES_MAX 25000u

struct EarlyLinks {
  GHashTable *waiting; /* target -> path of the link */
  GHashTable *read;    /* path of the link -> EarlyRead */
  guint packages;
};

static void
early_read_free(void *data)
{
  EarlyRead *read = data;
  g_ptr_array_unref(read->finds);
  g_free(read);
}

EarlyLinks *
early_links_new(void)
{
  EarlyLinks *early = g_new0(EarlyLinks, 1);
  early->waiting = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  early->read = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, early_read_free);
  return early;
}

void
early_links_free(EarlyLinks *early)
{
  if (early == NULL)
    return;
  g_hash_table_unref(early->waiting);
  g_hash_table_unref(early->read);
  g_free(early);
}

void
early_links_expect(EarlyLinks *early, const char *path, const char *target)
{
  if (g_hash_table_size(early->waiting) < EARLY_MAX &&
      !g_hash_table_contains(early->waiting, target))
    g_hash_table_insert(early->waiting, g_strdup(target), g_strdup(path));
}

const char *
early_links_waiting(const EarlyLinks *early, const char *target)
{
  return g_hash_table_size(early->waiting) == 0 ? NULL
                                                : g_hash_table_lookup(early->waiting, target);
}

void
early_links_keep(EarlyLinks *early, const LayerEntry *entry, uint64_t number, GPtrArray *finds)
{
  void *path = NULL;
  g_autofree char *target = NULL;
  for (guint i = 0; i < finds->len; i++)
    early->packages += ((const LayerInventory *)g_ptr_array_index(finds, i))->packages->len;
  if (early->packages > EARLY_PACKAGES_MAX || g_hash_table_size(early->read) >= EARLY_MAX ||
      !g_hash_table_steal_extended(early->waiting, entry->path, (void **)&target, &path))
    return;
  EarlyRead *read = g_new0(EarlyRead, 1);
  *read = (EarlyRead){number, entry->size, entry->mode, g_ptr_array_ref(finds)};
  g_hash_table_replace(early->read, path, read);
}

const EarlyRead *
early_links_find(const EarlyLinks *early, const char *path, uint64_t number)
{
  const EarlyRead *read = g_hash_table_lookup(early->read, path);
  return read != NULL && read->number == number ? read : NULL;
}

void
early_links_forget(EarlyLinks *early)
{
  g_hash_table_remove_all(early->waiting);
  g_hash_table_remove_all(early->read);
}
