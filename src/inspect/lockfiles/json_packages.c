/* Lock files in JSON that are hardly more than a list of packages: Deno, Composer, renv, the sbt
 * plugin, Swift. */
#include <string.h>

#include "inspect/lockfiles/lockfiles-private.h"

/* "npm": {"name@1.0.0_peer@2.0.0": ...}, in the third version of the format below "packages". What
 * is of JSR is under that name, "@scope/name". */
static void
add_deno(json_t *packages, const char *type, Lock *lock)
{
  const char *key;
  json_t *package;
  lock->type = type;
  json_object_foreach(packages, key, package) {
    Slice name, version;
    if (lock_split_name(slice_from_string(key), &name, &version))
      lock_add_slices(lock, name, lock_before(version, '_'));
  }
}

void
deno_lock_read(Slice bytes, Lock *lock)
{
  g_autoptr(json_t) root = lock_json5(bytes, lock);
  json_t *below = json_get_object(root, "packages"), *npm = json_get_object(root, "npm");
  if (below == NULL)
    below = root;
  if (npm != NULL && json_get_object(npm, "packages") != NULL)
    below = npm;
  add_deno(json_get_object(below, below == npm ? "packages" : "npm"), "npm", lock);
  add_deno(json_get_object(below, "jsr"), "jsr", lock);
}

static void
add_composer(const json_t *packages, Lock *lock)
{
  size_t index;
  json_t *package;
  json_array_foreach(packages, index, package) {
    const char *name = json_get_string(package, "name");
    const char *version = json_get_string(package, "version");
    if (name == NULL || version == NULL)
      continue;
    g_autofree char *lower = g_ascii_strdown(name, -1);
    Package *added = lock_add(lock, lower, version + (*version == 'v' || *version == 'V'));
    g_auto(GStrv) licenses = json_get_strings(package, "license");
    g_autofree char *joined = licenses == NULL ? NULL : g_strjoinv(" OR ", licenses);
    lock_set_licenses(added, joined);
  }
}

void
composer_lock_read(Slice bytes, Lock *lock)
{
  g_autoptr(json_t) root = lock_json(bytes, lock);
  add_composer(json_get_array(root, "packages"), lock);
  lock->development = true;
  add_composer(json_get_array(root, "packages-dev"), lock);
}

/* What is of no repository in the manner of CRAN (Bioconductor, GitHub) has other names. */
void
renv_lock_read(Slice bytes, Lock *lock)
{
  g_autoptr(json_t) root = lock_json(bytes, lock);
  const char *key;
  json_t *package;
  json_object_foreach(json_get_object(root, "Packages"), key, package) {
    const char *source = json_get_string(package, "Source");
    if (json_get_string(package, "Repository") != NULL || g_strcmp0(source, "Repository") == 0 ||
        g_strcmp0(source, "CRAN") == 0)
      lock_add(lock, json_get_string(package, "Package"), json_get_string(package, "Version"));
  }
}

void
sbt_lock_read(Slice bytes, Lock *lock)
{
  g_autoptr(json_t) root = lock_json(bytes, lock);
  size_t index;
  json_t *package;
  json_array_foreach(json_get_array(root, "dependencies"), index, package) {
    lock_add_maven(lock, json_get_string(package, "org"), json_get_string(package, "name"),
                   json_get_string(package, "version"));
  }
}

/* Advisories name a package of Swift by its address: "github.com/apple/swift-nio". (transfer full)
 */
static char *
swift_name(const char *address)
{
  const char *start = strstr(address, "://");
  start = start == NULL ? address : start + strlen("://");
  const char *at = strchr(start, '@');
  if (at != NULL && strchr(start, '/') != NULL && at < strchr(start, '/'))
    start = at + 1;
  char *name = g_strdup(start);
  char *colon = strchr(name, ':');
  if (colon != NULL && !g_ascii_isdigit(colon[1]))
    *colon = '/';
  size_t size = strlen(name);
  while (size > 0 && name[size - 1] == '/')
    name[--size] = '\0';
  if (g_str_has_suffix(name, ".git"))
    name[size - strlen(".git")] = '\0';
  return name;
}

/* "pins" is below "object" in the first version. A branch is no version, except where it is named
 * by one. */
void
swift_resolved_read(Slice bytes, Lock *lock)
{
  g_autoptr(json_t) root = lock_json(bytes, lock);
  const json_t *pins = json_get_array(root, "pins");
  if (pins == NULL)
    pins = json_get_array(json_get_object(root, "object"), "pins");
  size_t index;
  json_t *pin;
  json_array_foreach(pins, index, pin) {
    const char *address = json_get_string(pin, "location");
    if (address == NULL)
      address = json_get_string(pin, "repositoryURL");
    const json_t *state = json_get_object(pin, "state");
    const char *version = json_get_string(state, "version");
    if (version == NULL && lock_is_number(json_get_string(state, "branch")))
      version = json_get_string(state, "branch");
    if (address == NULL || version == NULL)
      continue;
    g_autofree char *name = swift_name(address);
    lock_add(lock, name, version);
  }
}
