/* NuGet's files: packages.lock.json, packages.config, and projects of
 * MSBuild; and those of Paket. */
#include <string.h>

#include "base/error.h"
#include "inspect/lockfiles/lockfiles-private.h"
#include "text/xml_walk.h"

/* "dependencies": frameworks, and in them packages; one of type "Project" is the solution's own. */
void
nuget_lock_read(Slice bytes, Lock *lock)
{
  g_autoptr(json_t) root = lock_json(bytes, lock);
  const char *framework, *name;
  json_t *packages, *package;
  json_object_foreach(json_get_object(root, "dependencies"), framework, packages) {
    json_object_foreach(packages, name, package) {
      if (g_strcmp0(json_get_string(package, "type"), "Project") != 0)
        lock_add(lock, name, json_get_string(package, "resolved"));
    }
  }
}

static void
walk(Slice bytes, const XmlVisits *visits, void *data, Lock *lock)
{
  g_autoptr(GError) error = NULL;
  if (!xml_walk(bytes, visits, data, &error))
    lock_is_broken(lock, error->message);
}

static void
begin_config(const char *path, const char **attributes, void *data)
{
  if (g_str_equal(path, "packages/package"))
    lock_add(data, xml_attribute(attributes, "id"), xml_attribute(attributes, "version"));
}

void
nuget_config_read(Slice bytes, Lock *lock)
{
  static const XmlVisits visits = {.begin = begin_config};
  walk(bytes, &visits, lock, lock);
}

/* A project, or what several share: <PackageReference Include="Name" Version="1.0.0"/>, or with the
 * version as an element in it; properties stand for versions. */
typedef struct {
  Lock *lock;
  GHashTable *properties; /* lower case */
  char *name;             /* of the reference that is open, or NULL */
} Project;

static bool
is_reference(const char *path)
{
  const char *slash = strrchr(path, '/'), *name = slash == NULL ? path : slash + 1;
  return g_str_equal(name, "PackageReference") || g_str_equal(name, "PackageVersion") ||
         g_str_equal(name, "GlobalPackageReference") || g_str_equal(name, "DotNetCliToolReference");
}

/* "[1.0.0]" is one version, other brackets are ranges, and "1.*" floats. */
static void
add_reference(Project *project, const char *written)
{
  g_autofree char *version = g_strstrip(g_strdup(written == NULL ? "" : written));
  size_t size = strlen(version);
  if (g_str_has_prefix(version, "$(") && version[size - 1] == ')') {
    g_autofree char *property = g_ascii_strdown(version + 2, (gssize)size - 3);
    const char *value = g_hash_table_lookup(project->properties, property);
    g_free(version);
    version = g_strdup(value == NULL ? "" : value);
    size = strlen(version);
  }
  if (size > 2 && version[0] == '[' && version[size - 1] == ']') {
    version[size - 1] = '\0';
    memmove(version, version + 1, size - 1);
  }
  g_autofree char *name = g_strstrip(g_strdup(project->name == NULL ? "" : project->name));
  if (lock_is_number(version) && strpbrk(version, "*,()[]") == NULL && strchr(name, '$') == NULL)
    lock_add(project->lock, name, version);
}

static void
begin_project(const char *path, const char **attributes, void *data)
{
  Project *project = data;
  if (!is_reference(path))
    return;
  const char *name = xml_attribute(attributes, "Include");
  g_free(project->name);
  project->name = g_strdup(name == NULL ? xml_attribute(attributes, "Update") : name);
  /* For one project, where a central list says the versions of all. */
  const char *own = xml_attribute(attributes, "VersionOverride");
  add_reference(project, own == NULL ? xml_attribute(attributes, "Version") : own);
}

static void
end_project(const char *path, const char *text, void *data)
{
  Project *project = data;
  if (g_str_has_prefix(path, "Project/PropertyGroup/"))
    g_hash_table_replace(project->properties,
                         g_ascii_strdown(path + strlen("Project/PropertyGroup/"), -1),
                         g_strdup(text));
  else if (project->name != NULL && g_str_has_suffix(path, "/Version"))
    add_reference(project, text);
  else if (is_reference(path))
    g_clear_pointer(&project->name, g_free);
}

void
nuget_project_read(Slice bytes, Lock *lock)
{
  static const XmlVisits visits = {begin_project, end_project};
  g_autoptr(GHashTable) properties = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  Project project = {lock, properties, NULL};
  walk(bytes, &visits, &project, lock);
  g_free(project.name);
}

/* "    Name (1.0.0)", below "NUGET" or "GITHUB"; deeper is what it needs. */
void
paket_lock_read(Slice bytes, Lock *lock)
{
  Slice line;
  bool is_nuget = true;
  while (slice_next_line(&bytes, &line)) {
    if (line.size > 0 && line.data[0] != ' ') {
      is_nuget = slice_equal_string(line, "NUGET");
      lock->type = is_nuget ? "nuget" : "github";
    }
    if (!slice_has_prefix(line, SLICE_LITERAL("    ")) || line.size < 5 || line.data[4] == ' ')
      continue;
    gssize open = slice_find(line, '(');
    if (open > 4)
      lock_add_slices(lock, slice_strip(slice_sub(line, 4, (size_t)open - 4)),
                      lock_before(slice_sub(line, (size_t)open + 1, SIZE_MAX), ')'));
  }
}

/* "nuget Name == 1.0.0", or without the sign: others are ranges. */
void
paket_dependencies_read(Slice bytes, Lock *lock)
{
  Slice line;
  while (slice_next_line(&bytes, &line)) {
    line = slice_strip(line);
    Slice word, name = SLICE_EMPTY, sign = SLICE_EMPTY, version = SLICE_EMPTY;
    bool is_github = slice_has_prefix(line, SLICE_LITERAL("github "));
    if (!is_github && !slice_has_prefix(line, SLICE_LITERAL("nuget ")))
      continue;
    line = slice_sub(line, lock_before(line, ' ').size, SIZE_MAX);
    while (version.size == 0 && slice_next_field(&line, ' ', &word))
      if (word.size > 0) {
        Slice *into = name.size == 0 ? &name : sign.size == 0 ? &sign : &version;
        *into = word;
      }
    lock->type = is_github ? "github" : "nuget";
    gssize colon = slice_find(name, ':');
    if (is_github && colon > 0) {
      version = slice_sub(name, (size_t)colon + 1, SIZE_MAX);
      gssize comment = slice_find(version, '/');
      version = comment < 0 ? version : slice_sub(version, 0, (size_t)comment);
      name = slice_sub(name, 0, (size_t)colon);
    } else if (is_github) {
      continue;
    } else if (sign.size > 0 && g_ascii_isdigit((gchar)sign.data[0])) {
      version = sign;
    } else if (!slice_equal_string(sign, "=") && !slice_equal_string(sign, "==")) {
      continue;
    }
    if (version.size > 0 && slice_find(version, '.') > 0)
      lock_add_slices(lock, name, version);
  }
}
