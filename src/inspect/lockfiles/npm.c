/* package-lock.json and npm-shrinkwrap.json: "packages", by their folders, since npm 7; before it,
 * and in the first version of the format, "dependencies", by their names and nested
 * (https://docs.npmjs.com/cli/configuring-npm/package-lock-json). */
#include <string.h>

#include "inspect/lockfiles/lockfiles-private.h"

#define DEPTH_MAX 64u

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

/* A pattern of a workspace as the beginning of its folders, each with a slash after it. */
typedef struct {
  char *start;
  bool below; /* "packages/ANY": the folder of that very name is none */
} Workspace;

static void
workspace_clear(void *workspace)
{
  g_free(((Workspace *)workspace)->start);
}

static int
workspace_compare(gconstpointer a, gconstpointer b)
{
  const Workspace *left = a, *right = b;
  int order = strcmp(left->start, right->start);
  return order != 0 ? order : left->below - right->below;
}

/* Of the root's patterns, of which "packages/ANY" takes in all below: sorted, without those that
 * others take in. So one search finds the only one that may be the beginning of a folder. */
static GArray *
workspaces_new(const json_t *patterns)
{
  GArray *all = g_array_new(FALSE, FALSE, sizeof(Workspace));
  g_array_set_clear_func(all, workspace_clear);
  size_t index;
  const json_t *pattern;
  json_array_foreach(patterns, index, pattern) {
    const char *text = json_string_value(pattern);
    if (text == NULL)
      continue;
    text += g_str_has_prefix(text, "./") ? 2 : 0;
    size_t size = strcspn(text, "*");
    bool below = text[size] == '*';
    bool slash = below || (size > 0 && text[size - 1] == '/');
    Workspace one = {g_strdup_printf("%.*s%s", (int)size, text, slash ? "" : "/"), below};
    g_array_append_val(all, one);
  }
  g_array_sort(all, workspace_compare);
  guint kept = 0;
  for (guint i = 0; i < all->len; i++) {
    Workspace *each = &g_array_index(all, Workspace, i);
    if (kept > 0 && g_str_has_prefix(each->start, g_array_index(all, Workspace, kept - 1).start))
      continue;
    Workspace last = g_array_index(all, Workspace, kept);
    g_array_index(all, Workspace, kept++) = *each;
    *each = last;
  }
  g_array_set_size(all, kept);
  return all;
}

static bool
is_workspace(const GArray *workspaces, const char *folder)
{
  g_autofree char *path = g_strconcat(folder, "/", NULL);
  guint low = 0, high = workspaces->len;
  while (low < high) {
    guint middle = low + (high - low) / 2;
    if (strcmp(g_array_index(workspaces, Workspace, middle).start, path) <= 0)
      low = middle + 1;
    else
      high = middle;
  }
  const Workspace *one = low == 0 ? NULL : &g_array_index(workspaces, Workspace, low - 1);
  return one != NULL && g_str_has_prefix(path, one->start) &&
         !(one->below && strcmp(path, one->start) == 0);
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
  const json_t *patterns = json_object_get(root, "workspaces");
  if (json_is_object(patterns))
    patterns = json_object_get(patterns, "packages");
  g_autoptr(GArray) workspaces = workspaces_new(patterns);
  const char *folder;
  json_t *entry;
  json_object_foreach(packages, folder, entry) {
    bool is_own = *folder == '\0' || json_get_boolean(entry, "link", false) ||
                  (strstr(folder, "node_modules/") == NULL && is_workspace(workspaces, folder));
    if (is_own)
      continue;
    const char *name = json_get_string(entry, "name");
    lock->development = json_get_boolean(entry, "dev", false);
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
    lock->development = json_get_boolean(entry, "dev", false);
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
