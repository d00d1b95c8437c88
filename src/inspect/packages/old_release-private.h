/* Between os_release.c and the files that tell a distribution in other words. */
#pragma once

#include "base/slice.h"
#include "inventory/os_release.h"

/* Of a value; the rest is cut off. */
#define RELEASE_VALUE_MAX ((size_t)256)

/* Without a byte order mark, and cut off where it is no page of short lines. */
Slice release_text(Slice text);

/* @os with its ID in small letters; NULL, and freed, when it has none. */
OsRelease *release_named(OsRelease *os);

/* What a file of another kind says: etc/redhat-release, etc/debian_version, ... NULL: nothing.
 * (transfer full) */
OsRelease *old_release_parse(Slice text, const char *location);
