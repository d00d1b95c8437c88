/* RPM's databases through librpm, in a folder of their own; see the header. */
#include <fcntl.h>
#include <rpm/header.h>
#include <rpm/rpmdb.h>
#include <rpm/rpmlib.h>
#include <rpm/rpmlog.h>
#include <rpm/rpmmacro.h>
#include <rpm/rpmts.h>
#include <string.h>

#include "base/error.h"
#include "inspect/packages/packages.h"

#define PACKAGES_MAX 100000

bool
rpm_database_prepare(const char *folder, const char *location, GError **error)
{
  const char *backend = g_str_has_suffix(location, "rpmdb.sqlite")  ? "sqlite"
                        : g_str_has_suffix(location, "Packages.db") ? "ndb"
                                                                    : "bdb_ro";
  rpmlogSetMask(RPMLOG_UPTO(RPMLOG_CRIT));
  if (rpmReadConfigFiles(NULL, NULL) != 0)
    return error_set(error, ASSAY_ERROR_IO, "librpm cannot read its configuration");
  rpmPushMacro(NULL, "_dbpath", NULL, folder, RMIL_CMDLINE);
  rpmPushMacro(NULL, "_db_backend", NULL, backend, RMIL_CMDLINE);
  return true;
}

static char *
valid_string(Header header, rpmTag tag)
{
  const char *text = headerGetString(header, tag);
  return text == NULL ? NULL : g_utf8_make_valid(text, -1);
}

/* "name-version-release.src.rpm" */
static void
take_source(Package *package, const char *source)
{
  g_autofree char *text = g_strdup(source);
  char *suffix = strstr(text, ".src.rpm");
  if (suffix == NULL)
    suffix = strstr(text, ".nosrc.rpm");
  if (suffix == NULL)
    return;
  *suffix = '\0';
  char *release = strrchr(text, '-');
  if (release == NULL || release == text)
    return;
  *release = '\0';
  char *version = strrchr(text, '-');
  if (version == NULL || version == text)
    return;
  *version = '\0';
  package->source_name = g_strdup(text);
  package->source_version = g_strdup_printf("%s-%s", version + 1, release + 1);
}

static void
add_package(Header header, const char *location, LayerInventory *inventory)
{
  g_autofree char *name = valid_string(header, RPMTAG_NAME);
  g_autofree char *version = valid_string(header, RPMTAG_VERSION);
  g_autofree char *release = valid_string(header, RPMTAG_RELEASE);
  g_autofree char *source = valid_string(header, RPMTAG_SOURCERPM);
  if (name == NULL || version == NULL || release == NULL) {
    layer_inventory_add_note(inventory, "broken-database", location,
                             "A package has no name or no version.");
    return;
  }
  /* Keys that packages were verified with stand in the database like packages. */
  if (strcmp(name, "gpg-pubkey") == 0)
    return;
  Package *package = g_new0(Package, 1);
  uint64_t epoch = headerGetNumber(header, RPMTAG_EPOCH);
  package->type = g_strdup("rpm");
  package->version = epoch == 0
                         ? g_strdup_printf("%s-%s", version, release)
                         : g_strdup_printf("%" G_GUINT64_FORMAT ":%s-%s", epoch, version, release);
  package->architecture = valid_string(header, RPMTAG_ARCH);
  package->module = valid_string(header, RPMTAG_MODULARITYLABEL);
  package->location = g_strdup(location);
  if (source != NULL)
    take_source(package, source);
  if (package->source_name == NULL) {
    package->source_name = g_strdup(name);
    package->source_version = g_strdup(package->version);
  }
  package->name = g_steal_pointer(&name);
  g_ptr_array_add(inventory->packages, package);
}

bool
rpm_database_read(const char *folder, const char *location, LayerInventory *inventory,
                  GError **error)
{
  rpmts transaction = rpmtsCreate();
  rpmtsSetVSFlags(transaction, (rpmVSFlags)(_RPMVSF_NOSIGNATURES | _RPMVSF_NODIGESTS));
  bool opened = rpmtsOpenDB(transaction, O_RDONLY) == 0;
  if (opened) {
    rpmdbMatchIterator iterator = rpmtsInitIterator(transaction, RPMDBI_PACKAGES, NULL, 0);
    unsigned count = 0;
    for (Header header = rpmdbNextIterator(iterator); header != NULL && count < PACKAGES_MAX;
         header = rpmdbNextIterator(iterator), count++)
      add_package(header, location, inventory);
    rpmdbFreeIterator(iterator);
  }
  rpmtsFree(transaction);
  return opened ||
         error_set(error, ASSAY_ERROR_INVALID, "%s: librpm cannot open this database", location);
}
