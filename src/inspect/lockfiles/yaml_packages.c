/* Lock files in YAML that are hardly more than a list of packages: CocoaPods, Dart, Stack, conda.
 */
#include <string.h>

#include "base/error.h"
#include "inspect/lockfiles/lockfiles-private.h"
#include "inspect/lockfiles/python-private.h"
#include "text/yaml_walk.h"

static void
walk_with(Slice bytes, YamlVisit *visit, void *data, Lock *lock)
{
  g_autoptr(GError) error = NULL;
  if (!yaml_walk(bytes, visit, data, &error))
    lock_is_broken(lock, error->message);
}

static void
walk(Slice bytes, YamlVisit *visit, Lock *lock)
{
  walk_with(bytes, visit, lock, lock);
}

/* "Name/Part (1.0.0)". */
static void
add_pod(Lock *lock, const char *text)
{
  const char *open = strstr(text, " ("), *end = open == NULL ? NULL : strchr(open, ')');
  if (end != NULL)
    lock_add_slices(lock, slice_new(text, (size_t)(open - text)),
                    slice_new(open + 2, (size_t)(end - open) - 2));
}

/* An element of PODS is a word, or a mapping of one to what it needs. */
static void
visit_podfile(const char *const *keys, unsigned depth, const char *value, void *data)
{
  if (depth < 2 || !g_str_equal(keys[0], "PODS"))
    return;
  if (depth == 2 && value != NULL)
    add_pod(data, value);
  else if (depth == 3 && value == NULL)
    add_pod(data, keys[2]);
}

void
podfile_lock_read(Slice bytes, Lock *lock)
{
  walk(bytes, visit_podfile, lock);
}

/* "dependency" comes before "version". What only these need is "transitive" like the rest. */
static void
visit_pubspec(const char *const *keys, unsigned depth, const char *value, void *data)
{
  Lock *lock = data;
  if (depth == 3 && value != NULL && g_str_equal(keys[2], "dependency"))
    lock->development = g_str_equal(value, "direct dev");
  if (depth == 3 && value != NULL && g_str_equal(keys[0], "packages") &&
      g_str_equal(keys[2], "version"))
    lock_add(data, keys[1], value);
}

void
pubspec_lock_read(Slice bytes, Lock *lock)
{
  walk(bytes, visit_pubspec, lock);
}

/* "name-1.0.0@sha256:...,size", where a name may have "-1" in it. */
static void
add_hackage(Lock *lock, const char *text)
{
  Slice spec = lock_before(slice_from_string(text), '@');
  gssize dash = lock_find_last(spec, '-');
  if (dash <= 0 || slice_find(spec, '/') >= 0)
    return;
  g_autofree char *version = slice_to_utf8(slice_sub(spec, (size_t)dash + 1, SIZE_MAX));
  if (lock_is_number(version))
    lock_add_slices(lock, slice_sub(spec, 0, (size_t)dash), slice_from_string(version));
}

/* "packages: [{completed: {hackage: ...}}]" of the lock file, "extra-deps" of stack.yaml. */
static void
visit_stack(const char *const *keys, unsigned depth, const char *value, void *data)
{
  bool is_locked = depth == 4 && g_str_equal(keys[0], "packages") &&
                   g_str_equal(keys[2], "completed") && g_str_equal(keys[3], "hackage");
  bool is_extra = depth == 2 && g_str_equal(keys[0], "extra-deps");
  if (value != NULL && (is_locked || is_extra))
    add_hackage(data, value);
}

void
stack_read(Slice bytes, Lock *lock)
{
  walk(bytes, visit_stack, lock);
}

/* "channel::name=1.0=build", "name==1.0", "name 1.0 build"; not what has a range or a star. */
static void
add_conda(Lock *lock, const char *text)
{
  const char *colons = strstr(text, "::");
  text = colons == NULL ? text : colons + 2;
  size_t size = strcspn(text, "=<>!~ [");
  Slice name = slice_new(text, size);
  const char *version = text + size;
  version += strspn(version, " =");
  size_t end = strcspn(version, " =");
  if (strcspn(version, "*|,<>!~[(") >= end && lock_is_number(version))
    lock_add_slices(lock, slice_strip(name), slice_new(version, end));
}

/* "name==1.0" of pip. */
static void
add_pip(Lock *lock, const char *text)
{
  Lock pip = *lock;
  pip.type = "pypi";
  requirements_read(slice_from_string(text), &pip);
}

static void
visit_conda(const char *const *keys, unsigned depth, const char *value, void *data)
{
  if (value == NULL || depth < 2 || !g_str_equal(keys[0], "dependencies"))
    return;
  if (depth == 2)
    add_conda(data, value);
  else if (depth == 4 && g_str_equal(keys[2], "pip"))
    add_pip(data, value);
}

void
conda_environment_read(Slice bytes, Lock *lock)
{
  walk(bytes, visit_conda, lock);
}

/* Of conda-lock: an element of "package". */
typedef struct {
  Lock *lock;
  char *name, *version, *manager, *category;
} Locked;

static void
locked_clear(Locked *locked)
{
  g_clear_pointer(&locked->name, g_free);
  g_clear_pointer(&locked->version, g_free);
  g_clear_pointer(&locked->manager, g_free);
  g_clear_pointer(&locked->category, g_free);
}

static void
add_locked(const Locked *locked)
{
  locked->lock->development = g_strcmp0(locked->category, "dev") == 0;
  Lock pip = *locked->lock;
  pip.type = "pypi";
  if (g_strcmp0(locked->manager, "pip") == 0)
    python_add(&pip, slice_from_string(locked->name), slice_from_string(locked->version));
  else
    lock_add(locked->lock, locked->name, locked->version);
}

static void
visit_locked(const char *const *keys, unsigned depth, const char *value, void *data)
{
  Locked *locked = data;
  if (depth < 2 || !g_str_equal(keys[0], "package"))
    return;
  if (depth == 3 && value != NULL) {
    char **into = g_str_equal(keys[2], "name")       ? &locked->name
                  : g_str_equal(keys[2], "version")  ? &locked->version
                  : g_str_equal(keys[2], "manager")  ? &locked->manager
                  : g_str_equal(keys[2], "category") ? &locked->category
                                                     : NULL;
    if (into != NULL && *into == NULL)
      *into = g_strdup(value);
  } else if (depth == 2 && value == NULL) {
    add_locked(locked);
    locked_clear(locked);
  }
}

/* A row for each platform: what is the same is added once. */
void
conda_lock_read(Slice bytes, Lock *lock)
{
  Locked locked = {.lock = lock};
  walk_with(bytes, visit_locked, &locked, lock);
  locked_clear(&locked);
}
