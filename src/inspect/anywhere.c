/* Patterns by the last name of what they take in, or by its extension; see the header. */
#include "inspect/anywhere.h"

#include <string.h>

typedef struct {
  const char *end;   /* of a path: "/package.json", ".dist-info/METADATA", ".jar" */
  uint64_t detector; /* as a set of one */
} Pattern;

typedef struct {
  const Detector *detectors[ANYWHERE_MAX];
  unsigned count;
  uint64_t all, placeless, by_head, owners, observers;
  GHashTable *names;      /* the whole name of a file -> GArray of Pattern */
  GHashTable *extensions; /* ".jar" -> GArray of Pattern */
} Anywhere;

static void
add_pattern(GHashTable *table, const char *key, Pattern pattern)
{
  GArray *patterns = g_hash_table_lookup(table, key);
  if (patterns == NULL) {
    patterns = g_array_new(FALSE, FALSE, sizeof(Pattern));
    g_hash_table_insert(table, (char *)(uintptr_t)key, patterns);
  }
  g_array_append_val(patterns, pattern);
}

/* True when the place is one that is found anywhere. */
static bool
add_place(Anywhere *anywhere, const char *place, uint64_t detector)
{
  if (*place != '*')
    return false;
  const char *end = place + 1, *slash = strrchr(end, '/'), *dot = strrchr(end, '.');
  if (slash != NULL) {
    add_pattern(anywhere->names, slash + 1, (Pattern){end, detector});
  } else {
    g_assert(dot != NULL);
    add_pattern(anywhere->extensions, dot, (Pattern){end, detector});
  }
  return true;
}

static void
add_detector(Anywhere *anywhere, const Detector *detector)
{
  uint64_t one = anywhere->count < ANYWHERE_MAX ? (uint64_t)1 << anywhere->count : 0;
  bool any = detector->places == NULL;
  for (size_t i = 0; detector->places != NULL && detector->places[i] != NULL; i++)
    any |= add_place(anywhere, detector->places[i], one);
  if (!any)
    return;
  g_assert(one != 0);
  anywhere->detectors[anywhere->count++] = detector;
  anywhere->all |= one;
  anywhere->placeless |= detector->places == NULL ? one : 0;
  anywhere->by_head |= detector->places == NULL && detector->wants_path == NULL ? one : 0;
  anywhere->observers |= detector->observes ? one : 0;
  anywhere->owners |= detector->lists_owners ? one : 0;
}

static void *
compile(void *unused)
{
  Anywhere *anywhere = g_new0(Anywhere, 1);
  anywhere->names = g_hash_table_new(g_str_hash, g_str_equal);
  anywhere->extensions = g_hash_table_new(g_str_hash, g_str_equal);
  for (size_t i = 0; detectors[i] != NULL; i++)
    add_detector(anywhere, detectors[i]);
  return anywhere;
}

static const Anywhere *
all_anywhere(void)
{
  static GOnce once = G_ONCE_INIT;
  return g_once(&once, compile, NULL);
}

const Detector *
anywhere_detector(unsigned index)
{
  return all_anywhere()->detectors[index];
}

uint64_t
anywhere_all(void)
{
  return all_anywhere()->all;
}

uint64_t
anywhere_owners(void)
{
  return all_anywhere()->owners;
}

uint64_t
anywhere_observers(void)
{
  return all_anywhere()->observers;
}

uint64_t
anywhere_placeless(void)
{
  return all_anywhere()->placeless;
}

uint64_t
anywhere_by_head(void)
{
  return all_anywhere()->by_head;
}

static uint64_t
matching(const GArray *patterns, const char *path, size_t size)
{
  uint64_t wanting = 0;
  for (guint i = 0; patterns != NULL && i < patterns->len; i++) {
    const Pattern *pattern = &g_array_index(patterns, Pattern, i);
    size_t end = strlen(pattern->end);
    /* A file in the root has no slash before its name. */
    if ((end <= size && memcmp(path + size - end, pattern->end, end) == 0) ||
        (*pattern->end == '/' && end == size + 1 && strcmp(path, pattern->end + 1) == 0))
      wanting |= pattern->detector;
  }
  return wanting;
}

/* Without those that do not want the path itself. */
static uint64_t
wanting_path(const Anywhere *anywhere, uint64_t wanting, const char *path)
{
  uint64_t left = wanting;
  for (unsigned i = 0; left != 0; i++, left >>= 1) {
    bool asks = (left & 1) != 0 && anywhere->detectors[i]->wants_path != NULL;
    if (asks && !anywhere->detectors[i]->wants_path(path))
      wanting &= ~((uint64_t)1 << i);
  }
  return wanting;
}

uint64_t
anywhere_by_path(const char *path)
{
  const Anywhere *anywhere = all_anywhere();
  const char *slash = strrchr(path, '/'), *name = slash == NULL ? path : slash + 1;
  const char *dot = strrchr(name, '.');
  size_t size = strlen(path);
  uint64_t wanting = matching(g_hash_table_lookup(anywhere->names, name), path, size);
  if (dot != NULL)
    wanting |= matching(g_hash_table_lookup(anywhere->extensions, dot), path, size);
  return wanting_path(anywhere, wanting, path);
}

uint64_t
anywhere_by_content(const char *path)
{
  const Anywhere *anywhere = all_anywhere();
  return wanting_path(anywhere, anywhere->placeless, path);
}

uint64_t
anywhere_by_name(const char *path)
{
  return anywhere_by_path(path) | (anywhere_by_content(path) & ~anywhere_by_head());
}
