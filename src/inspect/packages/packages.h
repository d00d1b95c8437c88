/* Detectors: each turns the bytes of one file of an image into packages. Hostile bytes: only in the
 * caged worker and in fuzz targets. A broken database gives what could be read, and is `unread`. */
#pragma once

#include "base/slice.h"
#include "inspect/inventory.h"

/* os-release(5). NULL when it has no ID. (transfer full) */
OsRelease *os_release_parse(Slice text);

/* /var/lib/dpkg/status, and one file of distroless' status.d: deb-control(5) stanzas. Packages that
 * are not installed (removed, configuration left) are no packages. */
void dpkg_status_parse(Slice text, const char *location, LayerInventory *inventory);

/* apk's "installed" database: one-letter fields, an empty line between packages. */
void apk_installed_parse(Slice text, const char *location, LayerInventory *inventory);

/* What a path is to the detectors. */
typedef enum {
  WANTED_NOT,
  WANTED_ETC_OS_RELEASE,
  WANTED_USR_LIB_OS_RELEASE,
  WANTED_DPKG,
  WANTED_APK,
  WANTED_RPM,
} WantedKind;
WantedKind wanted_kind(const char *path);
/* True for a package database, and for a folder that it stands in: who has one there, has packages.
 */
bool wanted_is_database(const char *path);
/* True when removing @path (a file or a folder) could remove something that is wanted. */
bool wanted_is_below(const char *path);

/* An RPM database, whole in memory, of any of rpm's three formats: sqlite, ndb, Berkeley DB. librpm
 * is not used: Debian's reads sqlite alone, and only by path. */
void rpm_database_parse(Slice content, const char *location, LayerInventory *inventory);
/* Lets SQLite take its random seed, which it opens a file for: before the cage closes. */
void rpm_database_prepare(void);
