/* Names in archives as paths, where links lead, and which of them are wanted: "name LF target". */
#include "archive/path.h"
#include "fuzz-bytes.h"
#include "inspect/anywhere.h"
#include "inspect/fixed_places.h"

static void
check_inside(const char *path)
{
  g_assert_true(g_utf8_validate(path, -1, NULL));
  g_assert_true(*path != '/' && !g_str_has_suffix(path, "/") && strstr(path, "//") == NULL);
  g_auto(GStrv) parts = g_strsplit(path, "/", -1);
  for (char **part = parts; *part != NULL; part++)
    g_assert_true(strcmp(*part, "..") != 0 && strcmp(*part, ".") != 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  unsigned depth;
  bool escapes;
  Slice rest = slice_new(data, size), line = SLICE_EMPTY;
  slice_next_line(&rest, &line);
  g_autofree char *name = slice_to_string(line), *target = slice_to_string(rest);
  g_autofree char *path = path_normalise(name, &depth, &escapes);
  g_autofree char *leads = path_of_symlink(path, target);
  check_inside(path);
  check_inside(leads);
  const char *below = path_below(leads, path);
  g_assert_true(below == NULL || g_str_has_suffix(leads, below));
  g_assert_true((fixed_places_detector_of(path) != NULL) == (fixed_places_find_reading(path) >= 0));
  g_assert_cmpuint(anywhere_by_path(path) & ~anywhere_all(), ==, 0);
  g_assert_cmpuint(anywhere_by_content(path) & ~anywhere_placeless(), ==, 0);
  return 0;
}
