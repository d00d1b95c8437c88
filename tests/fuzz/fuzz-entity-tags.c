/* If-Match and If-None-Match: what names a tag strongly names it weakly as well, a list that is
 * longer names no less, and nothing names what has no tag. */
#include "server/http/entity_tags.h"

#include <glib.h>

#include "base/slice.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  g_autofree char *header = slice_to_string(slice_new(data, size));
  g_autofree char *longer = g_strconcat("\"b\", ", header, NULL);
  bool changed = entity_tags_name(header, "\"a\"", TAGS_CHANGED);
  if (entity_tags_name(header, "\"a\"", TAGS_SHOWN))
    g_assert_true(changed || g_strrstr(header, "W/") != NULL);
  g_assert_false(entity_tags_name(header, NULL, TAGS_SHOWN));
  g_assert_true(entity_tags_name(longer, "\"b\"", TAGS_CHANGED));
  return 0;
}
