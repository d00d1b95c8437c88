/* For each first name some others; see the header. */
#include "inspect/worker_names-private.h"

#include <string.h>

#include "inventory/layer.h"

/* Of one file: nobody replaces so many. */
#define NAMES_MOST 16u

struct HardNames {
  GHashTable *first;  /* path -> the first name of its file; owned */
  GHashTable *others; /* first name -> Others */
};

typedef struct {
  GPtrArray *paths; /* NAMES_MOST at most; some may be something else by now */
  bool more;        /* there were others, which are not kept */
} Others;

static void
others_free(void *data)
{
  Others *others = data;
  g_ptr_array_unref(others->paths);
  g_free(others);
}

HardNames *
hard_names_new(void)
{
  HardNames *names = g_new0(HardNames, 1);
  names->first = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  names->others = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, others_free);
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

const char *
hard_names_first(const HardNames *names, const char *path)
{
  const char *first = g_hash_table_lookup(names->first, path);
  return first == NULL ? path : first;
}

static Others *
others_of(HardNames *names, const char *root)
{
  Others *others = g_hash_table_lookup(names->others, root);
  if (others != NULL)
    return others;
  others = g_new0(Others, 1);
  others->paths = g_ptr_array_new_with_free_func(g_free);
  g_hash_table_insert(names->others, g_strdup(root), others);
  return others;
}

void
hard_names_add(HardNames *names, const char *target, const char *path)
{
  const char *root = hard_names_first(names, target);
  Others *others = others_of(names, root);
  if (others->paths->len >= NAMES_MOST) {
    others->more = true;
    return;
  }
  g_ptr_array_add(others->paths, g_strdup(path));
  g_hash_table_insert(names->first, g_strdup(path), g_strdup(root));
}

void
hard_names_forget(HardNames *names, const char *path)
{
  g_hash_table_remove(names->first, path);
}

/* The names of what was at @path are those of what is at @to. */
static void
move_names(HardNames *names, const Others *others, const char *path, const char *to)
{
  g_hash_table_remove(names->first, to);
  others_of(names, to)->more |= others->more;
  for (guint i = 0; i < others->paths->len; i++) {
    const char *other = g_ptr_array_index(others->paths, i);
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
  Others *others = value;
  char *next = NULL;
  for (guint i = 0; next == NULL && i < others->paths->len; i++) {
    const char *other = g_ptr_array_index(others->paths, i);
    if (g_strcmp0(g_hash_table_lookup(names->first, other), path) == 0)
      next = g_strdup(other);
  }
  *lost = next == NULL && others->more;
  if (next != NULL)
    move_names(names, others, path, next);
  others_free(others);
  return next;
}
