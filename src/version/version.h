/* How each ecosystem orders versions. Pure functions over bytes: no allocation, no locale, no
 * global state; any bytes are accepted. Sources: deb-version(7) and Debian
 * Policy 5.6.12; apk-tools 2.x version.c behaviour; rpmvercmp(8) and rpm's EVR comparison;
 * vercmp(8) of pacman. */
#pragma once

#include "base/slice.h"

typedef enum { VERSION_DEBIAN, VERSION_APK, VERSION_RPM, VERSION_ALPM } VersionScheme;

/* Negative, zero, positive as @a is older than, the same as, newer than @b. Versions are complete:
 * [epoch:]upstream[-revision] for Debian, [epoch:]version[-release] for RPM (a missing epoch is 0,
 * a missing release older than any), likewise for ALPM (a missing release is the same as any). */
int version_compare(VersionScheme scheme, Slice a, Slice b);

/* The same for NUL-terminated strings. */
int version_compare_strings(VersionScheme scheme, const char *a, const char *b);
