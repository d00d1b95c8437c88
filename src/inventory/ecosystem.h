/* The distributions, and the ecosystems of applications: all that tells them apart for advisories
 * is one row of a table. Pure.
 *
 * An ecosystem is what statements and packages have in common: "debian:12", "alpine:3.18", "wolfi",
 * "npm". Its name is that of a row, and the release where the row has releases. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "inventory/os_release.h"
#include "version/version.h"

/* How much of VERSION_ID a distribution's advisories count by. */
typedef enum { RELEASE_WHOLE, RELEASE_NONE, RELEASE_MAJOR, RELEASE_MAJOR_MINOR } ReleasePart;

/* What an advisory calls a package. */
typedef enum {
  BY_SOURCE,          /* by the source package that it is built from */
  BY_SOURCE_AND_NAME, /* so, and by its own name */
  BY_NAME,            /* by its own name */
  BY_NAME_AND_SOURCE, /* by its own name or, marked with ADVISORY_SOURCE_PREFIX, by its source's */
} LookUp;

/* What names of packages have in common that are the same to a registry. */
typedef enum {
  NAMES_AS_THEY_ARE,
  NAMES_FOLDED, /* in any letter case */
  NAMES_PYPI,   /* PEP 503: so, and runs of "-", "_" and "." are one */
  NAMES_URL,    /* of a repository: in any letter case, without scheme and ".git" */
  NAMES_GO,     /* Go's own library is "stdlib", whatever it is called */
} NameForm;

/* A release by another name. The table ends with a NULL. */
typedef struct {
  const char *alias, *release;
} ReleaseAlias;

typedef struct Ecosystem Ecosystem;
struct Ecosystem {
  const char *name;
  const char *os_id;        /* ID of os-release; NULL: no image calls itself so */
  const char *package_type; /* purl type; NULL: none that is installed by a distribution */
  bool application;         /* of applications, whatever the distribution: no release, no maker */
  const char *osv;          /* OSV's name of the family; NULL: `name` in any letter case */
  VersionScheme scheme;
  LookUp looked_up;
  NameForm names;
  bool osv_names_sources; /* where packages are looked up by name: OSV's records name sources */
  bool unpublished;       /* an application's: nobody publishes its advisories at all */
  bool builds_apart; /* its builds for FIPS 140 are judged by statements on such builds alone */
  /* The ecosystem of the same releases for those who pay, and what they pay for: "ubuntu-pro",
   * "Ubuntu Pro"; NULL: there is none with a name of its own. */
  const char *paid, *paid_for;
  ReleasePart release;
  /* What a vendor or maintainer of the distribution's own packages has in its name, one of them at
   * least, in lower case, NULL-ended. NULL: we do not know. */
  const char *const *makers;
  const char *life; /* what endoflife.date calls it; NULL: its releases have no end that we know */
  const ReleaseAlias *aliases;
  /* The release of an image; NULL: `release` of VERSION_ID, or else by the codename. When it gives
   * NULL the row does not fit the image. (transfer full) */
  char *(*release_of)(const Ecosystem *row, const OsRelease *os);
  /* The ecosystem of a release or product as OSV calls it; NULL: as it is. (transfer full) */
  char *(*from_osv)(const char *release);
};

/* The row of "debian:12" or "npm"; NULL when there is none: one that we do not know. */
const Ecosystem *ecosystem_find(const char *ecosystem);

/* The rows of distributions with packages of @type ("deb"), one after the other: @after NULL for
 * the first. NULL after the last. */
const Ecosystem *ecosystem_next_of_type(const char *type, const Ecosystem *after);

/* The ecosystem of an application's packages of @type ("golang"), which is named as it is for
 * advisories ("go"); NULL: of a distribution, or one that we do not know. */
const Ecosystem *ecosystem_of_application(const char *type);

/* @name as statements of @row have it, and as packages are looked up. (transfer full) */
char *ecosystem_package_name(const Ecosystem *row, const char *name);

/* The ecosystem of a package of @type on @os. NULL when the distribution is not known or has no
 * such packages. (transfer full) */
char *ecosystem_of_image(const OsRelease *os, const char *package_type);

/* The row of the release that @os names, whatever its packages; NULL: none. *@release: (transfer
 * full) */
const Ecosystem *ecosystem_row_of_image(const OsRelease *os, char **release);

/* The order of versions in @ecosystem; false where we know none. */
bool ecosystem_scheme(const char *ecosystem, VersionScheme *scheme);

/* The order of versions of all packages of @type ("deb", "npm"), whatever the distribution; false
 * where we know none. */
bool ecosystem_scheme_of_type(const char *type, VersionScheme *scheme);

/* "debian:12" for "bookworm" or "bookworm-security", "debian:sid" for "sid", "ubuntu:22.04" for
 * "jammy-updates"; NULL for a codename that is not known. (transfer full) */
char *ecosystem_from_codename(const char *codename);

/* Our name for OSV's ("Alpine:v3.18", "Rocky Linux:9", "SUSE:Linux Enterprise Server 15 SP5").
 * (transfer full), never NULL */
char *ecosystem_from_osv(const char *name);

/* Two ecosystems that judge a package together: how the second's statements go with the first's. */
typedef enum {
  SCOPE_ONE,      /* there is no second */
  SCOPE_EITHER,   /* affected where both that speak of it say so: testing and sid, of which an image
                     cannot tell which it is */
  SCOPE_OVERRIDE, /* what the second says of a vulnerability takes the place of the first's */
  SCOPE_PAID,     /* the second counts where the first is silent, or has no fix: its fixes are to be
                     had by those who pay */
} ScopeKind;
typedef struct {
  ScopeKind kind;
  char *first, *second;
  const char *paid_for; /* of SCOPE_PAID: "Ubuntu Pro" */
} EcosystemScope;

/* Whether more than @ecosystem itself judges a package of @source and @version: then *@scope says
 * what, to be cleared; else it is left as it is. */
bool ecosystem_scope(const char *ecosystem, const char *source, const char *version,
                     EcosystemScope *scope);
void ecosystem_scope_clear(EcosystemScope *scope);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(EcosystemScope, ecosystem_scope_clear)
