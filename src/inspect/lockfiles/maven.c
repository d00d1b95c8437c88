/* pom.xml of Maven (https://maven.apache.org/pom.html), by what is in this one file: properties,
 * the coordinates of the project and of its parent, and its own dependencyManagement. */
#include <string.h>

#include "base/error.h"
#include "inspect/lockfiles/lockfiles-private.h"
#include "text/xml_walk.h"

/* A value may have a property in it, whose value has one. */
#define NESTED_MAX 5u
#define VALUE_MAX  ((size_t)1024)
/* Of a property's name, with its signs. */
#define NAME_MAX_BYTES ((size_t)256)
/* Of all values together: properties of properties would take for ever. */
#define RESOLVED_MAX 200000u

typedef struct {
  char *group, *artifact, *version;
  bool is_managed; /* in dependencyManagement */
  bool is_import;
} Dependency;

typedef struct {
  GHashTable *properties; /* "project.version" as well */
  GPtrArray *dependencies, *in_profile;
  Dependency *open;
  bool is_active;    /* the profile that is open */
  unsigned resolved; /* properties that were put in */
} Pom;

static void
dependency_free(void *data)
{
  Dependency *dependency = data;
  g_free(dependency->group);
  g_free(dependency->artifact);
  g_free(dependency->version);
  g_free(dependency);
}

/* (transfer full): with the values of properties; those that nobody knows stay, so that it is no
 * version. */
static char *
resolve(Pom *pom, const char *text, unsigned depth)
{
  g_autoptr(GString) out = g_string_new(NULL);
  while (text != NULL && *text != '\0' && out->len <= VALUE_MAX) {
    const char *end =
        g_str_has_prefix(text, "${") ? memchr(text, '}', strnlen(text, NAME_MAX_BYTES)) : NULL;
    g_autofree char *name = end == NULL ? NULL : g_strndup(text + 2, (gsize)(end - text) - 2);
    const char *value = name == NULL ? NULL : g_hash_table_lookup(pom->properties, name);
    if (value != NULL && depth < NESTED_MAX && pom->resolved++ < RESOLVED_MAX) {
      g_autofree char *inner = resolve(pom, value, depth + 1);
      g_string_append(out, inner);
      text = end + 1;
    } else {
      g_string_append_c(out, *text++);
    }
  }
  g_string_truncate(out, MIN(out->len, VALUE_MAX));
  return g_string_free(g_steal_pointer(&out), FALSE);
}

static bool
ends_with(const char *path, const char *end)
{
  return g_str_has_suffix(path, end);
}

static void
begin(const char *path, const char **attributes, void *data)
{
  Pom *pom = data;
  if (g_str_equal(path, "project/profiles/profile")) {
    pom->is_active = false;
    g_ptr_array_set_size(pom->in_profile, 0);
  }
  bool is_project = g_str_equal(path, "project/dependencies/dependency") ||
                    g_str_equal(path, "project/dependencyManagement/dependencies/dependency");
  bool is_profile = g_str_equal(path, "project/profiles/profile/dependencies/dependency");
  if (!is_project && !is_profile)
    return;
  pom->open = g_new0(Dependency, 1);
  pom->open->is_managed = strstr(path, "dependencyManagement") != NULL;
  g_ptr_array_add(is_profile ? pom->in_profile : pom->dependencies, pom->open);
}

static void
set_once(char **into, const char *text)
{
  if (*into == NULL)
    *into = g_strdup(text);
}

static void
take_dependency(Pom *pom, const char *path, const char *text)
{
  if (ends_with(path, "/dependency"))
    pom->open = NULL;
  else if (ends_with(path, "/dependency/groupId"))
    set_once(&pom->open->group, text);
  else if (ends_with(path, "/dependency/artifactId"))
    set_once(&pom->open->artifact, text);
  else if (ends_with(path, "/dependency/version"))
    set_once(&pom->open->version, text);
  else if (ends_with(path, "/dependency/scope"))
    pom->open->is_import |= g_str_equal(text, "import");
}

static void
set_property(Pom *pom, const char *name, const char *text, bool replaces)
{
  if (replaces || !g_hash_table_contains(pom->properties, name))
    g_hash_table_replace(pom->properties, g_strdup(name), g_strdup(text));
}

/* "project/version", "project/parent/version": what the parent says of group and version is the
 * project's, where it says nothing itself. */
static void
take_coordinate(Pom *pom, const char *path, const char *text)
{
  const struct {
    const char *path, *name;
    bool is_own;
  } coordinates[] = {{"project/groupId", "project.groupId", true},
                     {"project/version", "project.version", true},
                     {"project/artifactId", "project.artifactId", true},
                     {"project/parent/groupId", "project.groupId", false},
                     {"project/parent/version", "project.version", false},
                     {"project/parent/groupId", "project.parent.groupId", true},
                     {"project/parent/version", "project.parent.version", true}};
  for (size_t i = 0; i < G_N_ELEMENTS(coordinates); i++)
    if (g_str_equal(path, coordinates[i].path)) {
      const char *name = coordinates[i].name;
      set_property(pom, name, text, coordinates[i].is_own);
      /* Older names of the same. */
      set_property(pom, name + strlen("project."), text, false);
      g_autofree char *old = g_strconcat("pom.", name + strlen("project."), NULL);
      set_property(pom, old, text, coordinates[i].is_own);
    }
}

/* Those of a profile that holds are as those of the project. */
static void
take_profile(Pom *pom)
{
  gsize count;
  g_autofree gpointer *dependencies = g_ptr_array_steal(pom->in_profile, &count);
  for (gsize i = 0; i < count; i++)
    g_ptr_array_add(pom->dependencies, dependencies[i]);
}

static void
end(const char *path, const char *text, void *data)
{
  Pom *pom = data;
  if (pom->open != NULL)
    take_dependency(pom, path, text);
  else if (g_str_has_prefix(path, "project/properties/"))
    set_property(pom, path + strlen("project/properties/"), text, true);
  else if (g_str_equal(path, "project/profiles/profile/activation/activeByDefault"))
    pom->is_active = g_str_equal(text, "true");
  else if (g_str_equal(path, "project/profiles/profile") && pom->is_active)
    take_profile(pom);
  else
    take_coordinate(pom, path, text);
}

/* "group:artifact" -> version, of dependencyManagement. (transfer full) */
static GHashTable *
managed_versions(Pom *pom)
{
  GHashTable *managed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  for (guint i = 0; i < pom->dependencies->len; i++) {
    const Dependency *dependency = g_ptr_array_index(pom->dependencies, i);
    if (!dependency->is_managed || dependency->is_import)
      continue;
    g_autofree char *group = resolve(pom, dependency->group, 0);
    g_autofree char *artifact = resolve(pom, dependency->artifact, 0);
    g_hash_table_replace(managed, g_strconcat(group, ":", artifact, NULL),
                         resolve(pom, dependency->version, 0));
  }
  return managed;
}

static void
add_dependency(Pom *pom, const Dependency *dependency, GHashTable *managed, Lock *lock)
{
  g_autofree char *group = resolve(pom, dependency->group, 0);
  g_autofree char *artifact = resolve(pom, dependency->artifact, 0);
  g_autofree char *version = resolve(pom, dependency->version, 0);
  g_autofree char *name = g_strconcat(group, ":", artifact, NULL);
  const char *known = *version != '\0' ? version : g_hash_table_lookup(managed, name);
  size_t size = known == NULL ? 0 : strlen(known);
  bool is_range = size > 0 && (known[0] == '[' || known[0] == '(');
  /* "[1.0]" is one version. */
  bool is_exact = is_range && size > 2 && known[size - 1] == ']' && strchr(known, ',') == NULL;
  if (is_exact) {
    g_autofree char *exact = g_strndup(known + 1, size - 2);
    lock_add_maven(lock, group, artifact, exact);
  } else if (is_range || size == 0 || strstr(known, "${") != NULL) {
    lock_skip(lock, name);
  } else {
    lock_add_maven(lock, group, artifact, known);
  }
}

void
pom_read(Slice bytes, Lock *lock)
{
  static const XmlVisits visits = {begin, end};
  g_autoptr(GHashTable) properties = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  g_autoptr(GPtrArray) dependencies = g_ptr_array_new_with_free_func(dependency_free);
  g_autoptr(GPtrArray) in_profile = g_ptr_array_new_with_free_func(dependency_free);
  g_autoptr(GError) error = NULL;
  Pom pom = {properties, dependencies, in_profile, NULL, false, 0};
  if (!xml_walk(bytes, &visits, &pom, &error))
    lock_is_broken(lock, error->message);
  g_autoptr(GHashTable) managed = managed_versions(&pom);
  for (guint i = 0; i < dependencies->len; i++) {
    const Dependency *dependency = g_ptr_array_index(dependencies, i);
    if (!dependency->is_managed)
      add_dependency(&pom, dependency, managed, lock);
  }
}
