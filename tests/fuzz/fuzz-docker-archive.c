/* manifest.json of archives of `docker save`, and a reference into it. */
#include <string.h>

#include "source/source-private.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The first line is the reference; an empty one is none. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  Slice rest = slice_new(data, size), line = SLICE_EMPTY;
  slice_next_line(&rest, &line);
  g_autofree char *reference = line.size > 0 ? slice_to_string(line) : NULL;
  g_autoptr(GError) error = NULL;
  DockerArchiveImage image = {0};
  bool parsed = docker_archive_parse(rest, reference, &image, &error);
  g_assert_true(parsed == (error == NULL));
  g_assert_true(!parsed || image.config != NULL);
  /* Names of the archive's author in a message stay few. */
  g_assert_true(parsed || strlen(error->message) < (1 << 20));
  docker_archive_image_clear(&image);
  return 0;
}
