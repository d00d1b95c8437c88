/* Debian changelogs, and diffs that hold one. */
#include <string.h>

#include "advisory/feeds/changelog.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  Slice rest = slice_new(data, size);
  ChangelogEntry entry;
  char id[CVE_TEXT_MAX];
  while (changelog_next_entry(&rest, &entry)) {
    changelog_find_advisory(entry.body);
    while (changelog_next_cve(&entry.body, id))
      g_assert_true(strlen(id) < CVE_TEXT_MAX);
  }
  GBytes *from_diff = changelog_from_diff(slice_new(data, size));
  g_clear_pointer(&from_diff, g_bytes_unref);
  return 0;
}
