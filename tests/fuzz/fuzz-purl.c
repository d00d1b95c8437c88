/* Package URLs: whatever is read has one canonical form, which reads as itself. */
#include <stdint.h>
#include <string.h>

#include "inventory/purl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  g_autofree char *text = slice_to_string(slice_new(data, size));
  g_autoptr(GError) error = NULL;
  g_autoptr(Purl) purl = purl_parse(text, &error);
  g_assert((purl == NULL) == (error != NULL));
  if (purl == NULL)
    return 0;
  g_autofree char *canonical = purl_to_text(purl);
  g_autoptr(Purl) again = purl_parse(canonical, NULL);
  g_autofree char *second = again == NULL ? NULL : purl_to_text(again);
  g_assert(strlen(canonical) > PURL_BYTES_MAX || g_strcmp0(second, canonical) == 0);
  OsRelease *os = purl_to_os(purl);
  os_release_free(os);
  package_free(purl_to_package(purl, text));
  return 0;
}
