/* VEX documents of `assay scan --vex` (verdict/vex.h). */
#pragma once

#include "report/report.h"
#include "verdict/vex_set.h"

/* Takes what @set says is not affected or fixed out of @findings (Finding, borrowed), with the
 * statement as the reason, and adds it to @ignored (IgnoredFinding); other statements change
 * nothing. @notes: which documents are about nothing that was found. */
void scan_vex_take(const VexSet *set, const VexImage *image, GPtrArray *findings,
                   GPtrArray *ignored, GPtrArray *notes);
