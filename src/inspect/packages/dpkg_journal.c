/* dpkg's journal: files of digits in var/lib/dpkg/updates, each with the stanza of a package that
 * changed since `status` was written. dpkg reads them over `status`, in their order, whenever it
 * looks; they are there when dpkg was killed. Their names, packages and architectures decide what
 * each replaces, over the layers: such an image is not guessed at. */
#include "inspect/packages/packages.h"

static void
read_journal(Slice bytes, const char *location, LayerInventory *into)
{
  if (bytes.size > 0)
    layer_inventory_add_unread(into, "dpkg-journal", location,
                               "dpkg was interrupted, and its journal changes what `status` says: "
                               "run dpkg --configure -a in the image.");
}

/* scandir()'s filter in dpkg's lib/dpkg/dbmodify.c. */
static bool
is_journal_file(const char *name)
{
  for (; g_ascii_isdigit(*name); name++)
    continue;
  return *name == '\0';
}

const Detector dpkg_journal_detector = {
    .name = "dpkg-journal",
    .version = 1,
    .places = (const char *const[]){"var/lib/dpkg/updates/", NULL},
    .wants_name = is_journal_file,
    .lists_packages = true,
    .read = read_journal,
};
