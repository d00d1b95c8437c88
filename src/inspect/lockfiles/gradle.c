/* Gradle's gradle.lockfile, the checksums of gradle/verification-metadata.xml, and catalogues of
 * versions (https://docs.gradle.org/current/userguide/version_catalogs.html). */
#include <string.h>

#include "base/error.h"
#include "inspect/lockfiles/lockfiles-private.h"
#include "text/xml_walk.h"

/* "group:artifact:version=configuration,configuration". */
void
gradle_lock_read(Slice bytes, Lock *lock)
{
  Slice line;
  while (slice_next_line(&bytes, &line)) {
    line = lock_before(slice_strip(line), '=');
    gssize colon = lock_find_last(line, ':');
    gssize first = slice_find(line, ':');
    if (colon > 0 && first < colon && line.data[0] != '#')
      lock_add_slices(lock, slice_sub(line, 0, (size_t)colon),
                      slice_sub(line, (size_t)colon + 1, SIZE_MAX));
  }
}

static void
begin(const char *path, const char **attributes, void *data)
{
  if (g_str_equal(path, "verification-metadata/components/component"))
    lock_add_maven(data, xml_attribute(attributes, "group"), xml_attribute(attributes, "name"),
                   xml_attribute(attributes, "version"));
}

void
gradle_verification_read(Slice bytes, Lock *lock)
{
  static const XmlVisits visits = {.begin = begin};
  g_autoptr(GError) error = NULL;
  if (!xml_walk(bytes, &visits, lock, &error))
    lock_is_broken(lock, error->message);
}

/* "1.0", {ref = "name"}, or {strictly = "1.0"}; what else there is are ranges. */
static const char *
catalog_version(const json_t *versions, const json_t *version)
{
  const char *reference = json_get_string(version, "ref");
  if (reference != NULL)
    version = json_object_get(versions, reference);
  const char *text =
      json_is_object(version) ? json_get_string(version, "strictly") : json_string_value(version);
  return text == NULL || strpbrk(text, "[]()+,") != NULL ? NULL : text;
}

static void
add_library(const json_t *versions, const json_t *library, Lock *lock)
{
  const char *version = catalog_version(versions, json_object_get(library, "version"));
  const char *module = json_get_string(library, "module");
  if (json_is_string(library)) {
    Slice text = slice_from_string(json_string_value(library));
    gssize colon = lock_find_last(text, ':');
    if (colon > 0 && slice_find(text, ':') < colon)
      lock_add_slices(lock, slice_sub(text, 0, (size_t)colon),
                      slice_sub(text, (size_t)colon + 1, SIZE_MAX));
  } else if (module != NULL) {
    lock_add(lock, module, version);
  } else {
    lock_add_maven(lock, json_get_string(library, "group"), json_get_string(library, "name"),
                   version);
  }
}

void
gradle_catalog_read(Slice bytes, Lock *lock)
{
  g_autoptr(json_t) root = lock_toml(bytes, lock);
  const json_t *versions = json_object_get(root, "versions");
  const char *alias;
  json_t *library;
  json_object_foreach(json_get_object(root, "libraries"), alias, library) {
    add_library(versions, library, lock);
  }
}
