/* CPE 2.3 names (NISTIR 7695), of what NVD is known to name so: distributions, and programs by
 * their own name. Others have none: a guess from the package's name would be another product's.
 * Pure. */
#pragma once

#include "inventory/layer.h"

/* (transfer full), or NULL */
char *cpe_of_os(const OsRelease *os);
char *cpe_of_package(const Package *package);
