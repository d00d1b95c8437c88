/* Loading sets of patterns, and looking by them; see the header. */
#include "inspect/patterns/patterns.h"

#include <hs/hs_runtime.h>

struct Patterns {
  hs_database_t *database;
  hs_scratch_t *scratch;
};

static int
ignore(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *data)
{
  return 0;
}

static char *
unmask(const PatternData *data)
{
  size_t count = (data->size + sizeof(uint64_t) - 1) / sizeof(uint64_t);
  uint64_t *words = g_new(uint64_t, count);
  for (size_t i = 0; i < count; i++)
    words[i] = data->words[i] ^ PATTERN_MASK;
  return (char *)words;
}

/* Vectorscan answers all calls with an error on a processor that it was not made for. */
static bool
load(const char *serialised, size_t size, Patterns *patterns)
{
  return hs_deserialize_database(serialised, size, &patterns->database) == HS_SUCCESS &&
         hs_alloc_scratch(patterns->database, &patterns->scratch) == HS_SUCCESS &&
         hs_scan(patterns->database, "a", 1, 0, patterns->scratch, ignore, NULL) == HS_SUCCESS;
}

Patterns *
patterns_load(const PatternData *data)
{
  g_autofree char *serialised = unmask(data);
  g_autoptr(Patterns) patterns = g_new0(Patterns, 1);
  return load(serialised, data->size, patterns) ? g_steal_pointer(&patterns) : NULL;
}

void
patterns_free(Patterns *patterns)
{
  if (patterns == NULL)
    return;
  hs_free_scratch(patterns->scratch);
  hs_free_database(patterns->database);
  g_free(patterns);
}

typedef struct {
  PatternHit hit;
  void *data;
} Asker;

static int
on_match(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *data)
{
  const Asker *asker = data;
  return asker->hit(id, (size_t)to, asker->data) ? 0 : 1;
}

bool
patterns_scan(Patterns *patterns, Slice text, PatternHit hit, void *data)
{
  Asker asker = {hit, data};
  return text.size == 0 || hs_scan(patterns->database, (const char *)text.data, (unsigned)text.size,
                                   0, patterns->scratch, on_match, &asker) == HS_SUCCESS;
}
