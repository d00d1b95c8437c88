/* Why records of a feed could not be understood, counted by reason. */
#include "advisory/feeds/skips.h"

#include <string.h>

#include "base/slice.h"

#define REASONS_MAX   1000u /* more are one */
#define REASON_SHOWN  ((size_t)120)
#define REASONS_SHOWN 12u

struct FeedSkips {
  GHashTable *reasons; /* reason -> uint64_t * */
  uint64_t total;
};

FeedSkips *
feed_skips_new(void)
{
  FeedSkips *skips = g_new0(FeedSkips, 1);
  skips->reasons = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  return skips;
}

void
feed_skips_free(FeedSkips *skips)
{
  if (skips == NULL)
    return;
  g_hash_table_unref(skips->reasons);
  g_free(skips);
}

void
feed_skips_add(FeedSkips *skips, const char *reason)
{
  g_autofree char *shown = slice_to_printable(slice_from_string(reason), REASON_SHOWN);
  uint64_t *count = g_hash_table_lookup(skips->reasons, shown);
  const char *name =
      count == NULL && g_hash_table_size(skips->reasons) >= REASONS_MAX ? "other reasons" : shown;
  if (name != shown)
    count = g_hash_table_lookup(skips->reasons, name);
  if (count == NULL) {
    count = g_new0(uint64_t, 1);
    g_hash_table_insert(skips->reasons, g_strdup(name), count);
  }
  (*count)++;
  skips->total++;
}

typedef struct {
  const char *reason;
  uint64_t count;
} Reason;

/* The most frequent first, then by their words. */
static int
compare_reasons(gconstpointer a, gconstpointer b)
{
  const Reason *left = a, *right = b;
  if (left->count != right->count)
    return left->count < right->count ? 1 : -1;
  return strcmp(left->reason, right->reason);
}

char *
feed_skips_in_words(const FeedSkips *skips)
{
  g_autoptr(GArray) reasons = g_array_new(FALSE, FALSE, sizeof(Reason));
  GHashTableIter iter;
  void *key, *value;
  uint64_t told = 0;
  if (skips->total == 0)
    return NULL;
  g_hash_table_iter_init(&iter, skips->reasons);
  while (g_hash_table_iter_next(&iter, &key, &value)) {
    Reason reason = {key, *(uint64_t *)value};
    g_array_append_val(reasons, reason);
  }
  g_array_sort(reasons, compare_reasons);
  GString *words = g_string_new(NULL);
  g_string_printf(words, "%" G_GUINT64_FORMAT " record%s could not be understood: ", skips->total,
                  skips->total == 1 ? "" : "s");
  for (guint i = 0; i < MIN(reasons->len, REASONS_SHOWN); i++) {
    const Reason *reason = &g_array_index(reasons, Reason, i);
    g_string_append_printf(words, "%s%s (%" G_GUINT64_FORMAT ")", i == 0 ? "" : ", ",
                           reason->reason, reason->count);
    told += reason->count;
  }
  if (told < skips->total)
    g_string_append_printf(words, ", and %" G_GUINT64_FORMAT " for other reasons",
                           skips->total - told);
  return g_string_free(words, FALSE);
}
