/* Which route answers a method and a path. Patterns hold literal parts and <parts>; <name> is a
 * repository name and may span slashes, so a pattern is matched from both of its ends. */
#include <string.h>

#include "server/http/http-private.h"

/* Matches @pattern, which has no <name>, against the whole of @path. */
static bool
match_plain(const char *pattern, const char *path, GHashTable *parameters)
{
  while (*pattern != '\0') {
    if (*pattern != '<') {
      if (*pattern++ != *path++)
        return false;
      continue;
    }
    const char *close = strchr(pattern, '>');
    size_t size = strcspn(path, "/");
    if (size == 0)
      return false;
    g_hash_table_insert(parameters, g_strndup(pattern + 1, (gsize)(close - pattern - 1)),
                        g_strndup(path, size));
    pattern = close + 1;
    path += size;
  }
  return *path == '\0';
}

static unsigned
count_slashes(const char *text)
{
  unsigned count = 0;
  for (; *text != '\0'; text++)
    count += *text == '/';
  return count;
}

/* Where the last @slashes slashes of @path begin; NULL when it has fewer. */
static const char *
tail_with_slashes(const char *path, unsigned slashes)
{
  unsigned have = count_slashes(path);
  if (have < slashes)
    return NULL;
  for (unsigned skip = have - slashes; *path != '\0'; path++)
    if (*path == '/' && skip-- == 0)
      return path;
  return slashes == 0 ? path : NULL;
}

static bool
match(const char *pattern, const char *path, GHashTable *parameters)
{
  const char *name = strstr(pattern, "<name>");
  if (name == NULL)
    return match_plain(pattern, path, parameters);
  size_t head = (size_t)(name - pattern);
  const char *rest = name + strlen("<name>");
  if (strncmp(pattern, path, head) != 0)
    return false;
  const char *tail = tail_with_slashes(path + head, count_slashes(rest));
  if (tail == NULL || tail == path + head || !match_plain(rest, tail, parameters))
    return false;
  g_hash_table_insert(parameters, g_strdup("name"),
                      g_strndup(path + head, (gsize)(tail - path - head)));
  return true;
}

const Route *
route_find(const Route *routes, const char *method, const char *path, GHashTable **parameters,
           char **allowed)
{
  if (strcmp(method, "HEAD") == 0)
    method = "GET";
  g_autoptr(GString) others = g_string_new(NULL);
  for (const Route *route = routes; route->method != NULL; route++) {
    g_autoptr(GHashTable) found = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    if (!match(route->pattern, path, found))
      continue;
    if (strcmp(route->method, method) == 0) {
      *parameters = g_steal_pointer(&found);
      return route;
    }
    g_string_append_printf(others, "%s%s%s", others->len > 0 ? ", " : "", route->method,
                           strcmp(route->method, "GET") == 0 ? ", HEAD" : "");
  }
  if (others->len > 0)
    *allowed = g_strdup(others->str);
  return NULL;
}
