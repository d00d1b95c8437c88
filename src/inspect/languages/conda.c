/* conda's packages: PREFIX/conda-meta/NAME-VERSION-BUILD.json, as conda writes it.
 *
 * One of Python has its dist-info in the same prefix as well, PREFIX/lib/pythonX.Y/site-packages,
 * with the same version, and most often the same name. It is one package then: advisories know it
 * by its name on PyPI, not on conda's channels. */
#include "base/json.h"
#include "inspect/languages/found-private.h"
#include "inspect/languages/languages.h"

static bool
is_meta(const char *path)
{
  g_autofree char *folder = g_path_get_dirname(path);
  g_autofree char *name = g_path_get_basename(folder);
  return g_str_equal(name, "conda-meta");
}

static void
read_meta(Slice bytes, const char *location, LayerInventory *into)
{
  g_autoptr(json_t) meta = found_json(bytes, location, into);
  const char *name = found_text(meta, "name"), *version = found_text(meta, "version");
  if (meta == NULL || name == NULL || version == NULL)
    return;
  GString *licenses = g_string_new(NULL);
  found_licenses_add(licenses, "", slice_from_string(found_text(meta, "license")));
  found_add(into, "conda", slice_from_string(name), slice_from_string(version), location, licenses);
}

const Detector conda_detector = {
    .name = "conda",
    .version = 1,
    .places = (const char *const[]){"*.json", NULL},
    .wants_path = is_meta,
    .most = FOUND_BYTES_MAX,
    .read = read_meta,
};
