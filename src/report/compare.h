/* Two images beside each other: which packages and findings are new, gone or changed. Pure but for
 * the database, which both were matched by.
 *
 * - A package is one of a type, a name and an architecture, with all its versions. Where the images
 *   have no architecture in common, that is left out.
 * - A finding is one vulnerability in such a package, whatever its version.
 * - What is not known of an image is never gone. What only the first has is *unknown* where the
 *   second has a package database that could not be read, no advisories for the package, or a
 *   version that does not tell whether they apply. */
#pragma once

#include "report/report.h"
#include "verdict/match.h"

typedef struct {
  const Report *report; /* with an inventory; its findings are all that are not ignored, and the
                           ignored ones */
  const MatchResult *matched;
} ComparedImage;

typedef enum {
  DIFFERENCE_NEW,     /* of packages: added */
  DIFFERENCE_CHANGED, /* a finding: its severity or its state; a package: its versions */
  DIFFERENCE_UNKNOWN, /* it was there, and whether it still is is not known */
  DIFFERENCE_GONE,
  DIFFERENCE_STILL, /* no package is */
  DIFFERENCES,      /* how many there are */
} DifferenceKind;
extern const char *const difference_names[]; /* "new" */

typedef struct {
  DifferenceKind kind;
  const char *type, *name, *architecture; /* architecture: NULL where it is left out, or none */
  GPtrArray *before, *after;              /* const char *: the versions that the other has not */
  char *reason;                           /* of what is unknown; or NULL */
} PackageDifference;

typedef struct {
  DifferenceKind kind;
  const Finding *before, *after;          /* the worst of those in all versions; one may be NULL */
  char *versions_before, *versions_after; /* of its package; NULL: it is not there */
  char *reason;                           /* of what is unknown; or NULL */
} FindingDifference;

typedef struct {
  GPtrArray *packages; /* PackageDifference, by kind and name */
  GPtrArray *findings; /* FindingDifference, by kind, the worst first */
  unsigned suppressed; /* findings of the first that the second has, and that are ignored there */
} Comparison;
void comparison_free(Comparison *comparison);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Comparison, comparison_free)

/* What is compared is borrowed, and must live as long as the result. (transfer full) */
Comparison *compare_images(AdvisoryDatabase *database, const ComparedImage *before,
                           const ComparedImage *after);
