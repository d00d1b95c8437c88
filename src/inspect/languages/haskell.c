/* Haskell's packages: the entries of a package database of GHC, NAME-VERSION-HASH.conf, as ghc-pkg
 * writes them. */
#include <string.h>

#include "inspect/languages/found-private.h"
#include "inspect/languages/languages.h"
#include "text/deb822.h"

static bool
is_in_database(const char *path)
{
  g_autofree char *folder = g_path_get_dirname(path);
  return g_str_has_suffix(folder, "package.conf.d") || g_str_has_suffix(folder, "package.db");
}

/* A library inside of a package has a name of its own, and says the package's. */
static void
read_entry(Slice bytes, const char *location, LayerInventory *into)
{
  Slice entry = SLICE_EMPTY, name, version, value;
  if (!deb822_next_stanza(&bytes, &entry) || !deb822_get(entry, "name", &name) ||
      !deb822_get(entry, "version", &version))
    return;
  if (deb822_get(entry, "package-name", &value))
    name = value;
  GString *licenses = g_string_new(NULL);
  if (deb822_get(entry, "license", &value))
    found_licenses_add(licenses, "", value);
  found_add(into, "hackage", name, version, location, licenses);
}

const Detector haskell_detector = {
    .name = "haskell",
    .version = 1,
    .places = (const char *const[]){"*.conf", NULL},
    .wants_path = is_in_database,
    .most = FOUND_BYTES_MAX,
    .read = read_entry,
};
