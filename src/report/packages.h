/* The packages of an image, as a document of their own: which of them, as a table and as JSON. */
#pragma once

#include <jansson.h>

#include "report/report.h"

/* Those of @inventory that are of one of @types (purl types; NULL: of any) and whose name fits one
 * of @names (NULL: any), which may have `*` and `?`. (transfer container): ImagePackage, borrowed.
 */
GPtrArray *report_packages_select(const ImageInventory *inventory, const char *const *types,
                                  const char *const *names);

/* "deb, npm": what there is, for messages; "" where there is nothing. (transfer full) */
char *report_package_types_in_words(const ImageInventory *inventory);

/* @report has an inventory and its gaps; @shown: ImagePackage of it. (transfer full) */
char *report_packages_to_text(const Report *report, const GPtrArray *shown, unsigned width);
/* docs/reports.md describes it. (transfer full) */
json_t *report_packages_to_json(const Report *report, const GPtrArray *shown);
