/* What SQLite left beside rpm's database when rpm was killed: rpmdb.sqlite-wal has changes that are
 * not yet in the database, rpmdb.sqlite-journal what a broken change is to be undone by
 * (https://sqlite.org/fileformat2.html, 3 and 4). rpm reads the database as changed by it; such an
 * image is not guessed at. */
#include "inspect/packages/packages.h"

static void
read_journal(Slice bytes, const char *location, LayerInventory *into)
{
  /* A journal that was carried out is empty, or begins with zeros. */
  if (bytes.size > 0 && bytes.data[0] != 0)
    layer_inventory_add_unread(into, "rpm-journal", location,
                               "rpm was interrupted, and this changes what its database says: run "
                               "rpm --rebuilddb in the image.");
}

const Detector rpm_journal_detector = {
    .name = "rpm-journal",
    .version = 1,
    .places =
        (const char *const[]){
            "var/lib/rpm/rpmdb.sqlite-wal", "var/lib/rpm/rpmdb.sqlite-journal",
            "usr/lib/sysimage/rpm/rpmdb.sqlite-wal", "usr/lib/sysimage/rpm/rpmdb.sqlite-journal",
            "usr/share/rpm/rpmdb.sqlite-wal", "usr/share/rpm/rpmdb.sqlite-journal", NULL},
    .lists_packages = true,
    .read = read_journal,
};
