/* pnpm-lock.yaml (https://github.com/pnpm/spec/tree/master/lockfile): "packages" by keys that name
 * package and version, in another way in each of the versions of the format: 5 has
 * "/@scope/name/1.0.0_peers", 6 "/@scope/name@1.0.0(peers)", 9 the same without the slash. */
#include <string.h>

#include "base/error.h"
#include "inspect/lockfiles/lock_graph.h"
#include "inspect/lockfiles/lockfiles-private.h"
#include "text/yaml_walk.h"

typedef struct {
  Lock *lock;
  unsigned format; /* the first number of lockfileVersion */
  char *name, *version;
  bool development; /* "dev: true", before version 9 */
  LockGraph *graph;
} Pnpm;

/* "/@scope/name/1.0.0_peers", or with a registry in front of the first slash. Peers may have
 * slashes as well: the version is after the name. */
static bool
split_old(Slice key, Slice *name, Slice *version)
{
  gssize slash = slice_find(key, '/');
  if (slash < 0)
    return false;
  key = slice_sub(key, (size_t)slash + 1, SIZE_MAX);
  size_t from = 0;
  if (key.size > 0 && key.data[0] == '@') {
    slash = slice_find(key, '/');
    if (slash < 0)
      return false;
    from = (size_t)slash + 1;
  }
  slash = slice_find(slice_sub(key, from, SIZE_MAX), '/');
  if (slash < 0)
    return false;
  *name = slice_sub(key, 0, from + (size_t)slash);
  *version = lock_before(slice_sub(key, from + (size_t)slash + 1, SIZE_MAX), '_');
  *version = lock_before(*version, '/'); /* older ones have peers after a slash */
  return true;
}

static bool
split_new(Slice key, Slice *name, Slice *version)
{
  if (key.size > 0 && key.data[0] == '/')
    key = slice_sub(key, 1, SIZE_MAX);
  return lock_split_name(lock_before(key, '('), name, version);
}

/* What the package says of itself counts before its key, which may be an address. */
static void
add_package(Pnpm *pnpm, const char *key)
{
  Slice name = SLICE_EMPTY, version = SLICE_EMPTY, text = slice_from_string(key);
  bool is_split =
      pnpm->format < 6 ? split_old(text, &name, &version) : split_new(text, &name, &version);
  g_autofree char *version_text = slice_to_utf8(version);
  if (!is_split || !lock_is_number(version_text))
    version = SLICE_EMPTY;
  if (pnpm->name == NULL && pnpm->format < 9 && version.size == 0)
    return;
  if (pnpm->name != NULL)
    name = slice_from_string(pnpm->name);
  if (pnpm->version != NULL)
    version = slice_from_string(pnpm->version);
  pnpm->lock->development = pnpm->development;
  if (version.size > 0)
    lock_add_slices(pnpm->lock, name, version);
}

static void
take_field(Pnpm *pnpm, const char *field, const char *value)
{
  char **into = g_str_equal(field, "name")      ? &pnpm->name
                : g_str_equal(field, "version") ? &pnpm->version
                                                : NULL;
  if (into != NULL && *into == NULL)
    *into = g_strdup(value);
  if (g_str_equal(field, "dev"))
    pnpm->development = g_str_equal(value, "true");
}

/* "1.0.0(peers)"; an alias has the name before it, "real@1.0.0" or "real@https://...". A version
 * that is an address may have an "@" after its colon. (transfer full) */
static char *
node_of(const char *name, const char *version)
{
  size_t plain = strcspn(version, "(:");
  bool alias = memchr(version, '@', plain) != NULL;
  return alias ? g_strdup(version) : g_strconcat(name, "@", version, NULL);
}

static bool
is_needed(const char *kind)
{
  return strcmp(kind, "dependencies") == 0 || strcmp(kind, "optionalDependencies") == 0;
}

/* Since version 9 a package does not say any more that it is for development, but the file says
 * what the projects need ("importers"), and what those need ("snapshots"). */
static void
visit_needs(LockGraph *graph, const char *const *keys, unsigned depth, const char *value)
{
  if (value == NULL || depth < 4)
    return;
  bool project = depth == 5 && strcmp(keys[0], "importers") == 0 && strcmp(keys[4], "version") == 0;
  bool snapshot = depth == 4 && strcmp(keys[0], "snapshots") == 0 && is_needed(keys[2]);
  bool development = project && strcmp(keys[2], "devDependencies") == 0;
  if (snapshot)
    lock_graph_add_need(graph, keys[1], node_of(keys[3], value));
  else if (development || (project && is_needed(keys[2])))
    lock_graph_add_root(graph, node_of(keys[3], value), development);
}

static void
visit(const char *const *keys, unsigned depth, const char *value, void *data)
{
  Pnpm *pnpm = data;
  if (depth == 1 && value != NULL && g_str_equal(keys[0], "lockfileVersion"))
    pnpm->format = (unsigned)g_ascii_strtoull(value, NULL, 10);
  if (pnpm->format >= 9)
    visit_needs(pnpm->graph, keys, depth, value);
  if (depth < 2 || !g_str_equal(keys[0], "packages"))
    return;
  if (depth == 3 && value != NULL)
    take_field(pnpm, keys[2], value);
  if (depth == 2) {
    add_package(pnpm, keys[1]);
    g_clear_pointer(&pnpm->name, g_free);
    g_clear_pointer(&pnpm->version, g_free);
    pnpm->development = false;
  }
}

void
pnpm_lock_read(Slice bytes, Lock *lock)
{
  g_autoptr(LockGraph) graph = lock_graph_new();
  Pnpm pnpm = {.lock = lock, .format = 9, .graph = graph};
  g_autoptr(GError) error = NULL;
  if (!yaml_walk(bytes, visit, &pnpm, &error)) {
    lock_is_broken(lock, error->message);
    /* Who uses a package may stand in what was not read. */
    lock_graph_give_up(graph);
  }
  lock_graph_mark(graph, lock);
  g_free(pnpm.name);
  g_free(pnpm.version);
}
