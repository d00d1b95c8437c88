/* What the files of the CSAF feed share: csaf.c reads documents, csaf_product.c tells which package
 * of which release a product is. */
#pragma once

#include "advisory/feeds/feed.h"
#include "text/csaf.h"

/* An RPM in a release. */
typedef struct {
  char *ecosystem;    /* one that we know */
  char *package;      /* with ADVISORY_SOURCE_PREFIX when it is a source package */
  char *module;       /* "nodejs:18", or NULL */
  char *version;      /* [epoch:]version-release; NULL: of every version */
  char *architecture; /* NULL: not told, or of a source package */
} CsafPackage;
void csaf_package_clear(CsafPackage *package);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(CsafPackage, csaf_package_clear)

/* False: the product @id is no package of a distribution that we know (an application's, a
 * container image, a product of its own); *package is left empty. */
bool csaf_package_find(const CsafTree *tree, const char *id, CsafPackage *package);
