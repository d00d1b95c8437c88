/* npm's packages: a package.json at the root of a package, wherever npm, pnpm or yarn put it.
 *
 * Many others have that name: helpers for sub-paths of a package (rxjs/ajax/package.json), tests
 * of a package, manifests of Visual Studio Code and of Unity. */
#include <string.h>

#include "base/json.h"
#include "inspect/languages/found-private.h"
#include "inspect/languages/languages.h"
#include "inspect/languages/npm-private.h"

#define MODULES       "node_modules/"
#define COMPILED      "dist/compiled/"
#define NAME_SIZE_MAX 214u

/* What follows the first "node_modules/" of @path, as a folder's whole name; or NULL. */
static const char *
after_modules(const char *path)
{
  for (const char *at = path; (at = strstr(at, MODULES)) != NULL; at += strlen(MODULES))
    if (at == path || at[-1] == '/')
      return at + strlen(MODULES);
  return NULL;
}

/* What follows the package's folder, "name/" or "@scope/name/", in what is in a node_modules. Yarn
 * stores some as .store/NAME/package/. NULL: there is no such folder. */
static const char *
after_package(const char *path)
{
  unsigned parts = *path == '@' ? 2 : 1;
  if (g_str_has_prefix(path, ".store/"))
    parts = 3;
  for (; parts > 0; parts--) {
    const char *slash = strchr(path, '/');
    if (slash == NULL || slash == path)
      return NULL;
    path = slash + 1;
  }
  return path;
}

/* Whether one of the folders of @path, up to @end, is for tests. */
static bool
is_in_tests(const char *path, const char *end)
{
  static const char *const folders[] = {"test",     "tests",   "__tests__",    "spec",
                                        "fixtures", "fixture", "__fixtures__", "test-fixtures",
                                        "testdata", NULL};
  Slice rest = slice_new(path, (size_t)(end - path)), folder;
  while (slice_next_field(&rest, '/', &folder))
    for (size_t i = 0; folders[i] != NULL; i++)
      if (slice_equal_string(folder, folders[i]))
        return true;
  return false;
}

/* What a package was built with and brings inside of itself: Next.js has them in
 * dist/compiled/NAME/, with name and version where they are whole packages. */
static bool
is_compiled_in(const char *path)
{
  const char *name = path + strlen(COMPILED);
  if (!g_str_has_prefix(path, COMPILED))
    return false;
  const char *package = after_package(name);
  return package != NULL && strcmp(package, "package.json") == 0;
}

/* Below the last node_modules it is directly in the package's folder; and no package brings it
 * along for its tests. */
bool
npm_manifest_is_root(const char *path)
{
  const char *modules = after_modules(path);
  while (modules != NULL) {
    const char *package = after_package(modules), *next = after_modules(modules);
    if (next == NULL)
      return package != NULL && (strcmp(package, "package.json") == 0 || is_compiled_in(package));
    if (package != NULL && package < next && is_in_tests(package, next))
      return false;
    modules = next;
  }
  return true;
}

/* As validate-npm-package-name has it for old packages: with capitals, and some signs more. */
static bool
is_name(const char *name)
{
  const char *rest = name;
  if (*rest == '@') {
    rest = strchr(name, '/');
    if (rest == NULL || rest == name + 1)
      return false;
    rest++;
  }
  if (*rest == '\0' || *rest == '.' || *rest == '_' || strlen(name) > NAME_SIZE_MAX)
    return false;
  for (const char *p = name + (*name == '@'); *p != '\0'; p++)
    if (!g_ascii_isalnum(*p) && strchr("-._~!'()*", *p) == NULL && p + 1 != rest)
      return false;
  return true;
}

/* A part that stands for any number: a range is no version. */
static bool
is_wildcard(Slice version)
{
  Slice rest = slice_sub(version, 0, strcspn((const char *)version.data, "-+")), part;
  while (slice_next_field(&rest, '.', &part))
    if (slice_equal_string(part, "x") || slice_equal_string(part, "X"))
      return true;
  return false;
}

/* Without what npm takes off as well; empty: it is a range, or nothing. */
static Slice
clean_version(const char *text)
{
  Slice version = slice_strip(slice_from_string(text));
  while (version.size > 0 && strchr("=vV ", version.data[0]) != NULL)
    version = slice_sub(version, 1, version.size);
  bool is_version = version.size > 0 && g_ascii_isdigit(version.data[0]);
  for (size_t i = 0; is_version && i < version.size; i++)
    is_version = g_ascii_isalnum(version.data[i]) || strchr(".-+_", version.data[i]) != NULL;
  return is_version && !is_wildcard(version) ? version : SLICE_EMPTY;
}

/* An expression, or { "type": ... } as they were written once. */
static void
add_license(GString *licenses, const json_t *value)
{
  const json_t *text = json_is_object(value) ? json_object_get(value, "type") : value;
  found_licenses_add(licenses, " OR ", slice_from_string(json_string_value(text)));
}

static void
add_licenses(GString *licenses, const json_t *value)
{
  size_t index;
  json_t *item;
  if (!json_is_array(value))
    add_license(licenses, value);
  json_array_foreach(value, index, item)
    add_license(licenses, item);
}

/* A manifest of Visual Studio Code's extensions or of Unity's packages. What is in a node_modules
 * is used by node whatever else it says. */
static bool
is_foreign(const json_t *manifest, const char *location)
{
  if (after_modules(location) != NULL)
    return false;
  return json_object_get(json_object_get(manifest, "engines"), "vscode") != NULL ||
         json_is_object(json_object_get(manifest, "contributes")) ||
         found_text(manifest, "unity") != NULL;
}

/* "name@version", which older npm wrote into what it installed. */
static const char *
version_in_id(const json_t *manifest, const char *name)
{
  const char *id = found_text(manifest, "_id");
  size_t size = strlen(name);
  return id != NULL && strncmp(id, name, size) == 0 && id[size] == '@' ? id + size + 1 : "";
}

static Package *
read_manifest(const json_t *manifest, const char *location, LayerInventory *into)
{
  const char *name = found_text(manifest, "name"), *text = found_text(manifest, "version");
  if (name == NULL || !is_name(name) || is_foreign(manifest, location))
    return NULL;
  Slice version = clean_version(text == NULL ? "" : text);
  if (version.size == 0)
    version = clean_version(version_in_id(manifest, name));
  if (version.size == 0)
    return NULL;
  GString *licenses = g_string_new(NULL);
  add_licenses(licenses, json_object_get(manifest, "license"));
  if (licenses->len == 0)
    add_licenses(licenses, json_object_get(manifest, "licenses"));
  return found_add(into, "npm", slice_from_string(name), version, location, licenses);
}

Package *
npm_manifest_read(Slice bytes, const char *location, LayerInventory *into)
{
  g_autoptr(json_t) manifest = found_json(bytes, location, into);
  return manifest == NULL ? NULL : read_manifest(manifest, location, into);
}

static void
read_package_json(Slice bytes, const char *location, LayerInventory *into)
{
  npm_manifest_read(bytes, location, into);
}

const Detector npm_detector = {
    .name = "npm",
    .version = 2,
    .places = (const char *const[]){"*/package.json", NULL},
    .wants_path = npm_manifest_is_root,
    .most = FOUND_BYTES_MAX,
    .read = read_package_json,
};
