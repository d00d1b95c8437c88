/* On which image another was built, for the routes that tell of it. */
#pragma once

#include "pipeline/bases.h"
#include "report/base.h"
#include "server/server-private.h"

/* pipeline_image_base() as who asks may see it. */
bool api_base_find(Request *request, const Digest *digest, BaseImage **base, GError **error);
/* Whether a layer of its base brought it: "base" or "own"; NULL: that is not known. What is of no
 * layer, how the image is configured, is its own. */
const char *api_base_origin(const BaseImage *base, const Finding *finding);
/* Counts one more of these. */
void api_base_count(const BaseImage *base, const Finding *finding, ReportOrigins *origins);
/* @newer: what else is known of what its tag names now; it gets the rest. (transfer full) */
json_t *api_base_to_json(const BaseImage *base, ReportOrigins *origins, ReportNewerBase *newer);
