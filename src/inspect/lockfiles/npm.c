/* package-lock.json and npm-shrinkwrap.json: "packages", by their folders, since npm 7; before it,
 * and in the first version of the format, "dependencies", by their names and nested
 * (https://docs.npmjs.com/cli/configuring-npm/package-lock-json). */
#include <string.h>

#include "inspect/lockfiles/lockfiles-private.h"

#define DEPTH_MAX      64u
#define WORKSPACES_MAX 1000u

/* What is after the last folder of packages; of others their own folder. */
static const char *
name_of_folder(const char *folder)
{
  const char *name = NULL;
  for (const char *at = folder; (at = strstr(at, "node_modules/")) != NULL;)
    name = at += strlen("node_modules/");
  if (name != NULL)
    return name;
  const char *slash = strrchr(folder, '/');
  return slash == NULL ? folder : slash + 1;
}

/* The folder is one of the workspaces that the root names: "packages/ANY" takes in all below. */
static bool
is_workspace(const json_t *patterns, const char *folder)
{
  size_t index;
  const json_t *pattern;
  json_array_foreach(patterns, index, pattern) {
    const char *text = index < WORKSPACES_MAX ? json_string_value(pattern) : NULL;
    size_t size = text == NULL ? 0 : strcspn(text, "*");
    if (text != NULL && g_str_has_prefix(text, "./")) {
      text += 2;
      size -= MIN(size, 2);
    }
    if (text != NULL && strncmp(folder, text, size) == 0 &&
        (text[size] == '*' || folder[size] == '\0' || folder[size] == '/'))
      return true;
  }
  return false;
}

/* A string, or what old packages have: objects with "type", and lists of them. */
static void
set_licenses(Package *package, const json_t *license)
{
  if (json_is_array(license))
    license = json_array_get(license, 0);
  lock_set_licenses(package, json_is_object(license) ? json_get_string(license, "type")
                                                     : json_string_value(license));
}

static void
read_packages(json_t *packages, Lock *lock)
{
  const json_t *root = json_object_get(packages, "");
  const json_t *workspaces = json_object_get(root, "workspaces");
  if (json_is_object(workspaces))
    workspaces = json_object_get(workspaces, "packages");
  const char *folder;
  json_t *entry;
  json_object_foreach(packages, folder, entry) {
    bool is_own = *folder == '\0' || json_get_boolean(entry, "link", false) ||
                  (strstr(folder, "node_modules/") == NULL && is_workspace(workspaces, folder));
    if (is_own)
      continue;
    const char *name = json_get_string(entry, "name");
    Package *package = lock_add(lock, name != NULL ? name : name_of_folder(folder),
                                json_get_string(entry, "version"));
    set_licenses(package, json_object_get(entry, "license"));
  }
}

/* An alias is "npm:name@version"; an address has no version. */
static void
add_dependency(Lock *lock, const char *name, const char *version)
{
  Slice real_name, real_version;
  if (version != NULL && g_str_has_prefix(version, "npm:")) {
    if (lock_split_at(slice_from_string(version + strlen("npm:")), &real_name, &real_version))
      lock_add_slices(lock, real_name, real_version);
  } else if (lock_is_number(version)) {
    lock_add(lock, name, version);
  }
}

static void
read_dependencies(json_t *dependencies, unsigned depth, Lock *lock)
{
  const char *name;
  json_t *entry;
  if (depth > DEPTH_MAX)
    return;
  json_object_foreach(dependencies, name, entry) {
    add_dependency(lock, name, json_get_string(entry, "version"));
    read_dependencies(json_get_object(entry, "dependencies"), depth + 1, lock);
  }
}

void
npm_lock_read(Slice bytes, Lock *lock)
{
  g_autoptr(json_t) root = lock_json(bytes, lock);
  json_t *packages = json_get_object(root, "packages");
  bool is_first = json_get_integer(root, "lockfileVersion", 0) == 1;
  if (packages != NULL)
    read_packages(packages, lock);
  if (packages == NULL || is_first)
    read_dependencies(json_get_object(root, "dependencies"), 0, lock);
}
