/* Lock files of Python: Pipfile.lock; poetry.lock, pdm.lock and the packages of uv.lock, which are
 * alike; and pylock.toml (PEP 751). */
#include <string.h>

#include "inspect/lockfiles/lockfiles-private.h"
#include "inspect/lockfiles/python-private.h"

/* PEP 503. */
Package *
python_add(Lock *lock, Slice name, Slice version)
{
  g_autoptr(GString) normal = g_string_sized_new(name.size);
  for (size_t i = 0; i < name.size; i++) {
    char byte = g_ascii_tolower((gchar)name.data[i]);
    bool separates = byte == '-' || byte == '_' || byte == '.';
    if (!separates)
      g_string_append_c(normal, byte);
    else if (i == 0 || normal->str[normal->len - 1] != '-')
      g_string_append_c(normal, '-');
  }
  return lock_add_slices(lock, slice_new(normal->str, normal->len), version);
}

static void
add_texts(Lock *lock, const char *name, const char *version)
{
  python_add(lock, slice_from_string(name), slice_from_string(version));
}

/* "default" and "develop", and categories that people name: objects by names of packages. */
void
pipfile_lock_read(Slice bytes, Lock *lock)
{
  g_autoptr(json_t) root = lock_json(bytes, lock);
  const char *category, *name;
  json_t *packages, *package;
  json_object_foreach(root, category, packages) {
    if (*category == '_')
      continue;
    lock->development = strcmp(category, "develop") == 0;
    json_object_foreach(packages, name, package) {
      const char *version = json_get_string(package, "version");
      if (version != NULL && g_str_has_prefix(version, "=="))
        add_texts(lock, name, version + strspn(version, "="));
    }
  }
}

bool
python_is_own(const json_t *source)
{
  const char *type = json_get_string(source, "type");
  return g_strcmp0(type, "directory") == 0 || json_object_get(source, "virtual") != NULL ||
         json_object_get(source, "editable") != NULL ||
         json_object_get(source, "directory") != NULL;
}

bool
python_is_development_group(const char *name)
{
  static const char *const names[] = {"dev",     "develop", "development", "test",   "tests",
                                      "testing", "lint",    "linting",     "typing", "mypy",
                                      "docs",    "doc",     NULL};
  return name != NULL && g_strv_contains(names, name);
}

/* Poetry: "category", or since version 1.5 "groups", as in pdm.lock. */
static bool
is_for_development(const json_t *package)
{
  const json_t *groups = json_get_array(package, "groups");
  const char *category = json_get_string(package, "category");
  size_t index;
  json_t *group;
  json_array_foreach(groups, index, group) {
    if (!python_is_development_group(json_string_value(group)))
      return false;
  }
  return json_array_size(groups) > 0 || g_strcmp0(category, "dev") == 0;
}

void
python_packages_read(const json_t *packages, Lock *lock)
{
  size_t index;
  json_t *package;
  json_array_foreach(packages, index, package) {
    lock->development = is_for_development(package);
    if (!python_is_own(json_object_get(package, "source")) && !python_is_own(package))
      add_texts(lock, json_get_string(package, "name"), json_get_string(package, "version"));
  }
}

void
python_toml_read(Slice bytes, Lock *lock)
{
  g_autoptr(json_t) root = lock_toml(bytes, lock);
  python_packages_read(json_get_array(root, "package"), lock);
}

void
pylock_read(Slice bytes, Lock *lock)
{
  g_autoptr(json_t) root = lock_toml(bytes, lock);
  python_packages_read(json_get_array(root, "packages"), lock);
}
