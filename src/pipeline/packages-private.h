/* The packages of images, as rows that images share: what the files of the pipeline share of them.
 */
#pragma once

#include "inventory/image.h"
#include "pipeline/package_findings-private.h"
#include "storage/sql.h"
#include "verdict/observed.h"

/* --- packages.c: the packages of images, as rows that images share --- */

/* An image's packages and what findings name besides them, ready to be written: which are rows
 * already was looked up, and the others were matched. */
typedef struct PreparedPackages PreparedPackages;
/* Refers to @inventory, which lives as long; @advisories: or NULL. ASSAY_ERROR_MISMATCH: an id of
 * them is taken. (transfer full) */
PreparedPackages *packages_prepare(SqlPool *sql, const ImageInventory *inventory,
                                   AdvisoryDatabase *advisories, GError **error);
void prepared_packages_free(PreparedPackages *prepared);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PreparedPackages, prepared_packages_free)
/* What the advisories say of all of them. */
const Tally *packages_sum(const PreparedPackages *prepared);
/* Writes them, and what the advisories say of those that are new. ASSAY_ERROR_MISMATCH as above. */
bool packages_store(SqlConnection *db, int64_t image, const PreparedPackages *prepared,
                    GError **error);
bool packages_forget(SqlConnection *db, int64_t image, GError **error);

/* --- packages_facts.c: what findings name besides packages, as texts --- */

char *packages_facts_to_text(const ImageInventory *inventory);
/* How much was observed, for images.observed, and back. (transfer full) */
char *packages_observed_to_text(const ImageInventory *inventory);
ObservedCounts packages_observed_read(const char *text);
/* What of the image is not known, whatever the advisories. */
char *packages_gaps_to_text(const ImageInventory *inventory);
/* The other files that show @package, a line each, the first that a row has room for. (transfer
 * full); NULL: there are none */
char *packages_places_to_text(const ImageInventory *inventory, const ImagePackage *package);
/* Without packages. NULL: the texts are damaged. (transfer full) */
ImageInventory *packages_facts_read(const char *facts, const char *gaps, GError **error);

/* --- packages_load.c --- */

/* *inventory: NULL when the image is not scanned, or its packages are no rows yet. (transfer full)
 */
bool packages_load(SqlPool *sql, const char *manifest, ImageInventory **inventory, GError **error);
