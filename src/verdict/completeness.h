/* What of an image is not known, so that "no findings" does not say that it is clean. The one rule
 * that the gate, `assay scan`, the API and every report ask. Pure.
 *
 * Something is not known of an image
 * - when a package database in it could not be read whole, or a file of applications;
 * - when files of it were not looked through for malicious content, or ClamAV could not judge them;
 * - when a lock file does not parse, or a link leads out of its layer, where what it names would
 *   count (applications.h);
 * - when there are no advisories for the distribution of some of its packages;
 * - when the version of a package does not tell whether an advisory applies;
 * - when no package is known of what is not empty: the database was removed, no detector knows the
 *   distribution's, or it is a lone program.
 * An image without any entry in its layers (FROM scratch and nothing more) holds nothing that could
 * be vulnerable: all of it is known. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "inventory/finding_kind.h"
#include "inventory/image.h"

/* A sentence without a full stop for each kind of thing that is not known, worst first; empty: all
 * is. @uncovered: char *, what there are no advisories for; NULL: nothing. (transfer full) */
GPtrArray *completeness_gaps(const ImageInventory *inventory, const GPtrArray *uncovered);

/* The same of packages while there is no advisory at all. */
#define COMPLETENESS_NO_ADVISORIES "there are no advisories yet"

/* Whether such a sentence says that malware was not looked for everywhere. */
bool completeness_is_of_malware(const char *gap);
/* Those of @gaps (or NULL) that concern who does not look for @kinds. (transfer container) */
GPtrArray *completeness_without(const GPtrArray *gaps, FindingKinds kinds);

/* The same for packages whose versions do not tell whether advisories apply: char *, at least one.
 * (transfer full) */
char *completeness_undecided(const GPtrArray *packages);

/* All of them as one sentence. (transfer full) */
char *completeness_in_words(const GPtrArray *gaps);
