/* Manifest.toml of Julia: "deps", by name an array of tables; in its first form these are at the
 * top. What has no version comes with Julia itself, and has Julia's. */
#include "inspect/lockfiles/lockfiles-private.h"

static void
add_packages(const char *name, const json_t *packages, const char *julia, Lock *lock)
{
  size_t index;
  json_t *package;
  json_array_foreach(packages, index, package) {
    const char *version = json_get_string(package, "version");
    if (json_get_string(package, "uuid") != NULL)
      lock_add(lock, name, version == NULL ? julia : version);
  }
}

void
julia_manifest_read(Slice bytes, Lock *lock)
{
  g_autoptr(json_t) root = lock_toml(bytes, lock);
  json_t *below = json_get_object(root, "deps");
  const char *name;
  json_t *packages;
  json_object_foreach(below != NULL ? below : root, name, packages) {
    add_packages(name, packages, json_get_string(root, "julia_version"), lock);
  }
}
