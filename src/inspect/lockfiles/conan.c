/* Conan's conan.lock (of Conan 1 a graph, of Conan 2 lists), conanfile.txt, and conaninfo.txt,
 * which lies in a folder that is named by its package. */
#include <string.h>

#include "inspect/lockfiles/lockfiles-private.h"

/* "name/version@user/channel#revision:package%time". A range has brackets. */
static void
add_reference(Slice reference, Lock *lock)
{
  for (const char *mark = "@#:%"; *mark != '\0'; mark++)
    reference = lock_before(reference, (uint8_t)*mark);
  reference = slice_strip(reference);
  gssize slash = slice_find(reference, '/');
  if (slash > 0 && slice_find(reference, '[') < 0)
    lock_add_slices(lock, slice_sub(reference, 0, (size_t)slash),
                    slice_sub(reference, (size_t)slash + 1, SIZE_MAX));
}

static void
add_list(const json_t *references, Lock *lock)
{
  size_t index;
  json_t *reference;
  json_array_foreach(references, index, reference) {
    add_reference(slice_from_string(json_string_value(reference)), lock);
  }
}

void
conan_lock_read(Slice bytes, Lock *lock)
{
  g_autoptr(json_t) root = lock_json(bytes, lock);
  const char *id;
  json_t *node;
  add_list(json_get_array(root, "requires"), lock);
  add_list(json_get_array(root, "build_requires"), lock);
  add_list(json_get_array(root, "python_requires"), lock);
  /* The first node is the project. */
  json_object_foreach(json_get_object(json_get_object(root, "graph_lock"), "nodes"), id, node) {
    const char *reference = json_get_string(node, "ref");
    if (reference == NULL)
      reference = json_get_string(node, "pref"); /* before Conan 1.28 */
    if (!g_str_equal(id, "0"))
      add_reference(slice_from_string(reference), lock);
  }
}

/* The lines of the sections of these names, with what is after them. */
static void
read_sections(Slice bytes, const char *const *names, Lock *lock)
{
  Slice line;
  bool is_meant = false;
  while (slice_next_line(&bytes, &line)) {
    line = slice_strip(line);
    if (line.size > 0 && line.data[0] == '[') {
      is_meant = false;
      for (size_t i = 0; names[i] != NULL; i++)
        is_meant |= slice_equal_string(line, names[i]);
    } else if (is_meant && line.size > 0 && line.data[0] != '#') {
      add_reference(line, lock);
    }
  }
}

void
conanfile_read(Slice bytes, Lock *lock)
{
  static const char *const sections[] = {"[requires]", "[build_requires]", "[tool_requires]",
                                         "[test_requires]", NULL};
  read_sections(bytes, sections, lock);
}

/* ".../NAME/VERSION/USER/CHANNEL/package/ID/conaninfo.txt". */
void
conaninfo_read(Slice bytes, Lock *lock)
{
  static const char *const sections[] = {"[full_requires]", NULL};
  g_auto(GStrv) parts = g_strsplit(lock->location, "/", -1);
  guint count = g_strv_length(parts);
  if (count >= 7 && g_str_equal(parts[count - 3], "package"))
    lock_add(lock, parts[count - 7], parts[count - 6]);
  read_sections(bytes, sections, lock);
}
