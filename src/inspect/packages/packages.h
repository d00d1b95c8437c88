/* The detectors of distributions and their packages, and their parsers. */
#pragma once

#include "base/slice.h"
#include "inspect/detector.h"

extern const Detector os_release_detector, dpkg_detector, dpkg_journal_detector, apk_detector,
    rpm_detector, rpm_journal_detector, rpm_manifest_detector, chisel_detector, pacman_detector,
    foreign_detector, dpkg_files_detector, dpkg_licences_detector;

/* Of who made a package, as Package.vendor keeps it; the rest is cut off. */
#define VENDOR_MAX   ((size_t)256)
#define LICENSES_MAX ((size_t)512)

/* os-release(5). NULL when it has no ID. (transfer full) */
OsRelease *os_release_parse(Slice text);

/* /var/lib/dpkg/status as dpkg reads it, and one file of distroless' status.d: stanzas. Packages
 * that are not installed (removed, configuration left) are no packages. */
void dpkg_status_parse(Slice text, const char *location, LayerInventory *inventory);

/* apk's "installed" database: one-letter fields, an empty line between packages. */
void apk_installed_parse(Slice text, const char *location, LayerInventory *inventory);

/* An RPM database, whole in memory, of any of rpm's three formats: sqlite, ndb, Berkeley DB. librpm
 * is not used: Debian's reads sqlite alone, and only by path. */
void rpm_database_parse(Slice content, const char *location, LayerInventory *inventory);
/* Azure Linux's and CBL-Mariner's container-manifest-2. */
void rpm_manifest_parse(Slice text, const char *location, LayerInventory *inventory);
/* chisel's manifest.wall. */
void chisel_manifest_parse(Slice bytes, const char *location, LayerInventory *inventory);
/* opkg's status. */
void opkg_status_parse(Slice text, const char *location, LayerInventory *inventory);

/* The "desc" of a package in pacman's database. */
void pacman_desc_parse(Slice text, const char *location, LayerInventory *inventory);
/* Lets SQLite take its random seed, which it opens a file for: before the cage closes. */
void rpm_database_prepare(void);
