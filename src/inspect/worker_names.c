/* For each first name some others; see the header. */
#include "inspect/worker_names-private.h"

#include <string.h>

#include "inventory/layer.h"

/* Of one file: nobody replaces so many. */
#define NAMES_MOST 16u

struct HardNames {
  GHashTable *first;  /* path -> the first name of its file; owned */
  GHashTable *others; /* first name -> GPtrArray of paths; some may be something else by now */
};

HardNames *
hard_names_new(void)
{
  HardNames *names = g_new0(HardNames, 1);
  names->first = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  names->others =
      g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_ptr_array_unref);
  return names;
}

void
hard_names_free(HardNames *names)
{
  if (names == NULL)
    return;
  g_hash_table_unref(names->first);
  g_hash_table_unref(names->others);
  g_free(names);
}

void
hard_names_add(HardNames *names, const char *target, const char *path)
{
  const char *first = g_hash_table_lookup(names->first, target);
  g_autofree char *root = g_strdup(first == NULL ? target : first);
  GPtrArray *others = g_hash_table_lookup(names->others, root);
  if (others == NULL) {
    others = g_ptr_array_new_with_free_func(g_free);
    g_hash_table_insert(names->others, g_strdup(root), others);
  }
  if (others->len > NAMES_MOST)
    return;
  g_ptr_array_add(others, g_strdup(path));
  if (others->len <= NAMES_MOST)
    g_hash_table_insert(names->first, g_strdup(path), g_steal_pointer(&root));
}

void
hard_names_forget(HardNames *names, const char *path)
{
  g_hash_table_remove(names->first, path);
}

/* The names of what was at @path are those of what is at @to. */
static void
move_names(HardNames *names, const GPtrArray *others, const char *path, const char *to)
{
  g_hash_table_remove(names->first, to);
  for (guint i = 0; i < others->len; i++) {
    const char *other = g_ptr_array_index(others, i);
    if (g_strcmp0(g_hash_table_lookup(names->first, other), path) != 0)
      continue;
    g_hash_table_remove(names->first, other);
    hard_names_add(names, to, other);
  }
}

char *
hard_names_next(HardNames *names, const char *path, bool *lost)
{
  void *key = NULL, *value = NULL;
  *lost = false;
  if (!g_hash_table_steal_extended(names->others, path, &key, &value))
    return NULL;
  g_free(key);
  g_autoptr(GPtrArray) others = value;
  char *next = NULL;
  for (guint i = 0; next == NULL && i < others->len; i++)
    if (g_strcmp0(g_hash_table_lookup(names->first, g_ptr_array_index(others, i)), path) == 0)
      next = g_strdup(g_ptr_array_index(others, i));
  *lost = next == NULL && others->len > NAMES_MOST;
  if (next != NULL)
    move_names(names, others, path, next);
  return next;
}
