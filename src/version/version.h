/* How each ecosystem orders versions. Pure functions over bytes: no allocation, no locale, no
 * global state; any bytes are accepted, and numbers of any length. Each order has a file of its
 * own, which names its source. */
#pragma once

#include "base/slice.h"

/* A database keeps the numbers: new ones go to the end. */
typedef enum {
  VERSION_DEBIAN,
  VERSION_APK,
  VERSION_RPM,
  VERSION_ALPM,
  VERSION_SEMVER,   /* semver.org 2.0: Cargo, Hex, Swift, Julia and whoever says nothing else */
  VERSION_NPM,      /* so, and numbers may begin with zeros */
  VERSION_PUB,      /* so, and what is after a plus counts */
  VERSION_GO,       /* modules, and releases of Go itself ("go1.21rc2") */
  VERSION_PYPI,     /* PEP 440 */
  VERSION_MAVEN,    /* ComparableVersion */
  VERSION_RUBYGEMS, /* Gem::Version, without the platform */
  VERSION_NUGET,
  VERSION_COMPOSER, /* Packagist */
  VERSION_NUMBERS,  /* CRAN, Hackage: numbers alone, and more of them are newer */
  VERSION_BITNAMI,  /* semver, without Bitnami's own revision of it */
  VERSION_JVM,      /* Java's own releases: 1.8.0_131, 8u131, 11.0.4+11 */
  VERSION_PORTAGE,
  VERSION_OPAM,
  VERSION_KB,      /* updates of Windows: the same one, or another */
  VERSION_FUZZY,   /* programs of no ecosystem */
  VERSION_SCHEMES, /* how many there are */
} VersionScheme;

/* Negative, zero, positive as @a is older than, the same as, newer than @b. Versions are complete:
 * [epoch:]upstream[-revision] for Debian, [epoch:]version[-release] for RPM (a missing epoch is 0,
 * a missing release older than any), likewise for ALPM (a missing release is the same as any). */
int version_compare(VersionScheme scheme, Slice a, Slice b);

/* How @version compares with a bound of an advisory's range. The same, except where a bound covers
 * what is newer than it: "<=1.0" of PyPI also 1.0+local, and one of Bitnami without a revision all
 * revisions; to Composer, 1.0 is 1.0.0. */
int version_compare_bound(VersionScheme scheme, Slice version, Slice bound);

/* False: how @version compares with @bound says nothing of what is in it. It has no number
 * ("(devel)", "unknown", "dev-main"), is none of its ecosystem (PyPI), or is a commit of a Go
 * module without a tag before it ("v0.0.0-20190101000000-...") and the bound is a tag. */
bool version_is_decided(VersionScheme scheme, Slice version, Slice bound);

/* Where @version is to the span from @introduced to before @fixed, or to @last_affected itself
 * where nothing is fixed; a bound that is NULL is none. UNDECIDED: a bound says nothing of it, and
 * no other says that it is outside. */
typedef enum { VERSION_OUTSIDE, VERSION_INSIDE, VERSION_UNDECIDED } VersionPlace;
VersionPlace version_place(VersionScheme scheme, const char *version, const char *introduced,
                           const char *fixed, const char *last_affected);

/* version_compare() for NUL-terminated strings. */
int version_compare_strings(VersionScheme scheme, const char *a, const char *b);
