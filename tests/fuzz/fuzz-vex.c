/* VEX documents of all formats, and asking them about a finding. */
#include <stdint.h>

#include "verdict/vex.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static char id[] = "debian", version[] = "12", cve[] = "CVE-1", type[] = "deb", name[] = "a",
              installed[] = "1";
  const OsRelease os = {.id = id, .version_id = version};
  const VexImage image = {.target = "docker://r.example/a:1", .digest = "sha256:1", .os = &os};
  const Finding finding = {
      .id = cve, .package_type = type, .package = name, .installed_version = installed};
  g_autoptr(GError) error = NULL;
  g_autoptr(VexDocument) document = vex_parse(slice_new(data, size), "x", &error);
  g_assert((document == NULL) == (error != NULL));
  if (document == NULL)
    return 0;
  const VexStatement *statement = vex_find(document, &image, &finding);
  g_autofree char *words = statement == NULL ? NULL : vex_in_words(statement, document);
  g_assert(words == NULL || g_utf8_validate(words, -1, NULL));
  return 0;
}
