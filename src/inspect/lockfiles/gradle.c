/* Gradle's gradle.lockfile, and the checksums of gradle/verification-metadata.xml. */
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
