/* R's packages: DESCRIPTION in the package's folder of a library. R writes "Built:" when it
 * installs; a source tree's has none. */
#include "inspect/languages/found-private.h"
#include "inspect/languages/languages.h"
#include "text/deb822.h"

/* Of Bioconductor, which has advisories and versions of its own. */
static bool
is_of_bioconductor(Slice description)
{
  Slice value;
  return (deb822_get(description, "Repository", &value) &&
          slice_has_prefix(value, SLICE_LITERAL("Bioconductor"))) ||
         (deb822_get(description, "git_url", &value) &&
          slice_has_prefix(value, SLICE_LITERAL("https://git.bioconductor.org/")));
}

static void
read_description(Slice bytes, const char *location, LayerInventory *into)
{
  Slice description = SLICE_EMPTY, name, version, value;
  if (!deb822_next_stanza(&bytes, &description) || !deb822_get(description, "Built", &value) ||
      !deb822_get(description, "Package", &name) || !deb822_get(description, "Version", &version))
    return;
  GString *licenses = g_string_new(NULL);
  if (deb822_get(description, "License", &value))
    found_licenses_add(licenses, "", value);
  found_add(into, is_of_bioconductor(description) ? "bioconductor" : "cran", name, version,
            location, licenses);
}

const Detector r_detector = {
    .name = "r",
    .version = 1,
    .places = (const char *const[]){"*/DESCRIPTION", NULL},
    .most = FOUND_BYTES_MAX,
    .read = read_description,
};
