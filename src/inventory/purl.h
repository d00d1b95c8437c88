/* Package URLs (ECMA-427, the purl specification):
 * `pkg:TYPE/NAMESPACE/NAME@VERSION?KEY=VALUE#PATH`. How a package of the inventory is named by one,
 * and back. Pure. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "inventory/layer.h"

/* Longer ones are refused. */
#define PURL_BYTES_MAX 4096u

typedef struct {
  char *type;            /* lower case */
  char *namespace;       /* its parts decoded and joined by slashes; or NULL */
  char *name;            /* never NULL */
  char *version;         /* or NULL */
  GHashTable *qualifier; /* key in lower case -> value; never NULL */
  char *subpath;         /* or NULL */
} Purl;

void purl_free(Purl *purl);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Purl, purl_free)

/* The canonical form: qualifiers sorted, percent-encoded. (transfer full) */
char *purl_to_text(const Purl *purl);
/* Also of one that is not quite canonical (capital letters in the type, a slash too many, a bare
 * "@" of an npm scope). ASSAY_ERROR_INVALID. (transfer full) */
Purl *purl_parse(const char *text, GError **error);

/* The package URL of @package in an image of @os (NULL: of none). Beside the qualifiers of its type
 * (arch, epoch, distro), `upstream` names the source package, as Syft writes it. (transfer full) */
Purl *purl_of_package(const Package *package, const OsRelease *os);
char *purl_text_of_package(const Package *package, const OsRelease *os);
/* Whether it names one: of another name or version than the package. */
bool purl_has_upstream(const Package *package);

/* The package that @purl names; NULL where it is no package with a version. What is not in it is
 * NULL, so is the location. A capital letter that its type does not keep is taken from @written, as
 * whoever wrote the package URL calls the package otherwise; or NULL. (transfer full) */
Package *purl_to_package(const Purl *purl, const char *written);

/* Whether its type is one that distributions install ("deb"). */
bool purl_is_of_distribution(const Purl *purl);
/* The distribution that `distro` and the namespace of @purl name; NULL: none. (transfer full) */
OsRelease *purl_to_os(const Purl *purl);

/* The ID of os-release of the distribution that package URLs and other scanners call @vendor
 * ("redhat" is "rhel"); else @vendor itself. */
const char *purl_distribution(const char *vendor);
