/* What the feeds of a build speak of; see the header. */
#include "advisory/database/coverage-private.h"

#include <string.h>

#include "advisory/advisory.h"
#include "base/slice.h"

typedef struct {
  gconstpointer feed;
  const char *architecture; /* of the chunk; NULL: all; "": perhaps none */
} Spoken;

struct Coverage {
  GHashTable *ecosystems; /* name -> GArray of Spoken */
  GStringChunk *names;    /* each once */
  GHashTable *list;       /* of coverage_list() */
};

Coverage *
coverage_new(void)
{
  Coverage *coverage = g_new0(Coverage, 1);
  coverage->ecosystems =
      g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_array_unref);
  coverage->names = g_string_chunk_new(256);
  coverage->list = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  return coverage;
}

void
coverage_free(Coverage *coverage)
{
  if (coverage == NULL)
    return;
  g_hash_table_unref(coverage->ecosystems);
  g_string_chunk_free(coverage->names);
  g_hash_table_unref(coverage->list);
  g_free(coverage);
}

static void
add_one(GArray *all, gconstpointer feed, const char *architecture)
{
  Spoken spoken = {feed, architecture};
  for (guint i = all->len; i-- > 0;) {
    const Spoken *known = &g_array_index(all, Spoken, i);
    if (known->feed == feed && g_strcmp0(known->architecture, architecture) == 0)
      return;
  }
  g_array_append_val(all, spoken);
}

void
coverage_add(Coverage *coverage, const char *ecosystem, const char *architectures,
             gconstpointer feed)
{
  Slice rest = slice_from_string(architectures), each;
  GArray *all = g_hash_table_lookup(coverage->ecosystems, ecosystem);
  if (all == NULL) {
    all = g_array_new(false, false, sizeof(Spoken));
    g_hash_table_insert(coverage->ecosystems, g_strdup(ecosystem), all);
  }
  add_one(all, feed, architectures == NULL ? NULL : "");
  while (slice_next_field(&rest, ',', &each)) {
    if (each.size == 0 || slice_equal_string(each, ADVISORY_NO_ARCHITECTURE))
      continue;
    g_autofree char *name = slice_to_utf8(each);
    add_one(all, feed, g_string_chunk_insert_const(coverage->names, name));
  }
}

static gboolean
forget_feed(gpointer ecosystem, gpointer value, gpointer feed)
{
  GArray *all = value;
  for (guint i = all->len; i-- > 0;)
    if (g_array_index(all, Spoken, i).feed == feed)
      g_array_remove_index_fast(all, i);
  return all->len == 0;
}

void
coverage_forget(Coverage *coverage, gconstpointer feed)
{
  g_hash_table_foreach_remove(coverage->ecosystems, forget_feed, (gpointer)(uintptr_t)feed);
}

static char *
list_architectures(const GArray *all)
{
  g_autoptr(GPtrArray) names = g_ptr_array_new();
  for (guint i = 0; i < all->len; i++) {
    const char *name = g_array_index(all, Spoken, i).architecture;
    if (name == NULL)
      return g_strdup("");
    if (*name != '\0' && !g_ptr_array_find_with_equal_func(names, name, g_str_equal, NULL))
      g_ptr_array_add(names, (gpointer)(uintptr_t)name);
  }
  g_ptr_array_sort(names, text_compare);
  g_ptr_array_add(names, NULL);
  return g_strjoinv(",", (char **)names->pdata);
}

GHashTable *
coverage_list(Coverage *coverage)
{
  GHashTableIter iter;
  gpointer name, all;
  g_hash_table_remove_all(coverage->list);
  g_hash_table_iter_init(&iter, coverage->ecosystems);
  while (g_hash_table_iter_next(&iter, &name, &all))
    g_hash_table_insert(coverage->list, g_strdup(name), list_architectures(all));
  return coverage->list;
}
