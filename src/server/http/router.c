/* Finding the route of a request; see the header.
 *
 * The patterns that a path can fit are those of its method that have as many slashes as the path;
 * those with <name> may have fewer. They are sorted by both at the start, so that few are left to
 * compare, and most of these differ in the text before their first part. */
#include "server/http/router.h"

#include <string.h>

#include "base/error.h"

/* Paths with more are looked up as those with so many. Also the most that may follow <name>. */
#define SLASHES_MAX 15u

#define SPANNING "<name>"

typedef struct {
  const Route *route;
  unsigned index, slashes;
  Slice literal; /* before the first part */
  /* What follows that, up to <name> where there is one; and what is after it, else NULL, of which
   * so much is before its first part. */
  Slice before, after, after_literal;
  unsigned after_slashes;
} Pattern;

typedef struct {
  const uint8_t *start, *end;
  unsigned slashes;
  const uint8_t *last[SLASHES_MAX + 1]; /* its slashes, the last one first */
} Path;

static const char *const methods[] = {"GET", "POST", "PUT", "PATCH", "DELETE"};
#define METHODS G_N_ELEMENTS(methods)

struct Router {
  GArray *patterns; /* Pattern, in the tables' order */
  /* Which of the patterns can fit a path of so many slashes: const Pattern *, ended by NULL. */
  GPtrArray *buckets[METHODS][SLASHES_MAX + 1];
};

/* METHODS: no route has it. */
static size_t
method_index(const char *method)
{
  size_t i = 0;
  while (i < METHODS && strcmp(method, methods[i]) != 0)
    i++;
  return i;
}

/* --- the patterns --- */

static unsigned
count_bytes(Slice text, uint8_t byte)
{
  unsigned count = 0;
  for (size_t i = 0; i < text.size; i++)
    count += text.data[i] == byte;
  return count;
}

static Pattern
pattern_of(const Route *route, unsigned index)
{
  Slice text = slice_from_string(route->pattern);
  size_t literal = strcspn(route->pattern, "<");
  const char *name = strstr(route->pattern, SPANNING);
  size_t before = name != NULL ? (size_t)(name - route->pattern) : text.size;
  Pattern pattern = {.route = route, .index = index, .slashes = count_bytes(text, '/')};
  pattern.literal = slice_sub(text, 0, literal);
  pattern.before = slice_sub(text, literal, before - literal);
  if (name != NULL) {
    pattern.after = slice_from_string(name + strlen(SPANNING));
    pattern.after_literal = slice_sub(pattern.after, 0, strcspn(name + strlen(SPANNING), "<"));
    pattern.after_slashes = count_bytes(pattern.after, '/');
  }
  return pattern;
}

/* What is wrong with a row, or NULL. */
static const char *
pattern_problem(const Pattern *pattern)
{
  const Route *route = pattern->route;
  Slice text = slice_from_string(route->pattern);
  if (route->needs == VERB_UNNAMED)
    return "it does not say which verb it needs";
  if (route->on == ON_UNNAMED || (route->on == ON_NOTHING || route->on == ON_DOOR ||
                                  route->on == ON_ONESELF) != (route->needs == VERB_NONE))
    return "it does not say what its verb is done to";
  if (route->on == ON_REPOSITORY && strstr(route->pattern, SPANNING) == NULL)
    return "it is about a repository, and its pattern has no <name>";
  if (route->work == WORK_UNNAMED)
    return "it does not say where its work is done";
  if (method_index(route->method) == METHODS || route->finish == NULL)
    return "no request finishes there";
  if (count_bytes(text, '<') > PATH_PARTS_MAX || pattern->slashes > SLASHES_MAX)
    return "its pattern has too many parts";
  if (count_bytes(text, '<') != count_bytes(text, '>'))
    return "a part of its pattern is not closed";
  if (pattern->after.size > 0 && pattern->after.data[0] != '/')
    return SPANNING " must end where a slash, or the pattern, does";
  return NULL;
}

static void
sort_into_buckets(Router *router)
{
  for (guint i = 0; i < router->patterns->len; i++) {
    const Pattern *pattern = &g_array_index(router->patterns, Pattern, i);
    size_t method = method_index(pattern->route->method);
    unsigned most = pattern->after.data != NULL ? SLASHES_MAX : pattern->slashes;
    for (unsigned slashes = pattern->slashes; slashes <= most; slashes++)
      g_ptr_array_add(router->buckets[method][slashes], (void *)(uintptr_t)pattern);
  }
}

Router *
router_new(const Route *const *tables, GError **error)
{
  g_autoptr(Router) router = g_new0(Router, 1);
  router->patterns = g_array_new(FALSE, FALSE, sizeof(Pattern));
  for (size_t method = 0; method < METHODS; method++)
    for (unsigned slashes = 0; slashes <= SLASHES_MAX; slashes++)
      router->buckets[method][slashes] = g_ptr_array_new();
  for (; *tables != NULL; tables++) {
    for (const Route *route = *tables; route->method != NULL; route++) {
      Pattern pattern = pattern_of(route, router->patterns->len);
      const char *problem = pattern_problem(&pattern);
      if (problem != NULL) {
        error_set(error, ASSAY_ERROR_INVALID, "the route %s %s: %s", route->method, route->pattern,
                  problem);
        return NULL;
      }
      g_array_append_val(router->patterns, pattern);
    }
  }
  sort_into_buckets(router);
  return g_steal_pointer(&router);
}

void
router_free(Router *router)
{
  if (router == NULL)
    return;
  for (size_t method = 0; method < METHODS; method++)
    for (unsigned slashes = 0; slashes <= SLASHES_MAX; slashes++)
      g_ptr_array_unref(router->buckets[method][slashes]);
  g_array_unref(router->patterns);
  g_free(router);
}

unsigned
router_count(const Router *router)
{
  return router->patterns->len;
}

/* --- a path --- */

static Path
path_of(const char *text)
{
  Path path = {.start = (const uint8_t *)text, .end = (const uint8_t *)text + strlen(text)};
  for (const uint8_t *slash = path.end;
       (slash = memrchr(path.start, '/', (size_t)(slash - path.start))) != NULL; path.slashes++)
    if (path.slashes <= SLASHES_MAX)
      path.last[path.slashes] = slash;
  return path;
}

static void
add_part(RouteMatch *match, Slice name, const uint8_t *start, const uint8_t *end)
{
  match->parts[match->count++] = (PathPart){name, {start, (size_t)(end - start)}};
}

/* Matches a piece of a pattern with what begins at @at. Where it ends; NULL: it does not fit. */
static const uint8_t *
match_piece(Slice pattern, const uint8_t *at, const uint8_t *end, RouteMatch *match)
{
  if (pattern.size == 0)
    return at;
  const uint8_t *p = pattern.data, *pattern_end = p + pattern.size;
  while (p < pattern_end) {
    if (*p != '<') {
      if (at == end || *p++ != *at++)
        return NULL;
      continue;
    }
    const uint8_t *close = memchr(p, '>', (size_t)(pattern_end - p));
    const uint8_t *slash = memchr(at, '/', (size_t)(end - at)), *stop = slash ? slash : end;
    if (stop == at)
      return NULL;
    add_part(match, slice_new(p + 1, (size_t)(close - p - 1)), at, stop);
    p = close + 1;
    at = stop;
  }
  return at;
}

static inline bool
begins_with(const uint8_t *at, const uint8_t *end, Slice text)
{
  return text.size == 0 ||
         ((size_t)(end - at) >= text.size && memcmp(at, text.data, text.size) == 0);
}

static bool
fits(const Pattern *pattern, const Path *path, RouteMatch *match)
{
  const uint8_t *at = path->start + pattern->literal.size, *after = path->end;
  if (path->slashes < pattern->slashes || !begins_with(path->start, path->end, pattern->literal))
    return false;
  if (pattern->after_slashes > 0)
    after = path->last[pattern->after_slashes - 1];
  if (!begins_with(after, path->end, pattern->after_literal))
    return false;
  match->count = 0;
  at = match_piece(pattern->before, at, path->end, match);
  if (pattern->after.data == NULL || at == NULL)
    return at == path->end;
  if (after <= at)
    return false;
  add_part(match, SLICE_LITERAL("name"), at, after);
  return match_piece(pattern->after, after, path->end, match) == path->end;
}

RouteMatch
router_find(const Router *router, const char *method, const char *text)
{
  RouteMatch match = {.route = NULL};
  size_t index = strcmp(method, "HEAD") == 0 ? method_index("GET") : method_index(method);
  if (index == METHODS)
    return match;
  Path path = path_of(text);
  const GPtrArray *bucket = router->buckets[index][MIN(path.slashes, SLASHES_MAX)];
  for (guint i = 0; i < bucket->len; i++) {
    const Pattern *pattern = g_ptr_array_index(bucket, i);
    if (fits(pattern, &path, &match)) {
      match.route = pattern->route;
      match.index = pattern->index;
      return match;
    }
  }
  match.count = 0;
  return match;
}

char *
router_allowed(const Router *router, const char *text)
{
  Path path = path_of(text);
  RouteMatch match;
  bool listed[METHODS] = {false};
  g_autoptr(GString) allowed = g_string_new(NULL);
  for (guint i = 0; i < router->patterns->len; i++) {
    const Pattern *pattern = &g_array_index(router->patterns, Pattern, i);
    const char *method = pattern->route->method;
    if (listed[method_index(method)] || !fits(pattern, &path, &match))
      continue;
    listed[method_index(method)] = true;
    g_string_append_printf(allowed, "%s%s%s", allowed->len > 0 ? ", " : "", method,
                           strcmp(method, "GET") == 0 ? ", HEAD" : "");
  }
  return allowed->len == 0 ? NULL : g_string_free(g_steal_pointer(&allowed), FALSE);
}
