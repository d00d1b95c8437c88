/* Lock files and manifests of source trees: what they name is declared, nothing shows that it is
 * installed. One detector, whose places are the names of all of them; lockfiles.c has the table,
 * and each family a file of its own.
 *
 * What counts:
 *
 *   - a package with the one version that is locked, or written without a range; what has a range
 *     alone, or none, is no package
 *   - what is needed for building and testing as well: the file does not say what reaches an image
 *   - what comes from a repository or an archive, where the file has its version; not a workspace,
 *     which is the project's own code
 *   - a package under its own name, whatever alias the project gives it
 *
 * A file in a folder that holds other people's packages (node_modules, vendor, site-packages) is
 * about their building, and is nothing. */
#pragma once

#include "inspect/detector.h"

extern const Detector lockfiles_detector;

/* The purl type of what a lock file at @path declares; NULL: the path is that of none, or of what
 * may be something else as well. Static. */
const char *lockfiles_type(const char *path);

/* Larger ones are unread. */
#define LOCKFILE_BYTES_MAX ((uint64_t)32 * 1024 * 1024)
