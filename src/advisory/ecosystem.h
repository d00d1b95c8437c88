/* The names of ecosystems that statements and matching share, and how others write them. Pure. */
#pragma once

#include <stdbool.h>

#include "version/version.h"

/* The order of versions in @ecosystem ("debian:12", "almalinux:9"); false for ecosystems whose
 * versions we do not order yet (applications: npm, pypi, ...). */
bool ecosystem_scheme(const char *ecosystem, VersionScheme *scheme);

/* "debian:12" for "bookworm" or "bookworm-security", "debian:sid" for "sid"; NULL for a codename
 * that is not known. (transfer full) */
char *ecosystem_from_debian_codename(const char *codename);

/* Our name for OSV's ("Alpine:v3.18", "Rocky Linux:9", "SUSE:Linux Enterprise Server 15 SP5").
 * (transfer full), never NULL */
char *ecosystem_from_osv(const char *name);
