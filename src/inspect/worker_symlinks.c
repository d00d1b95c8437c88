/* Name by name, as the kernel does it; see the header. */
#include "inspect/worker_symlinks-private.h"

#include <string.h>

#include "base/slice.h"

/* As Linux has it. */
#define HOPS_MAX 40u

static void
climb(GString *path)
{
  const char *slash = strrchr(path->str, '/');
  g_string_truncate(path, slash == NULL ? 0 : (gsize)(slash - path->str));
}

static void
descend(GString *path, Slice name)
{
  if (path->len > 0)
    g_string_append_c(path, '/');
  g_string_append_len(path, (const char *)name.data, (gssize)name.size);
}

/* What is left to follow, from @path on: the link's @target, and what came after the link. */
static char *
take_target(GString *path, const char *target, Slice rest)
{
  if (*target == '/')
    g_string_truncate(path, 0);
  else
    climb(path);
  return g_strdup_printf("%s/%.*s", target, (int)rest.size, (const char *)rest.data);
}

char *
symlink_resolve(GHashTable *targets, const char *path, size_t *work)
{
  g_autoptr(GString) reached = g_string_new(NULL);
  g_autofree char *left = g_strdup(path);
  Slice rest = slice_from_string(left), name;
  unsigned hops = 0;
  *work += rest.size;
  while (slice_next_field(&rest, '/', &name)) {
    if (name.size == 0 || slice_equal_string(name, "."))
      continue;
    if (slice_equal_string(name, "..")) {
      climb(reached);
      continue;
    }
    descend(reached, name);
    *work += reached->len;
    if (*work > SYMLINK_WORK_MAX)
      return NULL;
    const char *target = g_hash_table_lookup(targets, reached->str);
    if (target == NULL)
      continue;
    if (++hops > HOPS_MAX)
      return NULL;
    char *longer = take_target(reached, target, rest);
    g_free(left);
    left = longer;
    rest = slice_from_string(left);
    *work += rest.size;
  }
  return g_strdup(reached->str);
}
