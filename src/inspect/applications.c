/* Two tables over the packages of an image: those of the distribution by name, for the owners; the
 * folders that something is installed below, for what is declared. */
#include "inspect/applications.h"

#include <string.h>

/* --- owners --- */

/* Name -> Package, of what distributions installed. */
static GHashTable *
names_of_distribution(const GArray *packages)
{
  GHashTable *names = g_hash_table_new(g_str_hash, g_str_equal);
  for (guint i = 0; i < packages->len; i++) {
    const Package *package = g_array_index(packages, ImagePackage, i).package;
    if (!package_is_of_application(package))
      g_hash_table_insert(names, package->name, (void *)(uintptr_t)package);
  }
  return names;
}

static void
find_owners(GArray *packages)
{
  g_autoptr(GHashTable) names = names_of_distribution(packages);
  for (guint i = 0; i < packages->len; i++) {
    ImagePackage *package = &g_array_index(packages, ImagePackage, i);
    if (package->package->owner != NULL && !package->package->foreign_owner)
      package->owner = g_hash_table_lookup(names, package->package->owner);
  }
}

/* --- what is declared --- */

/* Kinds that are installed below the folder of the file that declares them. */
static bool
is_installed_beside(const char *type)
{
  static const char *const beside[] = {"npm", "composer"};
  for (size_t i = 0; i < G_N_ELEMENTS(beside); i++)
    if (strcmp(type, beside[i]) == 0)
      return true;
  return false;
}

/* Of npm, corepack and pip: what they bring for themselves. */
static bool
is_of_tool(const Package *package)
{
  static const char *const trees[] = {"lib/node_modules/npm/", "lib/node_modules/corepack/",
                                      "share/nodejs/"};
  static const char *const names[] = {"pip", "setuptools", "wheel", "bundler"};
  for (size_t i = 0; i < G_N_ELEMENTS(trees); i++)
    if (strstr(package->location, trees[i]) != NULL)
      return true;
  for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
    if (strcmp(package->name, names[i]) == 0)
      return true;
  return strcmp(package->type, "gem") == 0 &&
         strstr(package->location, "/specifications/default/") != NULL;
}

/* "npm:app" for each folder above it; and "npm:", for anywhere. */
static void
add_folders(GHashTable *folders, const Package *package)
{
  const char *path = package->location;
  g_autoptr(GString) key = g_string_new(package->type);
  g_string_append_c(key, ':');
  size_t type = key->len;
  g_hash_table_add(folders, g_strdup(key->str));
  if (!is_installed_beside(package->type))
    return;
  for (const char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
    g_string_truncate(key, type);
    g_string_append_len(key, path, slash - path);
    if (!g_hash_table_contains(folders, key->str))
      g_hash_table_add(folders, g_strdup(key->str));
  }
}

/* The package.json of the project itself is no installation of what its lock file names. */
static bool
is_project(const Package *package)
{
  return strcmp(package->type, "npm") == 0 && strstr(package->location, "node_modules/") == NULL;
}

static GHashTable *
installed_folders(const GArray *packages)
{
  GHashTable *folders = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < packages->len; i++) {
    const ImagePackage *package = &g_array_index(packages, ImagePackage, i);
    bool own = !package_is_of_application(package->package) ||
               (package->owner == NULL && !is_of_tool(package->package));
    if (own && !package->package->declared && !is_project(package->package))
      add_folders(folders, package->package);
  }
  return folders;
}

/* How much of a location is the folder that what it declares would be installed in. Yarn's cache is
 * in the project's; one for all projects, "berry", is in none. */
static size_t
folder_size(const char *location)
{
  const char *slash = strrchr(location, '/'), *cache = strstr(location, ".yarn/");
  if (strstr(location, "yarn/berry/cache/") != NULL || slash == NULL)
    return 0;
  if (cache == location || (cache != NULL && cache[-1] == '/'))
    return cache == location ? 0 : (size_t)(cache - location - 1);
  return (size_t)(slash - location);
}

/* What a file at @location declares of @type. */
static bool
counts(GHashTable *folders, const char *type, const char *location)
{
  size_t size = is_installed_beside(type) ? folder_size(location) : 0;
  g_autofree char *key = g_strdup_printf("%s:%.*s", type, (int)size, location);
  return !g_hash_table_contains(folders, key);
}

static bool
package_counts(GHashTable *folders, const Package *package)
{
  return !package->declared || counts(folders, package->type, package->location);
}

/* The folder of @package, where its file is named @file; else NULL. (transfer full) */
static char *
folder_of_file(const Package *package, const char *file)
{
  g_autofree char *name = g_path_get_basename(package->location);
  return strcmp(name, file) == 0 ? g_path_get_dirname(package->location) : NULL;
}

/* Those whose go.mod says what is used: go.sum has older versions as well. */
static GHashTable *
go_folders(const GArray *packages)
{
  GHashTable *folders = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < packages->len; i++) {
    const Package *package = g_array_index(packages, ImagePackage, i).package;
    char *folder = package->declared ? folder_of_file(package, "go.mod") : NULL;
    if (folder != NULL)
      g_hash_table_add(folders, folder);
  }
  return folders;
}

static bool
is_overruled(GHashTable *folders, const Package *package)
{
  g_autofree char *folder = package->declared ? folder_of_file(package, "go.sum") : NULL;
  return folder != NULL && g_hash_table_contains(folders, folder);
}

static void
drop_declared(GArray *packages)
{
  g_autoptr(GHashTable) folders = installed_folders(packages);
  g_autoptr(GHashTable) modules = go_folders(packages);
  guint kept = 0;
  for (guint i = 0; i < packages->len; i++)
    if (package_counts(folders, g_array_index(packages, ImagePackage, i).package) &&
        !is_overruled(modules, g_array_index(packages, ImagePackage, i).package))
      g_array_index(packages, ImagePackage, kept++) = g_array_index(packages, ImagePackage, i);
  g_array_set_size(packages, kept);
}

void
applications_settle(GArray *packages)
{
  find_owners(packages);
  drop_declared(packages);
}

GPtrArray *
applications_missed(const GArray *packages, const GPtrArray *files)
{
  g_autoptr(GHashTable) folders = installed_folders(packages);
  GPtrArray *missed = g_ptr_array_new();
  for (guint i = 0; i < files->len; i++) {
    LayerFile *file = g_ptr_array_index(files, i);
    if (file->declares == NULL || counts(folders, file->declares, file->location))
      g_ptr_array_add(missed, file);
  }
  return missed;
}
